-- +goose Up
-- What the overview asks for: what asked for more than to be watched, over time, and what happened lately.
CREATE INDEX decisions_grave ON decisions (decided_at, ended_at, response, project, private) WHERE response IN ('emergency', 'hold', 'issue');
CREATE INDEX timeline_by_time ON timeline (at);
