"""`python -m services.local`."""

from services.local.cli import app

app()
