"""`python -m services.local`."""

from services.common.command import run_commands
from services.local.cli import app

run_commands(app, "make")
