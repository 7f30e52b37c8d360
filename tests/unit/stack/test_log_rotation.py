"""A service that writes without end fills 30 MB, by the real supervisord."""

import os
import re
import subprocess
import sys
from pathlib import Path

from common.wait import wait_until
from stack.local import supervision
from stack.local.compose import load
from stack.local.isolated import make_settings

MB = 1024**2
WRITTEN_MB = 45
TALKATIVE = f"import sys; [sys.stdout.write('x' * 1023 + chr(10)) for _ in range({WRITTEN_MB} * 1024)]"
# It takes 2 s on an idle machine; thirty times that.
SECONDS = 60.0


def test_the_logs_of_a_talkative_service_are_bounded(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    supervision.make_folders(settings)
    service = load(settings)["airflow-init"]  # which may end
    text = supervision.configuration(settings, [service])
    text = re.sub("^command=.*$", f'command="{sys.executable}" -c "{TALKATIVE}"', text, flags=re.M)
    file = settings.state_dir / "run" / "supervisord.conf"
    file.write_text(text.replace("autostart=false", "autostart=true"))
    program = Path(sys.executable).with_name("supervisord")
    with subprocess.Popen([sys.executable, program, "-n", "-c", file], stdout=subprocess.DEVNULL) as running:
        try:
            wait_until(
                lambda: supervision.ended_well(settings, service.name), timeout=SECONDS, what="it to be done"
            )
        finally:
            running.terminate()
    sizes = [path.stat().st_size for path in supervision.log_path(settings, service.name).parent.iterdir()]
    assert len(sizes) == 3
    assert 20 * MB < sum(sizes) <= 30.1 * MB  # a file is closed with the write that fills it


def test_supervisords_own_log_is_bounded_too(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    text = supervision.configuration(settings, [])
    assert "logfile_maxbytes=10MB" in text
    assert "logfile_backups=2" in text
    assert os.fspath(settings.state_dir / "run" / "supervisord.log") in text
