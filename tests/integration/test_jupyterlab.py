"""JupyterLab's real server and kernel: the worked example from mount to chart, and what goes wrong in a cell."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import pytest
from deltalake import DeltaTable

from bench.chromium import missing
from common import health
from common.clients import delta_options, s3_client
from common.settings import LOOPBACK, ROOT, VARIABLES, Settings
from common.wait import wait_until
from contracts.landing import object_key
from contracts.tables import TABLES
from services.provision.bucket import ensure_bucket
from services.source.generator import generate
from stack.jupyter.address import address
from stack.jupyter.folders import home
from stack.local.isolated import ServiceProcess
from tests.e2e.browser import Browser
from tests.integration.jupyter_lab import CELL_SECONDS, FILLS, KILLS, LOOPS, Lab, Notebook
from tests.secret_search import files_with, secrets_of
from workspace.folders import secrets_folder, warehouse_key

POSTS = 200
# All cells of the example, on a Spark that is there: 15 s on two idle cores; ten times that on a busy machine.
RUN_ALL_SECONDS = 150.0
SECRET = "correct horse battery"
# A table, and a function that holds up its update until another one has been committed.
LATER = """
import pathlib, time
spark.range(3).write.mode("overwrite").saveAsTable("shared")
reads, committed = pathlib.Path({reads!r}), pathlib.Path({committed!r})

def later(value):
    reads.touch()
    while not committed.exists():
        time.sleep(0.05)
    return value

spark.udf.register("later", later, "long")
"""
# A start takes 15 s, the worked example 25 s, on two idle cores; ten times that on a busy machine.
pytestmark = pytest.mark.timeout(500)


@pytest.fixture(scope="module")
def workspace(localstack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return LocalStack with a bucket in which posts have landed, a secret, and a folder of the user's."""
    own = tmp_path_factory.mktemp("own")
    settings = localstack.replace(
        USER_ID=VARIABLES["USER_ID"].field.default,
        STATE_DIR=tmp_path_factory.mktemp("state"),
        NOTEBOOK_DIR=own,
        SPARK_MASTER="local[2]",
        NOTEBOOK_MEMORY="512m",
    )
    ensure_bucket(settings)
    for table in TABLES:
        rows = [row for block in generate(table, POSTS, seed=7) for row in block]
        body = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        key = object_key(settings.topic(table), 0, 0)
        s3_client(settings).put_object(Bucket=settings.bucket, Key=key, Body=body)
    secret = secrets_folder(settings) / "mine" / "word"
    secret.parent.mkdir(parents=True)
    secret.write_text(SECRET)
    return settings


@pytest.fixture(scope="module")
def lab(workspace: Settings) -> Iterator[Lab]:
    log = workspace.state_dir / "notebook.log"
    with ServiceProcess(workspace, "stack.jupyter.launch", log=log) as server:
        server.wait_healthy(lambda: health.problem("notebook", workspace) is None)
        yield Lab(workspace)


@pytest.fixture(scope="module")
def example(lab: Lab) -> Iterator[Notebook]:
    """The worked example, opened."""
    with Notebook(lab, "examples/batch.ipynb") as notebook:
        yield notebook


def test_worked_example_shows_tables_and_a_chart(example: Notebook) -> None:
    tables, images = [], []
    for cell in example.cells():
        done = example.run(cell)
        assert done.status == "ok", done.error
        tables += done.shown("text/html")
        images += done.shown("image/png")
    assert all("<thead>" in table for table in tables)
    # The listing, the records, the cleaned posts, and the answers.
    assert len(tables) == 3 + 9
    assert "<th>join_year</th><th>number_users_joined</th>" in tables[-3]
    [chart] = images
    assert base64.b64decode(chart).startswith(b"\x89PNG")


@pytest.mark.skipif(bool(missing()), reason=f"no browser: {missing()}")
def test_worked_example_is_seen_in_a_browser(example: Notebook, workspace: Settings) -> None:  # noqa: ARG001 - its kernel
    """On the kernel of the example's session, as a second tab is."""
    query = address(workspace).partition("/lab")[2]
    with Browser() as browser:
        browser.run_notebook(
            f"http://{LOOPBACK}:{workspace.notebook.port}/lab/tree/examples/batch.ipynb{query}",
            "Pinterest pipeline",
        )
        browser.look_at(".jp-OutputArea-output img[src^='data:image/png']", RUN_ALL_SECONDS)
        browser.keep_screenshot(ROOT / ".local" / "artefacts" / "jupyterlab.png")
        # The last answer's.
        assert browser.look_at(".jp-OutputArea-output table th:first-child").strip() == "join_year"


def test_checkout_stays_clean(lab: Lab) -> None:
    before = (ROOT / "notebooks" / "batch.py").read_bytes()
    model = lab.get("/contents/examples/batch.ipynb")
    lab.put("/contents/examples/batch.ipynb", {"type": "notebook", "content": model["content"]})
    assert (ROOT / "notebooks" / "batch.py").read_bytes() == before
    assert not (ROOT / "notebooks" / ".ipynb_checkpoints").exists()
    assert len(lab.get("/contents/examples/batch.ipynb/checkpoints")) == 1


def test_data_is_no_markup(example: Notebook) -> None:
    [table] = example.run("display([{'<b>': '<script>alert(1)</script>'}])").shown("text/html")
    assert "<th>&lt;b&gt;</th>" in table
    assert "<script" not in table


def test_failing_cells_say_why_and_the_next_one_runs(example: Notebook) -> None:
    done = example.run("%sql\nSELECT nowhere FROM pin")
    assert done.status == "error"
    assert "cell" in done.error
    assert "nowhere" in done.error
    assert "Traceback" not in done.error
    assert done.text == ""
    assert "ValueError: not this" in example.run("raise ValueError('not this')").error
    assert example.run("print(20 + 1)").text == "21\n"


def test_secret_is_hidden_in_output_and_error(example: Notebook) -> None:
    done = example.run("word = dbutils.secrets.get('mine', 'word')\nprint(word)\nraise ValueError(word)")
    assert "[REDACTED]" in done.text
    assert "[REDACTED]" in done.error
    assert SECRET not in str(done.outputs)


def test_interrupt_ends_sparks_job_and_the_next_cell_runs(example: Notebook) -> None:
    done = example.run(LOOPS, example.interrupt)
    assert (done.status, done.error) == ("error", "Interrupted.")
    assert example.run("print(spark.range(3).count())").text == "3\n"


def test_cell_that_fills_memory_is_told_the_limit_and_the_kernel_lives(
    example: Notebook, workspace: Settings
) -> None:
    assert example.run("lives = True").status == "ok"
    filled = example.run(FILLS)
    assert filled.status == "error"
    assert f"the {workspace.notebook.memory} that NOTEBOOK_MEMORY allows" in filled.error
    assert example.run("del kept\nprint(lives, spark.range(3).count())").text == "True 3\n"


def test_later_of_two_writers_is_shown_deltas_conflict(
    example: Notebook, workspace: Settings, tmp_path: Path
) -> None:
    """The other one commits while this one reads."""
    reads, committed = tmp_path / "reads", tmp_path / "committed"
    table = f"s3://{workspace.bucket}/{warehouse_key('shared')}"

    def other_writer() -> None:
        wait_until(reads.exists, timeout=CELL_SECONDS, what="the table to be read")
        DeltaTable(table, storage_options=delta_options(workspace)).update({"id": "id + 10"})
        committed.touch()

    assert example.run(LATER.format(reads=str(reads), committed=str(committed))).status == "ok"
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(other_writer)
        done = example.run("%sql\nUPDATE shared SET id = later(id)")
        other.result()
    assert done.status == "error"
    assert "DELTA_CONCURRENT" in done.error
    found = example.run("print(sorted(row.id for row in spark.table('shared').collect()))")
    assert found.text == "[10, 11, 12]\n"


def test_exit_ends_the_cell_with_its_value(example: Notebook) -> None:
    done = example.run("dbutils.notebook.exit('7 rows')\nprint('not reached')")
    assert done.error == "Notebook ended with the value 7 rows"
    assert done.text == ""


def test_environment_is_not_changed_and_has_no_token(example: Notebook, workspace: Settings) -> None:
    assert "is not done here" in example.run("x = 1\n%pip uninstall pandas").error
    said = example.run("import os\nprint(dict(os.environ))").text
    assert workspace.notebook.token.get_secret_value() not in said


def test_without_the_token_nobody_is_let_in(lab: Lab) -> None:
    foreign = {**lab.headers, "Host": f"rebound.example:{lab.port}"}
    with httpx.Client(base_url=f"http://{LOOPBACK}:{lab.port}", timeout=CELL_SECONDS) as stranger:
        assert stranger.get("/api/kernels").status_code == httpx.codes.FORBIDDEN
        assert stranger.get("/api/kernels", headers=foreign).status_code == httpx.codes.FORBIDDEN
        page = stranger.get("/lab", follow_redirects=True)
    assert page.url.path == "/login"
    assert "NOTEBOOK_TOKEN" in page.text


def test_killed_kernel_starts_again_clean(example: Notebook) -> None:
    """The last test of the example's kernel."""
    assert example.run(KILLS).status == "restarting"
    assert example.run("print('pin' in globals(), spark.range(3).count())").text.endswith("False 3\n")


def test_own_folder_is_served(lab: Lab, workspace: Settings) -> None:
    assert workspace.notebook.dir
    (workspace.notebook.dir / "mine.py").write_text("# Databricks notebook source\nprint(1)\n")
    names = {entry["name"] for entry in lab.get("/contents/own")["content"]}
    assert names == {"mine.ipynb"}
    assert (Path(workspace.notebook.dir) / "mine.py").exists()


@pytest.mark.parametrize("path", ["../mounts.json", "own/../../../workspace/mounts.json", "/etc/hosts"])
def test_paths_outside_of_the_folders_are_not_served(lab: Lab, path: str) -> None:
    url = f"http://{LOOPBACK}:{lab.port}/api/contents/{quote(path, safe='')}"
    assert httpx.get(url, headers=lab.headers, timeout=CELL_SECONDS).status_code == httpx.codes.NOT_FOUND


def test_only_jupyters_own_note_has_the_token(lab: Lab, workspace: Settings) -> None:  # noqa: ARG001 - it has written
    """Neither the log nor the workspace: notebooks with their outputs, their history, what the example has written."""
    found = files_with(secrets_of(workspace), [workspace.state_dir])
    assert found == {*(home(workspace) / "runtime").glob("jpserver-*")}
    assert len(found) > 0
    assert home(workspace).stat().st_mode & 0o077 == 0
