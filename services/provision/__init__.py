"""Makes topics, bucket, streams, REST API, schemas and source rows; safe to run again and again."""
