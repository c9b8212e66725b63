-- One set of statements for SQLite and for MySQL, MariaDB and TiDB; what differs between them stands in braces and is
-- filled in by dialect.go. Times are Unix milliseconds, UTC; 0 where there is none. There are no foreign keys: on
-- InnoDB each would lock its parent row at every insert, and nothing here is ever deleted but by Prune. A server keeps
-- what a migration did before it was broken off, and runs all of it again: CREATE and ADD COLUMN pass over what is there,
-- see resume.go, and other statements must do no harm twice.

-- +goose Up
CREATE TABLE vets (
    id            CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    login         VARCHAR(100) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    name          VARCHAR(100) NOT NULL,
    img           VARCHAR(500) NOT NULL,
    location      VARCHAR(200) NOT NULL,
    description   MEDIUMTEXT NOT NULL,
    licence_no    VARCHAR(100) NOT NULL,
    lat           DOUBLE,
    lon           DOUBLE,
    languages     MEDIUMTEXT NOT NULL, -- JSON
    time_zone     VARCHAR(64) NOT NULL,
    hours         MEDIUMTEXT NOT NULL, -- JSON
    search        MEDIUMTEXT NOT NULL, -- name, location and description in lower case
    permits_rev   BIGINT NOT NULL,
    online        BOOLEAN NOT NULL,
    online_since  BIGINT NOT NULL,
    rev           BIGINT NOT NULL,
    version       BIGINT NOT NULL
) {table};
CREATE UNIQUE INDEX vets_login ON vets (login);
CREATE INDEX vets_name ON vets (name, id);
CREATE INDEX vets_online ON vets (online);

CREATE TABLE permits (
    vet_id         CHAR(36) {ascii} NOT NULL,
    place          BIGINT NOT NULL, -- in the vet's list
    number         VARCHAR(255) NOT NULL,
    areas          VARCHAR(255) NOT NULL, -- ",skin,eye,"
    follow_up_only BOOLEAN NOT NULL,
    valid_from     CHAR(10) {ascii} NOT NULL, -- 2026-12-25
    valid_until    CHAR(10) {ascii} NOT NULL,
    PRIMARY KEY (vet_id, place)
) {table};

CREATE TABLE presence (
    vet_id  CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
) {table};

CREATE TABLE reservations (
    id             CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    number         CHAR(9) {ascii} NOT NULL,
    vet_id         CHAR(36) {ascii} NOT NULL,
    room_id        CHAR(36) {ascii} NOT NULL,
    kind           VARCHAR(16) {ascii} NOT NULL,
    state          VARCHAR(16) {ascii} NOT NULL,
    start_at       BIGINT NOT NULL,
    end_at         BIGINT NOT NULL,
    owner_name     VARCHAR(100) NOT NULL,
    owner_phone    VARCHAR(32) {ascii} NOT NULL,
    owner_email    VARCHAR(255) NOT NULL,
    owner_locale   VARCHAR(16) {ascii} NOT NULL,
    pet_name       VARCHAR(100) NOT NULL,
    pet_breed      VARCHAR(100) NOT NULL,
    pet_birth_year BIGINT NOT NULL,
    pet_weight_kg  DOUBLE NOT NULL,
    area           VARCHAR(16) {ascii} NOT NULL,
    prior_visit_on CHAR(10) {ascii} NOT NULL,
    symptoms       MEDIUMTEXT NOT NULL,
    screening_id   VARCHAR(36) NOT NULL,
    created_at     BIGINT NOT NULL,
    cancelled_by   VARCHAR(16) {ascii} NOT NULL,
    reason_code    VARCHAR(16) {ascii} NOT NULL,
    reason         MEDIUMTEXT NOT NULL,
    sequence       BIGINT NOT NULL,
    rev            BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    numbered       BIGINT NOT NULL -- the highest version that any of its events was given
) {table};
CREATE UNIQUE INDEX reservations_number ON reservations (number);
CREATE INDEX reservations_vet ON reservations (vet_id, end_at, start_at, state);
CREATE INDEX reservations_phone ON reservations (owner_phone, state, end_at);

CREATE TABLE rooms (
    id              CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    reservation_id  CHAR(36) {ascii} NOT NULL,
    vet_id          CHAR(36) {ascii} NOT NULL,
    opens_at        BIGINT NOT NULL,
    closes_at       BIGINT NOT NULL,
    opened_by       VARCHAR(16) {ascii} NOT NULL,
    closed_at       BIGINT NOT NULL,
    close_reason    VARCHAR(16) {ascii} NOT NULL,
    delayed_minutes BIGINT NOT NULL,
    rev             BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    open_version    BIGINT NOT NULL,
    close_version   BIGINT NOT NULL,
    numbered        BIGINT NOT NULL,
    owner_epoch     BIGINT NOT NULL DEFAULT 0, -- of the owner's seat
    vet_epoch       BIGINT NOT NULL DEFAULT 0
) {table};
CREATE UNIQUE INDEX rooms_reservation ON rooms (reservation_id);
CREATE INDEX rooms_opens ON rooms (opens_at);

-- Occupancy: one row for each five minutes of a vet's time that a reservation touches. The key is what keeps two
-- reservations from one time.
CREATE TABLE cells (
    vet_id         CHAR(36) {ascii} NOT NULL,
    cell           BIGINT NOT NULL,
    reservation_id CHAR(36) {ascii} NOT NULL,
    PRIMARY KEY (vet_id, cell)
) {compact};

-- The due outbox. A row does not change but for its claim and its mark.
CREATE TABLE outbox (
    id             CHAR(36) {ascii} NOT NULL PRIMARY KEY, -- also the event's id
    aggregate      VARCHAR(16) {ascii} NOT NULL,
    aggregate_id   CHAR(36) {ascii} NOT NULL,
    version        BIGINT NOT NULL,
    kind           VARCHAR(32) {ascii} NOT NULL,
    reservation_id CHAR(36) {ascii} NOT NULL, -- or ''
    party          VARCHAR(16) {ascii} NOT NULL,
    stream         VARCHAR(16) {ascii} NOT NULL,
    subject        VARCHAR(100) {ascii} NOT NULL,
    body           MEDIUMBLOB NOT NULL,
    due_at         BIGINT NOT NULL,
    epoch          BIGINT, -- of the lease that claimed it
    claim          VARCHAR(64) {ascii},
    published_at   BIGINT,
    stream_seq     BIGINT
) {table};
-- What waits is found in order of due_at behind published_at IS NULL, what went in order of its going.
CREATE INDEX outbox_order ON outbox (stream, published_at, due_at, version, id);
CREATE INDEX outbox_aggregate ON outbox (aggregate_id, version);

CREATE TABLE leases (
    name       VARCHAR(64) {ascii} NOT NULL PRIMARY KEY,
    owner      VARCHAR(100) NOT NULL,
    epoch      BIGINT NOT NULL,
    held_until BIGINT NOT NULL
) {table};

CREATE TABLE timeline (
    id             {serial},
    reservation_id CHAR(36) {ascii} NOT NULL,
    happened_at    BIGINT NOT NULL,
    what           VARCHAR(32) {ascii} NOT NULL,
    party          VARCHAR(16) {ascii} NOT NULL,
    once           VARCHAR(32) {ascii} -- set where only the first counts
) {table};
CREATE UNIQUE INDEX timeline_once ON timeline (reservation_id, once);

CREATE TABLE links (
    hash           BINARY(32) NOT NULL PRIMARY KEY, -- SHA-256 of the token
    reservation_id CHAR(36) {ascii} NOT NULL,
    expires_at     BIGINT NOT NULL
) {compact};
CREATE INDEX links_reservation ON links (reservation_id);
CREATE INDEX links_expires ON links (expires_at);

CREATE TABLE grants (
    session        VARCHAR(100) {ascii} NOT NULL,
    reservation_id CHAR(36) {ascii} NOT NULL,
    expires_at     BIGINT NOT NULL,
    PRIMARY KEY (session, reservation_id)
) {compact};
CREATE INDEX grants_reservation ON grants (reservation_id);
CREATE INDEX grants_expires ON grants (expires_at);

CREATE TABLE revocations (
    session    VARCHAR(100) {ascii} NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
) {compact};
CREATE INDEX revocations_expires ON revocations (expires_at);

CREATE TABLE idempotency_keys (
    id             BINARY(32) NOT NULL PRIMARY KEY,
    body           BINARY(32) NOT NULL,
    reservation_id CHAR(36) {ascii} NOT NULL,
    used_at        BIGINT NOT NULL
) {compact};
CREATE INDEX idempotency_keys_used ON idempotency_keys (used_at);

CREATE TABLE pictures (
    name VARCHAR(80) {ascii} NOT NULL PRIMARY KEY, -- SHA-256 of the body in hexadecimal, and its kind: "….jpg"
    body MEDIUMBLOB NOT NULL
) {table};
