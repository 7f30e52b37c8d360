"""Run our stand-ins for third-party images; standard library only, since nothing else is in them."""
