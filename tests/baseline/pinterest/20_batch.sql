-- The cleaned posts of the batch path. One post is one row in each of the three tables, under the same ind.
-- No index but the keys: the nine queries read whole tables, and at 1,000,000 posts covering indexes (136 MB) gained
-- nothing that could be told from noise.

CREATE TABLE IF NOT EXISTS batch.pin (
    ind integer PRIMARY KEY,
    unique_id text,
    title text,
    description text,
    follower_count bigint,
    poster_name text,
    tag_list text,
    is_image_or_video text,
    image_src text,
    save_location text,
    category text
);

COMMENT ON TABLE batch.pin IS 'Posts: what was pinned, and by whom';
COMMENT ON COLUMN batch.pin.ind IS 'Number of the post, the same in pin, geo and users';
COMMENT ON COLUMN batch.pin.unique_id IS 'Identifier of the post at its source (a UUID as text)';
COMMENT ON COLUMN batch.pin.title IS 'Title, on one line';
COMMENT ON COLUMN batch.pin.description IS 'Description, on one line; long ones were cut at the source';
COMMENT ON COLUMN batch.pin.follower_count IS 'Followers of the poster; 124k at the source is 124000';
COMMENT ON COLUMN batch.pin.poster_name IS 'Who posted; not the user of the table users';
COMMENT ON COLUMN batch.pin.tag_list IS 'Tags, joined by commas, without #';
COMMENT ON COLUMN batch.pin.is_image_or_video IS 'image, video or multi-video(story page format)';
COMMENT ON COLUMN batch.pin.image_src IS 'Address of the image';
COMMENT ON COLUMN batch.pin.save_location IS 'Path where the image was saved';
COMMENT ON COLUMN batch.pin.category IS 'Category of the post, such as home-decor';

CREATE TABLE IF NOT EXISTS batch.geo (
    ind integer PRIMARY KEY,
    country text,
    coordinates double precision[],
    timestamp timestamptz
);

COMMENT ON TABLE batch.geo IS 'Posts: where and when';
COMMENT ON COLUMN batch.geo.ind IS 'Number of the post, the same in pin, geo and users';
COMMENT ON COLUMN batch.geo.country IS 'Country; unrelated to the coordinates at the source';
COMMENT ON COLUMN batch.geo.coordinates IS 'Latitude, longitude, in degrees; null unless both are known';
COMMENT ON COLUMN batch.geo.timestamp IS 'When it was posted';

CREATE TABLE IF NOT EXISTS batch.users (
    ind integer PRIMARY KEY,
    user_name text,
    age integer,
    date_joined timestamptz
);

COMMENT ON TABLE batch.users IS 'Posts: the user of each; one user has many posts';
COMMENT ON COLUMN batch.users.ind IS 'Number of the post, the same in pin, geo and users';
COMMENT ON COLUMN batch.users.user_name IS 'First and last name';
COMMENT ON COLUMN batch.users.age IS 'Age in years, 0 to 150';
COMMENT ON COLUMN batch.users.date_joined IS 'When the user joined';
