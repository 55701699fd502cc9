-- +goose Up
-- When a fix of a class was first known for a package of a project, whatever its version; kept from row to row, 0: never.
ALTER TABLE decisions ADD COLUMN fix_at BIGINT NOT NULL DEFAULT 0;
-- Whether there is a fix stands in the packed body: the next run says what stands anew, and notes it.
UPDATE decisions SET fingerprint = '' WHERE ended_at = 0;
