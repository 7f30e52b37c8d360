"""The store of Delta's log of which S3 itself refuses the second of two commits of one version.

None of Delta's own stores asks S3 for that. This one is a class for the JVM, which Spark's own Java compiler makes when
a session starts.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CLASS = "workspace.ConditionalLogStore"
_SOURCE = Path(__file__).with_name("ConditionalLogStore.java")


def provide_log_store(session: "SparkSession") -> None:
    """Have the session find the class, before Delta first looks for it; executors too, where VACUUM lists files."""
    jvm: Any = session._jvm
    loader = jvm.Thread.currentThread().getContextClassLoader()
    compiler = jvm.org.codehaus.janino.SimpleCompiler()
    compiler.setParentClassLoader(loader)
    compiler.cook(_SOURCE.read_text())
    jar = jar_folder(session) / "log-store.jar"
    with ZipFile(jar, "w") as archive:
        for name, code in dict(compiler.getBytecodes()).items():
            archive.writestr(f"{name.replace('.', '/')}.class", bytes(code))
    loader.addURL(jvm.java.io.File(str(jar)).toURI().toURL())
    session.sparkContext._jsc.addJar(jar.as_uri())


def jar_folder(session: "SparkSession") -> Path:
    """Make a folder in Spark's own: it is removed when Spark ends, that of a killed kernel by the next session."""
    jvm: Any = session._jvm
    utils = jvm.org.apache.spark.util.Utils
    local = utils.getLocalDir(session.sparkContext._jsc.sc().conf())
    return Path(utils.createTempDir(local, "log-store").getAbsolutePath())
