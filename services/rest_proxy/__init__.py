"""The HTTP API in front of Kafka: Confluent REST Proxy v2."""
