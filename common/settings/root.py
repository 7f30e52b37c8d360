"""All settings: the general ones, the groups, and what holds between groups."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from common.settings.aws import Api, Aws, Kinesis
from common.settings.group import Group
from common.settings.jobs import JobsApi, Notebook, Quality, Spark
from common.settings.paths import ROOT
from common.settings.servers import Airflow, Kafka, Localstack, Mysql, Postgres
from common.settings.services import Dashboard, Emulator, RestProxy, S3Sink, Source
from common.settings.types import LOOPBACK, ProjectPath
from common.settings.withheld import Withheld
from contracts.tables import Table

# Those of docker-compose.yml that have services, not commands.
PROFILES = ("stream", "airflow", "dashboard", "batch", "notebook")
# What other programs go by too: an empty value is one to them.
SHARED = {
    *("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "HTTPS_PROXY"),
    *("SPARK_LOCAL_IP", "SPARK_CONF_DIR", "HADOOP_CONF_DIR"),
}


def own_folder(path: Path) -> Path:
    """The stack fills this folder and `make clean` empties it, so it must not be one that holds the checkout."""
    if ROOT.is_relative_to(path):
        raise ValueError("should be a folder of its own, not the checkout or one above it")
    return path


def known_profiles(text: str) -> str:
    """Compose itself takes an unknown one without a word, and starts less than was meant."""
    if text and not {*text.split(",")} <= {*PROFILES}:
        raise ValueError(f"should be empty, or some of {', '.join(PROFILES)}, with commas between them")
    return text


def at_localstack(given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """AWS is at LocalStack, unless AWS_ENDPOINT_URL says otherwise."""
    localstack, kafka = info.data.get("localstack") or Localstack(), info.data.get("kafka")
    placed = {"endpoint_url": f"http://{LOOPBACK}:{localstack.port}", **given}
    if placed["endpoint_url"] and kafka and kafka.security == "iam":
        raise ValueError(
            "AWS_ENDPOINT_URL: should be empty with KAFKA_SECURITY=iam, for which AWS's own keys sign"
        )
    return placed


def calling_ours(given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """API Gateway calls the REST proxy where we find it too, and has a role at LocalStack, which asks for none."""
    rest_proxy, aws = info.data.get("rest_proxy") or RestProxy(), info.data.get("aws") or Aws()
    role = "arn:aws:iam::000000000000:role/api-gateway-kinesis" if aws.endpoint_url else ""
    return {"rest_proxy_url": rest_proxy.url, "role_arn": role, **given}


def for_https(proxy: str, info: ValidationInfo) -> str:
    """Only what is on AWS itself is asked by HTTPS."""
    aws, api = info.data.get("aws") or Aws(), info.data.get("api") or Api()
    return "" if aws.endpoint_url and not api.url.startswith("https:") else proxy


class Settings(Group):
    """The settings. Secrets have no default: `make setup` generates them into .env.

    A group's defaults may depend on the groups above it.
    """

    user_id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,32}$")] = "0a1b2c3d4e5f"
    """The name of the pipeline's owner; topics, streams and the bucket are named after it."""
    state_dir: Annotated[ProjectPath, AfterValidator(own_folder)] = Path(".local/state")
    """Data and logs of the running stack in local mode."""
    compose_profiles: Annotated[str, AfterValidator(known_profiles)] = "stream,airflow,dashboard"
    """What starts besides the core, of `stream` (1.8 GB), `airflow` (2.2), `dashboard` (0.3) and `notebook` (4.2)."""
    allowed_hosts: str = ""
    """Names besides localhost, with commas, for REST proxy, LocalStack and dashboard; .x.org is all below it."""

    kafka: Kafka
    rest_proxy: RestProxy
    s3_sink: S3Sink
    localstack: Localstack
    aws: Annotated[Aws, BeforeValidator(at_localstack)]
    api: Annotated[Api, BeforeValidator(calling_ours)]
    kinesis: Kinesis
    source: Source
    mysql: Mysql
    emulator: Emulator
    postgres: Postgres
    spark: Spark
    notebook: Notebook
    jobs_api: JobsApi
    quality: Quality
    airflow: Airflow
    dashboard: Dashboard

    https_proxy: Annotated[str, AfterValidator(for_https)] = ""
    """The proxy on the way to AWS itself. What runs here is never behind one."""

    @classmethod
    def from_variables(cls, given: Mapping[str, object]) -> Self:
        """Return the settings that these variables set; the others have their defaults.

        Raises:
            pydantic.ValidationError: values are missing or not of their type (see `explain`).
            ValueError: there are no such variables.
        """
        if unknown := given.keys() - VARIABLES.keys():
            raise ValueError(f"no variables of the settings: {', '.join(sorted(unknown))}")
        tree: dict[str, Any] = {}
        for variable in VARIABLES.values():
            group = tree
            for name in variable.path[:-1]:
                group = group.setdefault(name, {})
            if variable.name in given:
                group[variable.path[-1]] = given[variable.name]
        return cls.model_validate(tree)

    def replace(self, **changes: object) -> Self:
        """Return a copy with other values for these variables: `settings.replace(KAFKA_PARTITIONS=3)`.

        Defaults that depend on them stay as they are. Raises as `from_variables` does.
        """
        return self.from_variables(self._by_variable() | changes)

    def environment(self) -> dict[str, str]:
        """Every setting as environment variables, for child processes and for docker-compose.yml's ${...}.

        What other programs go by too is left out where it is empty, and so is a secret that this process lacks.
        """
        values = self._by_variable()
        given = {name: _plain(value) for name, value in values.items() if not isinstance(value, Withheld)}
        return {name: text for name, text in given.items() if text or name not in SHARED}

    def _by_variable(self) -> dict[str, object]:
        values = dict(self.values())
        return {variable.name: values[variable.path] for variable in VARIABLES.values()}

    @property
    def bucket(self) -> str:
        """The one bucket: landing zone, Delta tables and checkpoints."""
        return f"user-{self.user_id}-bucket"

    @property
    def api_name(self) -> str:
        """The REST API's name in API Gateway, by which it is found."""
        return f"pinterest-{self.user_id}"

    def topic(self, table: Table) -> str:
        """The Kafka topic of a table, `<id>.pin`."""
        return f"{self.user_id}.{table}"

    def stream(self, table: Table) -> str:
        """The Kinesis stream of a table, `streaming-<id>-pin`."""
        return f"streaming-{self.user_id}-{table}"


VARIABLES = {variable.name: variable for variable in Settings.variables()}
"""Every variable that is a setting, by its name, in the order of the fields."""


def secret_names() -> frozenset[str]:
    """The variables that only some services get. AWS's key id is one, since it goes with its secret."""
    secrets = {variable.name for variable in VARIABLES.values() if variable.is_secret}
    return frozenset(secrets | {"AWS_ACCESS_KEY_ID"})


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)
