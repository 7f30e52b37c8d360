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

COMMENT ON VIEW serving.pin IS 'Posts: what was pinned, and by whom; batch, else speed';
COMMENT ON VIEW serving.geo IS 'Posts: where and when; batch, else speed';
COMMENT ON VIEW serving.users IS 'Posts: the user of each; batch, else speed';
COMMENT ON VIEW serving.posts IS 'One row per post of pin; nulls where geo or users lacks its ind';
