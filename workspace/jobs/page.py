"""The page of a run: what became of it, and each cell's output. Nothing that a notebook printed is markup there."""

import hmac
from html import escape
from pathlib import Path

from workspace.jobs.runs import Run

_SHOWN_BYTES = 2_000_000
_REFRESH_SECONDS = 3
# Only the page's own style: no script, no picture, nothing fetched.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def page_key(token: str, run_id: int) -> str:
    """Return what opens a run's page in a browser, which has no token."""
    return hmac.digest(token.encode(), str(run_id).encode(), "sha256").hex()


def render(run: Run, output: Path) -> str:
    """Return the page as HTML."""
    outcome = run.outcome
    state = f"{run.life_cycle} {outcome.result}" if outcome else run.life_cycle
    refresh = "" if run.ended else f'<meta http-equiv="refresh" content="{_REFRESH_SECONDS}">'
    facts = {
        "Notebook": run.submission.notebook_path,
        "Parameters": ", ".join(f"{name}={value}" for name, value in run.submission.parameters.items()),
        "State": state,
        "Message": outcome.message if outcome else "",
        "Value": outcome.value if outcome else "",
    }
    rows = "".join(f"<tr><th>{name}<td>{escape(value)}" for name, value in facts.items() if value)
    failure = (
        f"<h2>Error</h2><pre>{escape(outcome.trace or outcome.error)}</pre>"
        if outcome and outcome.error
        else ""
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">{refresh}<title>Run {run.run_id}: {escape(run.submission.name)}</title>
<style>body {{font-family: sans-serif; margin: 2em}} th {{text-align: left; padding-right: 1em}}
pre {{background: #f4f4f4; padding: 1em; overflow-x: auto}}</style></head>
<body><h1>Run {run.run_id}: {escape(run.submission.name)}</h1><table>{rows}</table>{failure}
<h2>Output</h2><pre>{escape(_text(output))}</pre></body></html>
"""


def _text(output: Path) -> str:
    if not output.exists():
        return "There is none yet."
    with output.open("rb") as file:
        text = file.read(_SHOWN_BYTES).decode(errors="replace")
        return text + ("\n[the rest is not shown]" if file.read(1) else "")
