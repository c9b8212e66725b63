-- Requests for a consultation now. rung_vet is set while one rings, and a vet is rung by one at a time: that is its key.

-- +goose Up
CREATE TABLE instant_requests (
    id             CHAR(36) {ascii} NOT NULL PRIMARY KEY,
    session        VARCHAR(100) {ascii} NOT NULL,
    wanted_vet     VARCHAR(36) {ascii} NOT NULL, -- or ''
    state          VARCHAR(16) {ascii} NOT NULL,
    standing       BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    vet_id         VARCHAR(36) {ascii} NOT NULL, -- or ''
    rung_vet       CHAR(36) {ascii},
    ring_ends      BIGINT NOT NULL,
    settled_at     BIGINT NOT NULL,
    reservation_id VARCHAR(36) {ascii} NOT NULL, -- or ''
    steps          MEDIUMTEXT NOT NULL, -- JSON
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
    rev            BIGINT NOT NULL
) {table};
CREATE UNIQUE INDEX instant_requests_rung ON instant_requests (rung_vet);
CREATE INDEX instant_requests_standing ON instant_requests (standing, created_at);
CREATE INDEX instant_requests_settled ON instant_requests (state, settled_at);
CREATE INDEX instant_requests_phone ON instant_requests (owner_phone, standing);
