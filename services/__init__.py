"""The servers of the pipeline, a folder each, and what they share."""
