"""Airflow's processes: their environment from the settings, their first start."""
