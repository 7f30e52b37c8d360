"""A notebook workspace of one's own: what a Databricks notebook finds, on open-source Spark (docs/workspace.md)."""
