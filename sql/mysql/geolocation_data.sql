-- Written by `make format` from contracts/tables.py. Posts: where and when; times are UTC.
CREATE TABLE geolocation_data (
    `ind` INT NOT NULL PRIMARY KEY,
    `timestamp` DATETIME(6),
    `latitude` DOUBLE,
    `longitude` DOUBLE,
    `country` VARCHAR(255)
) CHARACTER SET utf8mb4;
