"""Commands and tasks that read what others wrote: reconciliation, queries, quarantine, Airflow's side."""
