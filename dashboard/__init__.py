"""Show the pipeline while it works: a page of its flow, of its answers, of its quality and of its runs."""
