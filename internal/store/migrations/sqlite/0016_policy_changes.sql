-- +goose Up
-- Policies that two people put in force beside those of the configuration, and what else was proposed.
CREATE TABLE policy_changes (
    id     TEXT PRIMARY KEY NOT NULL,
    at     BIGINT NOT NULL,
    policy TEXT NOT NULL,
    state  TEXT NOT NULL,
    holds  BIGINT NOT NULL, -- 1: it is agreed to, and nothing took its place
    body   TEXT NOT NULL,
    texts  TEXT NOT NULL -- the policy and its cases, which are not read for a list
);
CREATE INDEX policy_changes_by_time ON policy_changes (at);
CREATE UNIQUE INDEX policy_changes_that_hold ON policy_changes (policy) WHERE holds = 1;
