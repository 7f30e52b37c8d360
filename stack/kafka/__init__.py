"""The Kafka broker in local mode."""
