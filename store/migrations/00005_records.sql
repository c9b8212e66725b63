-- What is kept of a visit beside the reservation: the vet's record, what was said in the chat, and the mails about it.

-- +goose Up
CREATE TABLE records (
    reservation_id CHAR(36) {ascii} NOT NULL,
    version        BIGINT NOT NULL, -- from 1; no row is ever changed
    vet_id         CHAR(36) {ascii} NOT NULL,
    written_at     BIGINT NOT NULL,
    subjective     MEDIUMTEXT NOT NULL,
    objective      MEDIUMTEXT NOT NULL,
    assessment     MEDIUMTEXT NOT NULL,
    plan           MEDIUMTEXT NOT NULL,
    aftercare      MEDIUMTEXT NOT NULL,
    visit_advised  BOOLEAN NOT NULL,
    PRIMARY KEY (reservation_id, version)
) {table};

CREATE TABLE chats (
    id             {serial},
    reservation_id CHAR(36) {ascii} NOT NULL,
    said_at        BIGINT NOT NULL,
    party          VARCHAR(16) {ascii} NOT NULL,
    body           MEDIUMTEXT NOT NULL,
    named          VARCHAR(80) {ascii} -- by its sender, behind the sender's role; or NULL
) {table};
CREATE UNIQUE INDEX chats_named ON chats (reservation_id, named);

-- A mail is a row without address or words: both are the reservation's at the time of sending.
CREATE TABLE mails (
    reservation_id CHAR(36) {ascii} NOT NULL,
    kind           VARCHAR(16) {ascii} NOT NULL,
    sequence       BIGINT NOT NULL, -- the reservation's; of reminders the start
    vet_id         CHAR(36) {ascii} NOT NULL, -- what the mail says,
    start_at       BIGINT NOT NULL,           -- and what must still be so when it is sent
    due_at         BIGINT NOT NULL,           -- when it is tried next
    tries          BIGINT NOT NULL,
    claim          VARCHAR(64) {ascii} NOT NULL,
    claimed_until  BIGINT NOT NULL,
    done_at        BIGINT NOT NULL, -- 0 while it waits
    outcome        VARCHAR(16) {ascii} NOT NULL,
    PRIMARY KEY (reservation_id, kind, sequence)
) {compact};
CREATE INDEX mails_due ON mails (done_at, due_at);
