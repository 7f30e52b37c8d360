-- Runs of the batch job: what each read, what became of it, how long it took.

CREATE TABLE IF NOT EXISTS ops.batch_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mode text NOT NULL CHECK (mode IN ('incremental', 'rebuild', 'full', 'replay')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seconds jsonb NOT NULL,
    error text
);

-- Where an earlier version made the table, it knew no replays.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conname = 'batch_runs_mode_check' AND pg_get_constraintdef(oid) LIKE '%replay%'
    ) THEN
        ALTER TABLE ops.batch_runs DROP CONSTRAINT batch_runs_mode_check;
        ALTER TABLE ops.batch_runs ADD CONSTRAINT batch_runs_mode_check
        CHECK (mode IN ('incremental', 'rebuild', 'full', 'replay'));
    END IF;
END
$$;

-- Where an earlier version made the table, it had no such column.
ALTER TABLE ops.batch_runs ADD COLUMN IF NOT EXISTS bucket_id uuid;

COMMENT ON TABLE ops.batch_runs IS 'One row per run of the batch job that found something to do, and per make replay';
COMMENT ON COLUMN ops.batch_runs.mode IS
'incremental; rebuild: there was no progress in the bucket; full: asked for; replay: by make replay';
COMMENT ON COLUMN ops.batch_runs.seconds IS 'Seconds of each step of the whole run';
COMMENT ON COLUMN ops.batch_runs.error IS 'Why the run failed; null if it did not';
COMMENT ON COLUMN ops.batch_runs.bucket_id IS
'The bucket that the run wrote into: a lost one has another id than its successor; null where it had none';

CREATE TABLE IF NOT EXISTS ops.batch_run_tables (
    run_id bigint NOT NULL REFERENCES ops.batch_runs ON DELETE CASCADE,
    table_name text NOT NULL,
    read bigint NOT NULL,
    cleaned bigint NOT NULL,
    duplicate bigint NOT NULL,
    quarantined bigint NOT NULL,
    reasons jsonb NOT NULL,
    warnings jsonb NOT NULL,
    seconds jsonb NOT NULL,
    PRIMARY KEY (run_id, table_name),
    CHECK (read = cleaned + duplicate + quarantined)
);

COMMENT ON TABLE ops.batch_run_tables IS 'What became of the records of a table in a run';
COMMENT ON COLUMN ops.batch_run_tables.cleaned IS 'Rows inserted or updated';
COMMENT ON COLUMN ops.batch_run_tables.duplicate IS 'Records older than another one with the same ind';
COMMENT ON COLUMN ops.batch_run_tables.reasons IS 'Quarantined records by reason; a record may have several';
COMMENT ON COLUMN ops.batch_run_tables.quarantined IS 'Rejected records; below zero in a replay, which took them out';
COMMENT ON COLUMN ops.batch_run_tables.warnings IS 'Values that could not be read and became null, by kind';
COMMENT ON COLUMN ops.batch_run_tables.seconds IS 'Seconds of each step of this table; tables run side by side';

CREATE TABLE IF NOT EXISTS ops.batch_run_offsets (
    run_id bigint NOT NULL REFERENCES ops.batch_runs ON DELETE CASCADE,
    topic text NOT NULL,
    partition integer NOT NULL,
    first_offset bigint NOT NULL,
    end_offset bigint NOT NULL,
    missing bigint NOT NULL,
    PRIMARY KEY (run_id, topic, partition)
);

COMMENT ON TABLE ops.batch_run_offsets IS 'The offsets that a run read: first_offset up to end_offset, exclusive';
COMMENT ON COLUMN ops.batch_run_offsets.missing IS 'Offsets of the range that never landed (Kafka''s retention)';

GRANT USAGE ON SCHEMA ops TO batch_writer;
GRANT SELECT, INSERT ON ops.batch_runs, ops.batch_run_tables, ops.batch_run_offsets TO batch_writer;
-- Rows to merge are staged in a temporary table: unlogged, and gone with its session, however that ends.
GRANT TEMPORARY ON DATABASE pinterest TO batch_writer;

-- The streaming queries that write into this database: the last micro-batch, and all counts so far.
CREATE TABLE IF NOT EXISTS ops.stream_progress (
    query text NOT NULL,
    query_id uuid NOT NULL,
    batch_id bigint NOT NULL,
    read bigint NOT NULL,
    cleaned bigint NOT NULL,
    duplicate bigint NOT NULL,
    quarantined bigint NOT NULL,
    warnings bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (query, query_id),
    CHECK (read = cleaned + duplicate + quarantined)
);

COMMENT ON TABLE ops.stream_progress IS 'One row per streaming query and checkpoint: what became of its records';
COMMENT ON COLUMN ops.stream_progress.query_id IS 'Spark''s id of the query, kept in its checkpoint';
COMMENT ON COLUMN ops.stream_progress.batch_id IS 'The last committed micro-batch; none up to it is written again';
COMMENT ON COLUMN ops.stream_progress.duplicate IS 'Records older than another one with the same ind';
COMMENT ON COLUMN ops.stream_progress.warnings IS 'Values that could not be read and became null';

GRANT USAGE ON SCHEMA ops TO speed_writer;
GRANT SELECT, INSERT, UPDATE ON ops.stream_progress TO speed_writer;
