"""Write cleaned rows: Delta and Postgres."""
