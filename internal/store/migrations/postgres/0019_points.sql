-- +goose Up
-- What a write cost, with what was read since the one before.
ALTER TABLE writes ADD COLUMN points BIGINT NOT NULL DEFAULT 5;
