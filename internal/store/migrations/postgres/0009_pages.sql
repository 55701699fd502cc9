-- +goose Up
-- Incidents are read in pages, newest first.
CREATE INDEX incidents_by_time ON incidents (opened_at, key);
-- Actions of one incident.
CREATE INDEX actions_by_incident ON actions (incident);
