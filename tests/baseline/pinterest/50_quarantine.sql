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

GRANT USAGE ON SCHEMA quarantine TO batch_writer;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN ON quarantine.batch TO batch_writer; -- noqa: PRS

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

GRANT SELECT, INSERT, UPDATE ON quarantine.replayed TO batch_writer;

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

GRANT USAGE ON SCHEMA quarantine TO speed_writer;
GRANT SELECT, INSERT, UPDATE ON quarantine.stream TO speed_writer;
