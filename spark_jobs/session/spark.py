"""The one Spark session of a process: Delta tables on S3; with a local master nothing listens beyond this machine.

Executors of a cluster have this checkout and its Python at the same paths (docs/spark-masters.md).
"""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil
import pyspark
from pyspark.sql import SparkSession

from common.clients import java_aws_environment
from common.settings import LOOPBACK, MSK_IAM_JARS, ROOT, SPARK_ARCHIVE, SPARK_JARS, Settings
from contracts.checkpoints import KEPT_MICRO_BATCHES

_SOCKETS = Path("/tmp")  # noqa: S108 - each has a folder of a random name there, for its account alone
_JAVA_HOME = Path(__file__).with_name("java")
_LOGGING = Path(__file__).with_name("log4j2.properties")
_LOG4J = f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}"
_FAST_GC = "-XX:+UseParallelGC"
# Lets a heap stay as small as it can; the other one grows to all that it may have.
_LEAN_GC = "-XX:+UseSerialGC"
# The JVM leaves methods of over 8,000 bytes interpreted, and Spark generates such from the cleaning rules.
_LONG_METHODS = "-XX:-DontCompileHugeMethods"
# The optimizing compiler pays back from 1 GB of landed records on; without it a third of that takes 29 % less CPU.
_BRIEF_JVM = "-XX:TieredStopAtLevel=1"
# In other batch runs it has what rows go through, and leaves plans alone (the file says which). Java would say at each
# start how many directives it has read.
_LONG_JVM = (
    "-XX:+UnlockDiagnosticVMOptions -XX:-DisplayVMOutput"
    f' "-XX:CompilerDirectivesFile={Path(__file__).with_name("compiler_directives.json")}"'
)

# What a JVM, Spark's launcher and Hadoop would go by.
_STRANGERS = {
    *("JAVA_HOME", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"),
    *(
        "SPARK_CONF_DIR",
        "SPARK_LOCAL_IP",
        "SPARK_REMOTE",
        "SPARK_CONNECT_MODE_ENABLED",
        "SPARK_DIST_CLASSPATH",
    ),
    *("PYSPARK_SUBMIT_ARGS", "HADOOP_HOME", "HADOOP_CONF_DIR", "YARN_CONF_DIR"),
}

_DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # S3 has no atomic rename; one driver at a time writes a table, which the job's lock sees to.
    "spark.delta.logStore.s3a.impl": "io.delta.storage.S3SingleDriverLogStore",
    # A snapshot of ours has a handful of files; the default of 50 costs 50 tasks at each commit.
    "spark.databricks.delta.snapshotPartitions": "2",
    # Else Spark 4.2 has its parser replace `:name` of spark.sql(..., args=), which Delta's parser does not pass on.
    "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
}
_LEAN = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # With it each call on a column asks the JVM five times more, to name the line of Python in an error: a second for
    # the plan of one table's cleaning.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
    # A batch run's staged rows go to a local disk and come back three times: with Java's serializer and compressed, as
    # is the default, that takes a tenth of the executors' time more.
    "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
    "spark.rdd.compress": "false",
    # To and from Python workers; through a port the raw records take a tenth longer.
    "spark.python.unix.domain.socket.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    # By default INT96, which most readers but Spark take for nanoseconds: those hold the years 1677 to 2262 only.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # The rows are texts, nearly all different: dictionaries cost a fifth of a write and save nothing.
    "spark.hadoop.parquet.enable.dictionary": "false",
    "spark.sql.parquet.compression.codec": "zstd",  # half the bytes to S3 of the default
    # 16 MiB of Parquet is some 60 MiB of rows, and the driver holds two partitions of them while it copies.
    "spark.sql.files.maxPartitionBytes": "16m",
}


def spark_session(
    settings: Settings,
    app_name: str,
    *,
    brief: bool = False,
    streaming: bool = False,
    options: Mapping[str, str] | None = None,
) -> SparkSession:
    """Start (or return) this process's session; stop it with `.stop()`.

    Args:
        brief: the session is for a short job, so its start counts more than its speed.
        streaming: the session is for streaming queries with checkpoints in the bucket.
        options: Spark's options that win over those of the jobs.

    Raises:
        FileNotFoundError: the jars are not installed.
    """
    if not any(SPARK_JARS.glob("*.jar")):
        raise FileNotFoundError(f"no jars in {SPARK_JARS}. Run `make setup`, which installs them.")
    _compose_environment(settings)
    builder = SparkSession.builder.appName(app_name).master(settings.spark.master)
    special = _streaming(settings) if streaming else {}
    sockets = _sockets() if is_local(settings) else {}
    jvm = _jvm(settings, brief=brief, streaming=streaming)
    ours = _DELTA | _LEAN | _process(settings, jvm) | sockets | special | _s3a(settings)
    for key, value in (ours | {**(options or {})}).items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def java_environment() -> dict[str, str]:
    """For the environment of Spark's launcher: a Java that does not warn of a module which nothing here uses."""
    home = os.environ.get("JAVA_HOME")
    if home == str(_JAVA_HOME):
        return {}
    found = f"{home}/bin/java" if home else shutil.which("java") or "java"
    return {"JAVA_HOME": str(_JAVA_HOME), "SPARK_DRIVER_JAVA": found}


def _compose_environment(settings: Settings) -> None:
    """For the JVM and its Python workers: this Python and its Spark, no others that the caller's shell may know."""
    for name in _STRANGERS & os.environ.keys():
        del os.environ[name]
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    # Workers need this environment's libraries; the first python3 on the path may have none of them.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.update(_place(settings))
    os.environ.update(java_aws_environment(settings) | java_environment())


def _place(settings: Settings) -> dict[str, str]:
    """Return the driver's address for the environment.

    Spark would ask the host's name server, which may be slow or absent on a laptop; executors elsewhere need it.
    """
    if is_local(settings):
        return {"SPARK_LOCAL_IP": LOOPBACK}
    given = settings.environment()
    return {
        name: given[name] for name in ("SPARK_LOCAL_IP", "SPARK_CONF_DIR", "HADOOP_CONF_DIR") if name in given
    }


def submit_options(settings: Settings, *, brief: bool) -> dict[str, str]:
    """Return what spark-submit must be told: its JVM is there before `spark_session` can say it."""
    return _driver(settings, _jvm(settings, brief=brief, streaming=False))


def _jvm(settings: Settings, *, brief: bool, streaming: bool) -> str:
    """Options of the driver's JVM and of executors': only a batch run in one process has the machine for itself."""
    gc = _FAST_GC if is_local(settings) and not streaming else _LEAN_GC
    # A streaming writer plans for ever, a batch run once.
    compiler = _BRIEF_JVM if brief else "" if streaming else _LONG_JVM
    return f"{_LOG4J} {gc} {_LONG_METHODS} {compiler}".rstrip()


def is_local(settings: Settings) -> bool:
    """Return whether driver and executors are one process."""
    return settings.spark.master.startswith("local")


def _archived(jvm: str) -> str:
    """Return a JVM's options with the archive of Spark's classes, where there is one (stack.local.archive).

    Mapped where it was made to be, its pages are the file's, which memory can do without; at an address drawn by lot,
    Java's default, each is rewritten and so is this process's own: 200 MB.
    """
    if not SPARK_ARCHIVE.exists():
        return jvm
    return f'{jvm} -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 "-XX:SharedArchiveFile={SPARK_ARCHIVE}"'


def _class_path(settings: Settings) -> str:
    """Return our jars; MSK's last, and only for who logs in there."""
    folders = [SPARK_JARS, *([MSK_IAM_JARS] if settings.kafka.security == "iam" else [])]
    return os.pathsep.join(f"{folder}/*" for folder in folders)


def _driver(settings: Settings, jvm: str) -> dict[str, str]:
    return {
        "spark.driver.memory": settings.spark.driver_memory,
        # The path, not spark.jars: that would copy 39 MB at each start.
        "spark.driver.extraClassPath": _class_path(settings),
        "spark.driver.extraJavaOptions": _archived(jvm),
    }


def _process(settings: Settings, jvm: str) -> dict[str, str]:
    scratch = _scratch_folder(settings)
    # What its libraries unpack for themselves goes there too: a JVM that is killed would leave it in /tmp for good.
    return _driver(settings, f'{jvm} "-Djava.io.tmpdir={scratch}"') | {
        "spark.local.dir": str(scratch),
        # No job has tables of a catalogue, but Spark makes the folder for them: by default where it was started.
        "spark.sql.warehouse.dir": (scratch / "warehouse").as_uri(),
        "spark.python.daemon.module": "spark_jobs.session.daemon",
        # Python workers read the landing zone with our own modules.
        "spark.executorEnv.PYTHONPATH": str(ROOT),
        "spark.executor.memory": settings.spark.executor_memory,
        "spark.executor.extraClassPath": _class_path(settings),
        "spark.executor.extraJavaOptions": _archived(jvm),
    }


def _streaming(settings: Settings) -> dict[str, str]:
    return {
        "spark.driver.memory": settings.spark.streaming_memory,
        # Of a cluster it takes what its three small queries need, in one executor, and leaves the rest to batch runs.
        "spark.cores.max": "2",
        "spark.executor.cores": "2",
        # Nobody looks at the hundred last reports of each query.
        "spark.sql.streaming.numRecentProgressUpdates": "2",
        "spark.sql.streaming.minBatchesToRetain": str(KEPT_MICRO_BATCHES),
        # How long an idle query waits until it asks its source again: the default, 10 ms, keeps Kafka busy.
        "spark.sql.streaming.pollingDelay": "100ms",
        # Each micro-batch writes two files. Spark's first choice for S3 makes 22 requests for one, this makes 10.
        "spark.sql.streaming.checkpointFileManagerClass": (
            "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
        ),
    }


def _sockets() -> dict[str, str]:
    """A folder for the sockets to Python workers, removed at the end of this process.

    Spark leaves one behind unless it is stopped, which takes a job a second. A socket's path has at most 107 bytes.
    """
    _remove_those_of_the_dead(_SOCKETS.glob("spark-sockets-*-*"))
    folder = tempfile.mkdtemp(prefix="spark-sockets-", suffix=f"-{os.getpid()}", dir=_SOCKETS)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"spark.python.unix.domain.socket.dir": folder}


def _scratch_folder(settings: Settings) -> Path:
    """This process's folder for shuffles and staged rows; those of killed processes are removed."""
    folder = settings.state_dir / "spark"
    _remove_those_of_the_dead(folder.glob("*"))
    own = folder / str(os.getpid())
    own.mkdir(parents=True, exist_ok=True)  # a JVM makes no folder for its temporary files
    return own


def _remove_those_of_the_dead(folders: Iterable[Path]) -> None:
    """Remove the folders, named after processes, of those that are gone; another account's stay."""
    for folder in folders:
        pid = folder.name.rpartition("-")[2]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _s3a(settings: Settings) -> dict[str, str]:
    endpoint = settings.aws.endpoint_url
    options = {
        "endpoint.region": settings.aws.region,
        "aws.credentials.provider": "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
        "path.style.access": "true",
        "connection.ssl.enabled": str(not endpoint.startswith("http:")).lower(),
        "input.stream.type": "classic",
        # Else it asks of each folder above a new one whether it is a file, to which a job need have no right.
        "performance.flags": "mkdir",
    }
    if endpoint:
        options["endpoint"] = endpoint
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in options.items()}
