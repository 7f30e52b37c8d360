-- Who posted each post; times are UTC.
CREATE TABLE user_data (
    ind INT NOT NULL PRIMARY KEY,
    first_name VARCHAR(255),
    last_name VARCHAR(255),
    age INT,
    date_joined DATETIME(6)
) CHARACTER SET utf8mb4;
