"""What `make status` prints."""
