"""Test what Airflow's home page says."""

from pathlib import Path

from stack.local.isolated import make_settings
from tests.airflow_python import output_of

ALERTS = """
import json
from airflow import settings
settings.import_local_settings()
print(json.dumps([alert.model_dump() for alert in settings.DASHBOARD_UIALERTS]))
"""


def test_the_home_page_says_why_the_triggerer_is_red(tmp_path: Path) -> None:
    [alert] = output_of(ALERTS, make_settings(tmp_path))
    assert alert["category"] == "info"
    assert "Triggerer" in alert["text"]
