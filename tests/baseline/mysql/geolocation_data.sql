-- Where and when each post was posted; times are UTC.
CREATE TABLE geolocation_data (
    ind INT NOT NULL PRIMARY KEY,
    timestamp DATETIME(6),
    latitude DOUBLE,
    longitude DOUBLE,
    country VARCHAR(255)
) CHARACTER SET utf8mb4;
