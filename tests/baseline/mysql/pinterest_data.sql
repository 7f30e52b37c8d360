-- The posts. The column is named as in the original, though INDEX is a reserved word: quote it.
CREATE TABLE pinterest_data (
    `index` INT NOT NULL PRIMARY KEY,
    unique_id VARCHAR(255),
    title TEXT,
    description TEXT,
    poster_name TEXT,
    follower_count VARCHAR(255),
    tag_list TEXT,
    is_image_or_video VARCHAR(255),
    image_src TEXT,
    downloaded INT,
    save_location TEXT,
    category VARCHAR(255)
) CHARACTER SET utf8mb4;
