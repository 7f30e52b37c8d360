"""Whether a profile of docker-compose.yml is chosen: `python -m services.local.profile airflow`, by its exit status."""

import sys

from services.common.settings import load_settings

if __name__ == "__main__":
    sys.exit(0 if sys.argv[1] in load_settings().compose_profiles.split(",") else 1)
