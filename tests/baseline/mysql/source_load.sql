-- What the tables beside this one were loaded from: one row, written last.
-- Without it, a load was cut short.
CREATE TABLE source_load (
    origin TEXT NOT NULL,
    loaded_at DATETIME NOT NULL
) CHARACTER SET utf8mb4;
