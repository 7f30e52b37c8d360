"""`python -m stack.local`."""

from common.command import run_commands
from stack.local.cli import app

run_commands(app, "make")
