"""Whether a profile of docker-compose.yml is chosen: `python -m services.local.profile airflow`, by its exit status."""

import sys

from services.common.settings import load_settings
from services.local.compose import is_enabled

if __name__ == "__main__":
    sys.exit(0 if is_enabled([sys.argv[1]], load_settings().compose_profiles) else 1)
