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

GRANT USAGE ON SCHEMA ops TO emulator;
GRANT INSERT ON ops.emulator_runs TO emulator;
GRANT SELECT, INSERT, UPDATE ON ops.reconciliations, ops.query_answers TO batch_writer;
