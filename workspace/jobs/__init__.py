"""The Jobs API, as Airflow's Databricks provider speaks it: notebooks run one after the other, on one Spark."""
