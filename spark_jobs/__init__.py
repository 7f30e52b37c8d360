"""The Spark jobs and the cleaning rules they share."""
