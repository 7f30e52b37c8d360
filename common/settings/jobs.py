"""The settings of the jobs and of notebooks: Spark, and the thresholds of data quality."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from common.settings.group import Group
from common.settings.types import LOOPBACK, Address, OptionalPath, Port

Memory = Annotated[str, Field(pattern=r"^\d+[mg]$")]
Share = Annotated[float, Field(ge=0, le=1)]


def for_cluster(value: str, info: ValidationInfo) -> str:
    """Drop what a shell may have set for another Spark: it has no effect on this process's own."""
    return "" if str(info.data.get("master")).startswith("local") else value


class Spark(Group):
    """Spark: where jobs run, and in how much memory."""

    master: str = "local[*]"
    """Where Spark jobs run; spark://host:port is a cluster."""
    local_ip: Annotated[str, AfterValidator(for_cluster)] = ""
    """With a cluster: this machine's address for its executors; empty: that of its host name."""
    conf_dir: Annotated[str, AfterValidator(for_cluster)] = ""
    """With a cluster: a folder with a spark-defaults.conf (docs/spark-masters.md)."""
    hadoop_conf_dir: Annotated[str, AfterValidator(for_cluster)] = Field(
        "", validation_alias="HADOOP_CONF_DIR"
    )
    """With a YARN cluster: the folder of its configuration."""
    driver_memory: Memory = "2g"
    """The heap of a Spark job's driver (with a local master, of the whole job)."""
    executor_memory: Memory = "1g"
    """The heap of each executor of a cluster, which takes 512m or more."""
    streaming_memory: Memory = "1g"
    """The heap of the streaming writer's driver."""


class Notebook(Group):
    """Notebooks: the session that they find, and JupyterLab (docs/workspace.md)."""

    ansi: bool = False
    """Spark's ANSI mode in notebooks: what cannot be cast is an error, else null as on older Databricks runtimes."""
    memory: Memory = "2g"
    """What a notebook's Python may hold beyond what it starts with (Linux); its Spark has SPARK_DRIVER_MEMORY."""
    port: Port = 8888
    """JupyterLab's port."""
    host: str = LOOPBACK
    """The address that JupyterLab listens on; `make up` has it be 127.0.0.1, whatever is set here."""
    token: SecretStr
    """JupyterLab's token, a part of the address that `make notebook` prints."""
    dir: OptionalPath = None
    """A folder of your own notebooks, which JupyterLab shows as `own`, and the Jobs API runs."""

    @property
    def page_url(self) -> str:
        """Return where a browser on this machine finds JupyterLab."""
        return f"http://{LOOPBACK}:{self.port}"


class JobsApi(Group):
    """The Jobs API, by which Airflow's Databricks operators run notebooks."""

    port: Port = 8090
    """The Jobs API's port."""
    host: str = LOOPBACK
    """The address that the Jobs API listens on; `make up` has it be 127.0.0.1, whatever is set here."""
    url: Address = Field(default_factory=lambda data: f"http://{LOOPBACK}:{data['port']}")
    """Where Airflow and health checks find the Jobs API."""
    token: SecretStr
    """The bearer token of the Jobs API."""

    @property
    def page_url(self) -> str:
        """Return where a browser on this machine finds the pages of runs."""
        return f"http://localhost:{self.port}"


class Threshold(Group):
    """Two shares: above the one a scheduled run warns, above the other it fails."""

    warn: Share
    fail: Share


class QuarantineThreshold(Threshold):
    """Of the records read, the share in quarantine."""

    warn: Share = 0.01
    """Of the records read, the share in quarantine above which a scheduled run warns,"""
    fail: Share = 0.05
    """and above which it fails."""


class NullThreshold(Threshold):
    """Of a column's values, the share of nulls."""

    warn: Share = 0.2
    """Of a column's values, the share of nulls above which a scheduled run warns,"""
    fail: Share = 0.5
    """and above which it fails."""


class DropThreshold(Threshold):
    """The share of rows lost since the last scheduled run."""

    warn: Share = 0.0
    """The share of rows lost since the last scheduled run above which it warns,"""
    fail: Share = 0.1
    """and above which it fails."""


class Quality(Group):
    """Data quality: what a scheduled run may look like before it warns, and before it fails."""

    quarantine: QuarantineThreshold
    null: NullThreshold
    drop: DropThreshold
