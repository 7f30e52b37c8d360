"""A caller's shell that has set what a data engineer's shell may have set: each variable would break something."""

from pathlib import Path

NOWHERE = "/nowhere"
# A port on which nothing listens.
DEAD = "http://127.0.0.1:9"

_SPARK = {
    "SPARK_HOME": NOWHERE,
    "SPARK_CONF_DIR": NOWHERE,
    "SPARK_REMOTE": "sc://127.0.0.1:9",
    "SPARK_LOCAL_IP": "192.0.2.1",
    "PYSPARK_PYTHON": f"{NOWHERE}/python",
    "PYSPARK_DRIVER_PYTHON": f"{NOWHERE}/python",
    "PYSPARK_SUBMIT_ARGS": "--master spark://127.0.0.1:9 pyspark-shell",
    "HADOOP_CONF_DIR": NOWHERE,
    "HADOOP_HOME": NOWHERE,
}
_JAVA = {
    "JAVA_HOME": NOWHERE,
    "JAVA_TOOL_OPTIONS": "-Xmx1k",
    "_JAVA_OPTIONS": "-Xmx1k",
    "JDK_JAVA_OPTIONS": "-Xmx1k",
    "CLASSPATH": NOWHERE,
}
_AWS = {
    "AWS_PROFILE": "no-such-profile",
    "AWS_DEFAULT_PROFILE": "no-such-profile",
    "AWS_CONFIG_FILE": NOWHERE,
    "AWS_CA_BUNDLE": NOWHERE,
    "AWS_ENDPOINT_URL_S3": DEAD,
    "SSL_CERT_FILE": NOWHERE,
    **{f"{kind}_PROXY": DEAD for kind in ("HTTP", "HTTPS", "ALL")},
    **{f"{kind}_proxy": DEAD for kind in ("http", "https", "all")},
    "NO_PROXY": "",
    "no_proxy": "",
}
_SERVERS = {
    "PGHOST": "192.0.2.1",
    "PGTZ": "Asia/Tokyo",
    "PGOPTIONS": "-c timezone=Asia/Tokyo",
    "PGSERVICE": "nowhere",
    "PGSSLMODE": "verify-full",
    "AIRFLOW_HOME": NOWHERE,
    "AIRFLOW__CORE__DAGS_FOLDER": NOWHERE,
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "KAFKA_OPTS": "-Xmx1k",
    "KAFKA_LOG_DIRS": NOWHERE,
    "SERVICES": "sqs",
    "GATEWAY_LISTEN": "127.0.0.1:9",
    "NODE_OPTIONS": f"--require {NOWHERE}",
}
_LANGUAGE = {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo", "PYTHONUTF8": "0"}


def hostile_shell(folder: Path) -> dict[str, str]:
    """Its variables. `folder` gets a module that Python would import by itself, and a file that bash would read."""
    (folder / "sitecustomize.py").write_text('raise SystemExit("PYTHONPATH of the caller has come in")\n')
    (folder / "bash_env").write_text('echo "BASH_ENV of the caller has come in"\nexit 97\n')
    early = {
        "PYTHONPATH": str(folder),
        "PYTHONHOME": NOWHERE,
        "PYTHONWARNINGS": "error",
        "VIRTUAL_ENV": NOWHERE,
        "LD_LIBRARY_PATH": NOWHERE,
        "BASH_ENV": str(folder / "bash_env"),
        "CDPATH": "/",
    }
    return {**_SPARK, **_JAVA, **_AWS, **_SERVERS, **_LANGUAGE, **early}
