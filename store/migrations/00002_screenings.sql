-- Photos of skin, what was seen in them, and which reservations have them. As in 00001 there are no foreign keys.

-- +goose Up
CREATE TABLE screenings (
    id            CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    session       VARCHAR(100) {ascii} NOT NULL,
    body_part     VARCHAR(100) NOT NULL,
    state         VARCHAR(16) {ascii} NOT NULL,
    quality       MEDIUMTEXT NOT NULL, -- JSON
    model         VARCHAR(200) NOT NULL,
    findings      MEDIUMTEXT NOT NULL, -- JSON
    reason_code   VARCHAR(16) {ascii} NOT NULL,
    reviewed_by   VARCHAR(36) {ascii} NOT NULL,
    agrees        BOOLEAN NOT NULL,
    finding       VARCHAR(16) {ascii} NOT NULL,
    reviewed_at   BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL,
    rev           BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    attached      BIGINT NOT NULL DEFAULT 0, -- reservations that have it
    claim         VARCHAR(64) {ascii} NOT NULL DEFAULT '', -- of the worker that looks at it
    claimed_until BIGINT NOT NULL DEFAULT 0 -- from when on anybody may claim it
) {table};
-- What waits is found behind state = 'queued', and what ended lately behind the other states.
CREATE INDEX screenings_waiting ON screenings (state, claimed_until, created_at);
CREATE INDEX screenings_ended ON screenings (ended_at);
CREATE INDEX screenings_kept ON screenings (attached, created_at);

CREATE TABLE screening_photos (
    screening_id CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    body         MEDIUMBLOB NOT NULL -- JPEG
) {table};

CREATE TABLE attachments (
    screening_id   CHAR(36) {ascii} NOT NULL,
    reservation_id CHAR(36) {ascii} NOT NULL,
    PRIMARY KEY (screening_id, reservation_id)
) {compact};
