"""Data sources of our own for Spark, each a package that can be copied elsewhere."""
