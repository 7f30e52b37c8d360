-- The cleaned posts of the speed path: the batch path's tables again, columns, keys and comments included.

CREATE TABLE IF NOT EXISTS speed.pin (LIKE batch.pin INCLUDING ALL);
CREATE TABLE IF NOT EXISTS speed.geo (LIKE batch.geo INCLUDING ALL);
CREATE TABLE IF NOT EXISTS speed.users (LIKE batch.users INCLUDING ALL);

COMMENT ON TABLE speed.pin IS 'Posts as streamed: what was pinned, and by whom';
COMMENT ON TABLE speed.geo IS 'Posts as streamed: where and when';
COMMENT ON TABLE speed.users IS 'Posts as streamed: the user of each; one user has many posts';

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

-- The tables above are older than these default privileges where an earlier version made them.
GRANT SELECT, INSERT, UPDATE, DELETE ON speed.pin, speed.geo, speed.users, speed.places TO speed_writer;
