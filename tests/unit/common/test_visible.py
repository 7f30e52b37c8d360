"""Test that nothing in data reaches a terminal, log or page as a command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from common import log
from common.settings import ROOT
from common.visible import visible, visible_line
from stack.local.isolated import make_settings

SAFE = "Ünïcode, emoji \U0001f384\U0001f468\u200d\U0001f469, no-break\u00a0blank, \\x1b, \u200emarks\u200f"


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\x00", r"\x00"),
        ("\x07", r"\x07"),
        ("\x08", r"\x08"),
        ("\x0b", r"\x0b"),
        ("\r", r"\r"),
        ("\x1b", r"\x1b"),
        ("\x7f", r"\x7f"),
        ("\x85", r"\x85"),
        ("\x9b", r"\x9b"),
        ("\u2028", r"\u2028"),
        ("\u202e", r"\u202e"),
        ("\u2066", r"\u2066"),
        ("\u2069", r"\u2069"),
        ("\ud83d", r"\ud83d"),
    ],
)
def test_what_would_command_a_terminal_is_written_out(character: str, shown: str) -> None:
    assert visible(f"a{character}b") == visible_line(f"a{character}b") == f"a{shown}b"


def test_all_of_the_classes_are_covered() -> None:
    classes = [
        *range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    ]  # fmt: skip
    for code in classes:
        assert visible(chr(code)).isascii()
        assert visible(chr(code)).isprintable()


def test_readable_text_stays_as_it_is() -> None:
    assert visible(SAFE) == visible_line(SAFE) == SAFE


def test_what_is_visible_stays_so() -> None:
    assert visible(visible("\x1b[2J")) == r"\x1b[2J"


def test_newlines_and_tabs_are_kept_but_in_a_line() -> None:
    assert visible("a\n\tb") == "a\n\tb"
    assert visible_line("a\n\tb") == r"a\n\tb"


def test_a_log_line_is_one_line_of_visible_text(capsys: pytest.CaptureFixture[str]) -> None:
    logger = log.configure("s3-sink")
    try:
        raise ValueError("title \x1b[2J\u202e\x9b\ud83d\nsecond line")
    except ValueError:
        logger.exception("failed", reason="a\x1b]0;title\x07\r\nlevel=error event=forged")
    printed = capsys.readouterr().err
    assert printed.isprintable() or printed.strip().isprintable()
    assert printed.count("\n") == 1
    for expected in (r"\x1b[2J", r"\u202e", r"\x9b", r"\ud83d", r"\x1b]0;title", r"\x07"):
        assert expected in printed


@pytest.mark.parametrize("configure", ["", "from common.log import configure; configure('x')"])
def test_a_traceback_quotes_data_visibly(configure: str) -> None:
    configure = configure or (
        "from common.visible import print_tracebacks_visibly; print_tracebacks_visibly()"
    )
    program = f"{configure}\nraise ValueError('\\x1b[2J')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"\x1b" not in done.stderr
    assert rb"ValueError: \x1b[2J" in done.stderr


def test_the_services_log_lines_are_shown_visibly(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    file = settings.state_dir / "logs" / "kafka.log"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a record: \x1b[2J \xc2\x9b \xff \xc3\xa9\n")
    done = subprocess.run(
        [sys.executable, "-m", "stack.local", "logs", "--service", "kafka"],
        cwd=ROOT,
        env=settings.environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.decode()) == (0, "a record: \\x1b[2J \\x9b \\xff é\n")


def test_sparks_own_log_takes_out_the_same_characters() -> None:
    pattern = (ROOT / "spark_jobs" / "session" / "log4j2.properties").read_text()
    [characters] = re.findall(r"%replace\{.*\}\{(\[.*\])\}\{\?\}$", pattern, re.M)
    unsafe = re.compile(characters.replace("\\\\", "\\"))
    found = {chr(code) for code in range(0x3000) if unsafe.search(chr(code))}
    assert found == {chr(code) for code in range(0x3000) if visible(chr(code)) != chr(code)}
