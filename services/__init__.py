"""The services of our own: servers that stay, and what fills the source."""
