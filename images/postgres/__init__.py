"""The stand-in for the postgres image."""
