"""Airflow: its environment from the settings, its first start, its tasks, and commands that talk to it."""
