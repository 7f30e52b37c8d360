"""Lands Kafka topics in S3, exactly once."""
