"""Name where the streaming queries' checkpoints are in the bucket, and how much they keep."""

STREAMING = "checkpoints/streaming/"
# Of how many micro-batches a checkpoint has the two files; a restart reads those of the last two.
KEPT_MICRO_BATCHES = 10
