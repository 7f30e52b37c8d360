"""First schema."""

from services.provision.migrations import from_sql

revision, down_revision = "0001", None
upgrade = from_sql(__file__)
