-- What to query: for each ind the row of the batch path, else that of the speed path.

CREATE OR REPLACE VIEW serving.pin AS
SELECT * FROM batch.pin
UNION ALL
SELECT * FROM speed.pin AS recent
WHERE NOT EXISTS (
    SELECT FROM batch.pin AS known
    WHERE known.ind = recent.ind
);

CREATE OR REPLACE VIEW serving.geo AS
SELECT * FROM batch.geo
UNION ALL
SELECT * FROM speed.geo AS recent
WHERE NOT EXISTS (
    SELECT FROM batch.geo AS known
    WHERE known.ind = recent.ind
);

CREATE OR REPLACE VIEW serving.users AS
SELECT * FROM batch.users
UNION ALL
SELECT * FROM speed.users AS recent
WHERE NOT EXISTS (
    SELECT FROM batch.users AS known
    WHERE known.ind = recent.ind
);

CREATE OR REPLACE VIEW serving.posts AS
SELECT
    pin.*,
    geo.country,
    geo.coordinates,
    geo.timestamp,
    users.user_name,
    users.age,
    users.date_joined
FROM serving.pin
LEFT JOIN serving.geo ON pin.ind = geo.ind
LEFT JOIN serving.users ON pin.ind = users.ind;

-- Ask it in the transaction of the queries whose rows it explains.
CREATE OR REPLACE VIEW serving.sides AS
SELECT
    'pin' AS table_name,
    (SELECT count(*) FROM batch.pin) AS from_batch,
    count(*) FILTER (WHERE known.ind IS NULL) AS from_speed,
    count(known.ind) AS covered
FROM speed.pin AS recent
LEFT JOIN batch.pin AS known ON recent.ind = known.ind
UNION ALL
SELECT
    'geo' AS table_name,
    (SELECT count(*) FROM batch.geo) AS from_batch,
    count(*) FILTER (WHERE known.ind IS NULL) AS from_speed,
    count(known.ind) AS covered
FROM speed.geo AS recent
LEFT JOIN batch.geo AS known ON recent.ind = known.ind
UNION ALL
SELECT
    'users' AS table_name,
    (SELECT count(*) FROM batch.users) AS from_batch,
    count(*) FILTER (WHERE known.ind IS NULL) AS from_speed,
    count(known.ind) AS covered
FROM speed.users AS recent
LEFT JOIN batch.users AS known ON recent.ind = known.ind;

COMMENT ON VIEW serving.pin IS 'Posts: what was pinned, and by whom; batch, else speed';
COMMENT ON VIEW serving.geo IS 'Posts: where and when; batch, else speed';
COMMENT ON VIEW serving.users IS 'Posts: the user of each; batch, else speed';
COMMENT ON VIEW serving.posts IS 'One row per post of pin; nulls where geo or users lacks its ind';
COMMENT ON VIEW serving.sides IS 'How many rows of pin, geo and users are served from each side';
COMMENT ON COLUMN serving.sides.from_batch IS 'Rows of the batch path, all of which are served';
COMMENT ON COLUMN serving.sides.from_speed IS 'Rows of the speed path that are served: batch lacks their ind';
COMMENT ON COLUMN serving.sides.covered IS 'Rows of the speed path that are not: batch has their ind';
