"""LocalStack in local mode."""
