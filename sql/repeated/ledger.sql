-- Which migrations a database has. Alembic's table says where it stands, ours when each migration was applied.

CREATE SCHEMA IF NOT EXISTS migrations;

COMMENT ON SCHEMA migrations IS 'The numbered migrations of sql/migrations that this database has';

CREATE TABLE IF NOT EXISTS migrations.history (
    version text PRIMARY KEY,
    description text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE migrations.history IS 'One row per migration of this database, written in its transaction';
COMMENT ON COLUMN migrations.history.version IS 'Number of the file in sql/migrations';
