-- +goose Up
-- Who was told of what, or why not: by this nobody is told twice. What was told is an action too.
CREATE TABLE notice_log (
    receiver TEXT COLLATE "C"   NOT NULL,
    incident TEXT COLLATE "C"   NOT NULL,
    upto     BIGINT NOT NULL, -- number of the last event that it tells of; 0 for a call
    notice   TEXT COLLATE "C"   NOT NULL, -- key of the action; empty: passed over
    at       BIGINT NOT NULL,
    body     TEXT COLLATE "C"   NOT NULL,
    PRIMARY KEY (receiver, incident, upto, notice)
);
CREATE INDEX notice_log_by_time ON notice_log (at);
CREATE INDEX notice_log_by_incident ON notice_log (incident);

-- What people want to hear nothing of for a while.
CREATE TABLE silences (
    id       TEXT COLLATE "C"   PRIMARY KEY NOT NULL,
    until    BIGINT NOT NULL,
    body     TEXT COLLATE "C"   NOT NULL
);
