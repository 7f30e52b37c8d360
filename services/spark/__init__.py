"""The Spark session of the jobs."""
