"""Tell by the exit status whether a Compose profile is chosen: `python -m stack.local.profile airflow`."""

import sys

from common.profiles import is_enabled
from common.settings import load_settings

if __name__ == "__main__":
    sys.exit(0 if is_enabled([sys.argv[1]], load_settings().compose_profiles) else 1)
