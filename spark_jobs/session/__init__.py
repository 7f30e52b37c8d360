"""The Spark session of the jobs, and the daemon of its Python workers."""
