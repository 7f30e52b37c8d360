"""Print `make status`."""
