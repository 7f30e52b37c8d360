"""Run by LocalStack in its own process before it serves: S3 has its larger objects in TMPDIR, where other files are.

By itself it has them in /tmp, in one folder for all stacks and all accounts of a machine.
"""
# mypy: disable-error-code="import-not-found"

import tempfile
from pathlib import Path

from localstack.services.s3 import provider

provider.DEFAULT_S3_TMP_DIR = str(Path(tempfile.gettempdir(), Path(provider.DEFAULT_S3_TMP_DIR).name))
