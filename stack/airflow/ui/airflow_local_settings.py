"""Show an alert on Airflow's home page. Airflow imports this file by its name.

Reference: Airflow's "Customizing the UI", on alerts.
"""

from airflow.api_fastapi.common.types import UIAlert

__all__ = ["DASHBOARD_UIALERTS"]

DASHBOARD_UIALERTS = [
    UIAlert(
        text=(
            "All is well though **Triggerer** is red below: none runs here, since no task of the pipeline defers."
            " In DAGs of your own leave `deferrable=True` out, or the task waits for ever."
        ),
        category="info",
    )
]
