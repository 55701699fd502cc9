-- +goose Up
-- Drills that were held through the service: nothing in them is live, and nothing live refers to them.
CREATE TABLE drills (
    id    TEXT PRIMARY KEY NOT NULL,
    at    BIGINT NOT NULL,
    drill TEXT NOT NULL, -- name of the scenario
    by_id TEXT NOT NULL,
    body  TEXT NOT NULL
);
CREATE INDEX drills_by_time ON drills (at);
