"""The Postgres server of local mode."""
