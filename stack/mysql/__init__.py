"""The MySQL server of local mode."""
