-- The schemas of the database pinterest, and its tables but for the cleaned ones: services/provision/cleaned_tables.py
-- makes those from their declaration.
--
-- A database that a version without migrations made has these tables already: here each statement leaves alone what is
-- there, so that such a database is taken over as it is. Later migrations need not be so careful.

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

-- Records of one ind may come from several shards, and a shard may be behind: the row of the latest record stays.
CREATE TABLE IF NOT EXISTS speed.places (
    table_name text NOT NULL,
    ind integer NOT NULL,
    arrived_at timestamptz NOT NULL,
    sequence_number numeric NOT NULL,
    shard text NOT NULL,
    PRIMARY KEY (table_name, ind)
);

COMMENT ON TABLE speed.places IS 'Which record of its stream each row of pin, geo and users was made from';
COMMENT ON COLUMN speed.places.table_name IS 'pin, geo or user';
COMMENT ON COLUMN speed.places.ind IS 'Number of the post';
COMMENT ON COLUMN speed.places.shard IS 'Shard of the stream';
COMMENT ON COLUMN speed.places.arrived_at IS 'When Kinesis took the record';
COMMENT ON COLUMN speed.places.sequence_number IS 'The record''s number in its shard; up to 56 digits';

-- Records that the batch job or the streaming writer rejected: not lost, but set aside with the reasons.

CREATE TABLE IF NOT EXISTS quarantine.batch (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    reasons text[] NOT NULL,
    raw text,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);

COMMENT ON TABLE quarantine.batch IS 'Records rejected by the batch job; one row per record, however often it is read';
COMMENT ON COLUMN quarantine.batch.topic IS 'Kafka topic of the record';
COMMENT ON COLUMN quarantine.batch.partition IS 'Partition of the topic';
COMMENT ON COLUMN quarantine.batch."offset" IS 'Offset in the partition';
COMMENT ON COLUMN quarantine.batch.reasons IS 'Why it was rejected: codes of spark_jobs/cleaning/reasons.py';
COMMENT ON COLUMN quarantine.batch.raw IS 'The record as it landed; the character NUL is shown as \x00';
COMMENT ON COLUMN quarantine.batch.quarantined_at IS 'When the run that first rejected it was committed';

-- A record that `make replay` took out of quarantine.batch; what it was mended to is what every later run reads of it.
CREATE TABLE IF NOT EXISTS quarantine.replayed (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    reasons text[] NOT NULL,
    raw text,
    quarantined_at timestamptz NOT NULL,
    mended text,
    run_id bigint NOT NULL,
    replayed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);

COMMENT ON TABLE quarantine.replayed IS 'Records that were in quarantine.batch until make replay found them sound';
COMMENT ON COLUMN quarantine.replayed.topic IS 'Kafka topic of the record';
COMMENT ON COLUMN quarantine.replayed.partition IS 'Partition of the topic';
COMMENT ON COLUMN quarantine.replayed."offset" IS 'Offset in the partition';
COMMENT ON COLUMN quarantine.replayed.reasons IS 'Why it had been rejected';
COMMENT ON COLUMN quarantine.replayed.raw IS 'The record as it landed; the character NUL is shown as \x00';
COMMENT ON COLUMN quarantine.replayed.quarantined_at IS 'When the run that rejected it was committed';
COMMENT ON COLUMN quarantine.replayed.mended IS 'What it was mended to; null if it passed as it landed';
COMMENT ON COLUMN quarantine.replayed.run_id IS 'The run of ops.batch_runs that took it in';
COMMENT ON COLUMN quarantine.replayed.replayed_at IS 'When that run was committed';

CREATE TABLE IF NOT EXISTS quarantine.stream (
    stream text NOT NULL,
    shard text NOT NULL,
    sequence_number numeric NOT NULL,
    partition_key text NOT NULL,
    arrived_at timestamptz NOT NULL,
    reasons text[] NOT NULL,
    raw text,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, shard, sequence_number)
);

COMMENT ON TABLE quarantine.stream IS 'Records rejected by the streaming writer; one row per record';
COMMENT ON COLUMN quarantine.stream.stream IS 'Kinesis stream of the record';
COMMENT ON COLUMN quarantine.stream.sequence_number IS 'The record''s number in its shard; up to 56 digits';
COMMENT ON COLUMN quarantine.stream.arrived_at IS 'When Kinesis took the record';
COMMENT ON COLUMN quarantine.stream.reasons IS 'Why it was rejected: codes of spark_jobs/cleaning/reasons.py';
COMMENT ON COLUMN quarantine.stream.raw IS 'The record''s data; bytes that are not UTF-8, and NUL, as \x00';
COMMENT ON COLUMN quarantine.stream.quarantined_at IS 'When the micro-batch that first rejected it was committed';

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

-- What the reconciliation goes by, and what it found; and the answers of each scheduled run.

CREATE TABLE IF NOT EXISTS ops.emulator_runs (
    emulator_run_id uuid NOT NULL,
    destination text NOT NULL,
    route text NOT NULL CHECK (route IN ('batch', 'stream')),
    read bigint NOT NULL,
    acknowledged bigint NOT NULL,
    failed bigint NOT NULL,
    seconds double precision NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (emulator_run_id, destination),
    CHECK (read = acknowledged + failed)
);

COMMENT ON TABLE ops.emulator_runs IS 'The emulator''s ledger: one row per run and topic or stream';
COMMENT ON COLUMN ops.emulator_runs.destination IS 'Name of the topic or stream';
COMMENT ON COLUMN ops.emulator_runs.read IS 'Records read from the source';
COMMENT ON COLUMN ops.emulator_runs.acknowledged IS 'Records acknowledged; some may be there twice';

CREATE TABLE IF NOT EXISTS ops.reconciliations (
    dag_run_id text NOT NULL,
    table_name text NOT NULL,
    row_count bigint NOT NULL,
    quarantined bigint NOT NULL,
    read bigint NOT NULL,
    null_rates jsonb NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (dag_run_id, table_name)
);

COMMENT ON TABLE ops.reconciliations IS 'What each scheduled run served, by table: the next one is measured against it';
COMMENT ON COLUMN ops.reconciliations.row_count IS 'Rows served';
COMMENT ON COLUMN ops.reconciliations.read IS 'Records read since the last rebuild';
COMMENT ON COLUMN ops.reconciliations.null_rates IS 'Share of nulls by column, 0 to 1';

CREATE TABLE IF NOT EXISTS ops.query_answers (
    dag_run_id text NOT NULL,
    query integer NOT NULL,
    title text NOT NULL,
    columns text[] NOT NULL,
    answer jsonb NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (dag_run_id, query)
);

COMMENT ON TABLE ops.query_answers IS 'The nine answers of each scheduled run; a run that is repeated renews its own';
COMMENT ON COLUMN ops.query_answers.query IS 'Number of the query in sql/queries';
COMMENT ON COLUMN ops.query_answers.answer IS 'Rows in the query''s order, each an array in the order of columns';
