"""The S3 sink: lands every Kafka record of the project's topics in S3, each exactly once."""
