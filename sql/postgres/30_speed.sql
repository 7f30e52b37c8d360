-- The cleaned posts of the speed path: the batch path's tables again, columns, keys and comments included.

CREATE TABLE IF NOT EXISTS speed.pin (LIKE batch.pin INCLUDING ALL);
CREATE TABLE IF NOT EXISTS speed.geo (LIKE batch.geo INCLUDING ALL);
CREATE TABLE IF NOT EXISTS speed.users (LIKE batch.users INCLUDING ALL);

COMMENT ON TABLE speed.pin IS 'Posts as streamed: what was pinned, and by whom';
COMMENT ON TABLE speed.geo IS 'Posts as streamed: where and when';
COMMENT ON TABLE speed.users IS 'Posts as streamed: the user of each; one user has many posts';
