"""The rows of the source database."""
