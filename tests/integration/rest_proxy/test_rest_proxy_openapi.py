"""The REST proxy against its own OpenAPI document: generated requests, valid and not, and what they answer."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.settings import Settings
from tests.integration.rest_proxy.proxy import Proxy, new_topic, running_proxy

# Some 400 requests a run: 10 s on two idle cores, 82 s beside other suites; three times that.
RUN_SECONDS = 240


@pytest.fixture(scope="module")
def proxy(kafka: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    values = {"PIN_BATCH_TOPIC": new_topic(kafka), "PIN_STREAMING_TOPIC": new_topic(kafka)}
    with running_proxy(kafka, tmp_path_factory.mktemp("proxy"), **values) as proxy:
        yield proxy


@pytest.mark.parametrize("topic_exists", [True, False])
def test_every_answer_is_as_documented(proxy: Proxy, tmp_path: Path, topic_exists: bool) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'[parameters]\ntopic = "{new_topic(proxy.settings)}"\n' if topic_exists else "")
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--max-examples=25", "--seed=1", "--generation-database=none", "--no-color"]
    run = subprocess.run(
        [program, "--config-file", config, "run", f"{proxy.settings.rest_proxy.url}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "7 selected / 7 total" in run.stdout


def test_the_document_has_every_route(proxy: Proxy) -> None:
    paths = proxy.client.get("/openapi.json").json()["paths"]
    operations = {(method, path) for path, methods in paths.items() for method in methods}
    assert operations == {
        ("get", "/"),
        ("get", "/health"),
        ("get", "/topics"),
        ("get", "/topics/{topic}"),
        ("post", "/topics/{topic}"),
        ("post", "/topics/{topic}/partitions/{partition}"),
        ("post", "/pin/"),
    }


def test_the_page_that_shows_it_needs_no_other_server(proxy: Proxy) -> None:
    page = proxy.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert {Path(address).suffix for address in addresses} == {".css", ".js", ".png"}
    for address in addresses:
        assert address.startswith("/"), address
        assert proxy.client.get(address).status_code == 200, address
