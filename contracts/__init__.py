"""The agreements between the parts of the pipeline; it imports nothing of ours."""
