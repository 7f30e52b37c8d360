"""What the parts of the pipeline agree on; it imports nothing of ours."""
