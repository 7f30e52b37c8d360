"""Terraform on this machine: the checks of `make lint`, and what it makes at LocalStack."""
