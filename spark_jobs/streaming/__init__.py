"""The speed path: one long-running service whose streaming queries clean Kinesis and Kafka as they come."""
