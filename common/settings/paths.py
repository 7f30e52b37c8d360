"""The paths of the checkout, and of what `make setup` puts into it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL_DIR = ROOT / ".local"  # the servers that `make setup` fetches
SPARK_JARS = INSTALL_DIR / "jars" / "spark"
MSK_IAM_JARS = INSTALL_DIR / "jars" / "msk-iam"  # beside Spark's, which have AWS's SDK
LOCALSTACK_LIBRARY = INSTALL_DIR / "localstack-library"  # what its image has in /usr/lib/localstack
SPARK_ARCHIVE = INSTALL_DIR / "spark-classes.jsa"  # stack.local.archive
