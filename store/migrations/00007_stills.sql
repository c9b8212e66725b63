-- The photos that are taken during visits. As in 00001 there are no foreign keys.

-- +goose Up
CREATE TABLE stills (
    id             CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    reservation_id CHAR(36) {ascii} NOT NULL,
    taken_at       BIGINT NOT NULL,
    party          VARCHAR(16) {ascii} NOT NULL, -- whose browser stored it
    width          BIGINT NOT NULL, -- pixels
    height         BIGINT NOT NULL,
    marks          MEDIUMTEXT NOT NULL, -- JSON
    screening_id   VARCHAR(36) {ascii} NOT NULL, -- or ''
    rev            BIGINT NOT NULL,
    named          BINARY(32), -- by whoever sent it, so that the same sent again is kept once; or NULL
    body           BINARY(32) -- SHA-256 of what was sent under that name
) {table};
CREATE INDEX stills_taken ON stills (reservation_id, taken_at);
CREATE UNIQUE INDEX stills_named ON stills (reservation_id, named);

-- A photo in pieces: TiDB keeps no row of more than six million bytes.
CREATE TABLE still_photos (
    still_id CHAR(36) {ascii} NOT NULL,
    part     BIGINT NOT NULL, -- 0 is the small one, whole; the photo is from 1 on
    body     MEDIUMBLOB NOT NULL, -- JPEG
    PRIMARY KEY (still_id, part)
) {table};
