-- What an entry of a timeline says beside what happened: a few short words of ours, such as how well a call went.

-- +goose Up
ALTER TABLE timeline ADD COLUMN detail VARCHAR(64) {ascii} NOT NULL DEFAULT '';
