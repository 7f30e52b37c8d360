"""Makes topics, bucket, schemas and source rows; safe to run again and again."""
