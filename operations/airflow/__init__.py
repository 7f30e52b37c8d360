"""Airflow's side: the tasks of its DAG, and the commands that talk to it."""
