-- +goose Up
-- Until when the process that is carrying an action out has it to itself; 0: nobody has it.
ALTER TABLE actions ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;
