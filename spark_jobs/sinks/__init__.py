"""Where cleaned rows go: Delta and Postgres."""
