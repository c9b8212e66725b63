-- The national register of animal hospitals, as it was imported last.

-- +goose Up
CREATE TABLE hospitals (
    place   BIGINT NOT NULL PRIMARY KEY, -- in the register
    name    VARCHAR(200) NOT NULL,
    address VARCHAR(500) NOT NULL,
    phone   VARCHAR(100) NOT NULL,
    lat     DOUBLE NOT NULL,
    lon     DOUBLE NOT NULL
) {table};

-- One row, whose version rises with each import: by it a process knows whether the register that it read is the newest.
CREATE TABLE hospital_register (
    id      BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
) {compact};
REPLACE INTO hospital_register (id, version) VALUES (1, 0);
