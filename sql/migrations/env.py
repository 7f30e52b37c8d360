"""Run the migrations: Alembic executes this file, with what services/provision/migrations.py gives it."""

from alembic import context

context.configure(**context.config.attributes["options"])
context.run_migrations()
