"""The stand-in for the mysql image."""
