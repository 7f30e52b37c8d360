"""Every setting of the project, in typed groups, read from the environment and then from .env.

`load_settings()` gives a process its settings. `settings.kafka.port` is what KAFKA_PORT sets: see `Group`.
"""

from common.settings.group import Variable
from common.settings.load import SERVICE, explain, load_settings, read_settings
from common.settings.paths import (
    INSTALL_DIR,
    LOCALSTACK_LIBRARY,
    MSK_IAM_JARS,
    ROOT,
    SPARK_ARCHIVE,
    SPARK_JARS,
)
from common.settings.root import PROFILES, VARIABLES, Settings, secret_names
from common.settings.types import LOOPBACK
from common.settings.withheld import Withheld

__all__ = [
    "INSTALL_DIR",
    "LOCALSTACK_LIBRARY",
    "LOOPBACK",
    "MSK_IAM_JARS",
    "PROFILES",
    "ROOT",
    "SERVICE",
    "SPARK_ARCHIVE",
    "SPARK_JARS",
    "VARIABLES",
    "Settings",
    "Variable",
    "Withheld",
    "explain",
    "load_settings",
    "read_settings",
    "secret_names",
]
