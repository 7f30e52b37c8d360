-- What each role may do in the database pinterest; done after the migrations, at each start.
-- docs/contracts.md lists it too, and a test compares the two.

-- TRUNCATE and ANALYZE write the same rows of the catalogue as GRANT, which fails if it meets them: wait for them here.
DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT oid FROM pg_class
        WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('batch', 'speed', 'quarantine', 'ops')
        ORDER BY oid
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', relation);
    END LOOP;
END
$$;

REVOKE CREATE ON SCHEMA public FROM public;

-- What is not granted below is taken away: an earlier version granted more, and so may a session have.
REVOKE ALL ON SCHEMA public, batch, speed, serving, quarantine, ops, migrations
FROM analyst, batch_writer, speed_writer, emulator;
REVOKE ALL ON ALL TABLES IN SCHEMA batch, speed, serving, quarantine, ops, migrations
FROM analyst, batch_writer, speed_writer, emulator;
ALTER DEFAULT PRIVILEGES IN SCHEMA batch, speed, serving, quarantine, ops
REVOKE ALL ON TABLES FROM analyst, batch_writer, speed_writer, emulator;

GRANT USAGE ON SCHEMA batch, speed, serving, quarantine, ops, migrations TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA batch, speed, serving, quarantine, ops, migrations TO analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA batch, speed, serving, quarantine, ops GRANT SELECT ON TABLES TO analyst;

-- MAINTAIN (which sqlfluff does not know yet) is for ANALYZE: without it, the queries take twice as long
-- right after a large load.
GRANT USAGE ON SCHEMA batch, quarantine, ops TO batch_writer;
GRANT SELECT, INSERT, UPDATE, TRUNCATE, MAINTAIN ON ALL TABLES IN SCHEMA batch TO batch_writer; -- noqa: PRS
ALTER DEFAULT PRIVILEGES IN SCHEMA batch  -- noqa: PRS
GRANT SELECT, INSERT, UPDATE, TRUNCATE, MAINTAIN ON TABLES TO batch_writer;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN ON quarantine.batch TO batch_writer; -- noqa: PRS
GRANT SELECT, INSERT, UPDATE ON quarantine.replayed TO batch_writer;
GRANT INSERT ON ops.batch_runs, ops.batch_run_tables, ops.batch_run_offsets TO batch_writer;
GRANT SELECT (run_id) ON ops.batch_runs TO batch_writer; -- INSERT returns it
GRANT SELECT, INSERT, UPDATE ON ops.reconciliations, ops.query_answers TO batch_writer;

GRANT USAGE ON SCHEMA speed, quarantine, ops TO speed_writer;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA speed TO speed_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA speed GRANT SELECT, INSERT, UPDATE ON TABLES TO speed_writer;
GRANT SELECT, INSERT, UPDATE ON quarantine.stream TO speed_writer;
GRANT SELECT, INSERT, UPDATE ON ops.stream_progress TO speed_writer;

GRANT USAGE ON SCHEMA ops TO emulator;
GRANT INSERT ON ops.emulator_runs TO emulator;
