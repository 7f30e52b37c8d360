-- The schemas of the database pinterest and what each role may do in them.
-- Default privileges come before the first table, so that they hold for every table that a later file makes.

CREATE SCHEMA IF NOT EXISTS batch;
CREATE SCHEMA IF NOT EXISTS speed;
CREATE SCHEMA IF NOT EXISTS serving;
CREATE SCHEMA IF NOT EXISTS quarantine;
CREATE SCHEMA IF NOT EXISTS ops;

COMMENT ON SCHEMA batch IS 'Cleaned posts of the batch path: complete up to its last run';
COMMENT ON SCHEMA speed IS 'Cleaned posts of the speed path: seconds old';
COMMENT ON SCHEMA serving IS 'What to query: batch and speed merged, one row per ind';
COMMENT ON SCHEMA quarantine IS 'Rejected records, with their reasons and where they came from';
COMMENT ON SCHEMA ops IS 'Runs of the jobs: what they read, wrote and rejected, and how long it took';

REVOKE CREATE ON SCHEMA public FROM public;

GRANT USAGE ON SCHEMA batch, speed, serving, quarantine, ops TO analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA batch, speed, serving, quarantine, ops GRANT SELECT ON TABLES TO analyst;

-- MAINTAIN (which sqlfluff does not know yet) is for ANALYZE: without it, the queries take twice as long
-- right after a large load.
GRANT USAGE ON SCHEMA batch TO batch_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA batch  -- noqa: PRS
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN ON TABLES TO batch_writer;

GRANT USAGE ON SCHEMA speed TO speed_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA speed GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO speed_writer;
