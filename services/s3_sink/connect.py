"""Have the S3 sink run with the properties of a Confluent connector: `python -m services.s3_sink.connect [FILE]`.

They are kept in the sink's state folder, as `run/connector.properties`; the sink reads them when it starts.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from common.command import run_command
from common.settings import Settings, load_settings
from common.terminal import complain, make_console
from services.s3_sink.connector import Connector, ConnectorError, by_settings, from_properties, parse

_STANDARD = Path("-")


def kept(settings: Settings) -> Connector:
    """Return what the sink is to run with: the properties that are kept, or the settings alone.

    Raises:
        ConnectorError: the sink cannot fulfil them, as when a setting has changed since.
    """
    try:
        text = _path(settings).read_text()
    except FileNotFoundError:
        return by_settings(settings)
    return from_properties(settings, parse(text))


def keep(settings: Settings, text: str) -> None:
    """Keep the properties of a file for the sink's next start; a file without any takes the former ones back.

    Raises:
        ConnectorError: the sink cannot fulfil them; what was kept is kept.
    """
    path, properties = _path(settings), parse(text)
    from_properties(settings, properties)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    draft.replace(path) if properties else path.unlink(missing_ok=True)


def _path(settings: Settings) -> Path:
    return settings.state_dir / "run" / "connector.properties"


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if file == _STANDARD else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConnectorError(f"{file} cannot be read: {error}") from None


def main(
    file: Annotated[Path | None, typer.Argument(help="A file of properties (-: standard input).")] = None,
) -> None:
    """Keep the properties for the sink, and print what each of them is to it; without a file, those that are kept."""
    settings = load_settings()
    try:
        if file:
            keep(settings, _read(file))
        connector = kept(settings)
    except ConnectorError as error:
        complain(f"The S3 sink cannot run with this. Nothing was changed.\n{error}")
        raise typer.Exit(2) from None
    notes = connector.notes or ["No connector's properties: the S3 sink runs by the settings of .env alone."]
    make_console().print(*notes, sep="\n", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    run_command(main, "make connector", usage="`make connector CONFIG=file`")
