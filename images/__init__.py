"""What our stand-ins for third-party images run; standard library only, since nothing else is in them."""
