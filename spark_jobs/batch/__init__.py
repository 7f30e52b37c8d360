"""The batch job: read what has landed since the last run, clean it, write Delta, serve it in Postgres."""
