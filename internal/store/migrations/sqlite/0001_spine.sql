-- +goose Up
-- Times are microseconds since 1970, UTC. Bodies are JSON, packed with zstd where a column says so.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Every revision of every advisory that we saw, from when to when it was the newest.
CREATE TABLE advisory_revisions (
    feed          TEXT   NOT NULL,
    id            TEXT   NOT NULL,
    seen_at       BIGINT NOT NULL,
    superseded_at BIGINT,
    digest        TEXT   NOT NULL,
    modified      BIGINT NOT NULL,
    gone          BIGINT NOT NULL DEFAULT 0, -- 1: the feed no longer had it
    body          BLOB   NOT NULL,           -- zstd
    PRIMARY KEY (feed, id, seen_at)
);
CREATE INDEX advisory_revisions_by_id ON advisory_revisions (id);

CREATE TABLE feeds (
    name      TEXT PRIMARY KEY,
    origin    TEXT   NOT NULL,
    status    TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    synced_at BIGINT NOT NULL, -- 0: never
    records   BIGINT NOT NULL,
    rejected  BIGINT NOT NULL
);

-- Catalogues that are taken whole: KEV, EPSS.
CREATE TABLE feed_documents (
    feed    TEXT   NOT NULL,
    seen_at BIGINT NOT NULL,
    digest  TEXT   NOT NULL,
    body    BLOB   NOT NULL, -- zstd
    PRIMARY KEY (feed, seen_at)
);

CREATE TABLE inventories (
    project  TEXT   NOT NULL,
    taken_at BIGINT NOT NULL,
    digest   TEXT   NOT NULL,
    body     BLOB   NOT NULL, -- zstd
    PRIMARY KEY (project, taken_at)
);

CREATE TABLE decisions (
    project   TEXT   NOT NULL,
    class     TEXT   NOT NULL,
    ecosystem TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    version   TEXT   NOT NULL,
    origin    TEXT   NOT NULL,
    status    TEXT   NOT NULL,
    gate      TEXT   NOT NULL,
    response  TEXT   NOT NULL,
    inventory TEXT   NOT NULL,
    snapshot  TEXT   NOT NULL,
    policy    TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    body      BLOB   NOT NULL, -- zstd
    PRIMARY KEY (project, inventory, snapshot, policy, class, ecosystem, name, version, origin)
);

CREATE VIEW findings AS
    SELECT DISTINCT project, inventory, snapshot, class, ecosystem, name, version, origin, status FROM decisions;

CREATE TABLE incidents (
    key       TEXT PRIMARY KEY,
    version   BIGINT NOT NULL,
    state     TEXT   NOT NULL,
    urgency   TEXT   NOT NULL,
    opened_at BIGINT NOT NULL,
    body      TEXT   NOT NULL
);

CREATE TABLE timeline (
    incident TEXT   NOT NULL REFERENCES incidents (key),
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    project  TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    tlp      TEXT   NOT NULL,
    PRIMARY KEY (incident, seq)
);

CREATE TABLE actions (
    key        TEXT   NOT NULL,
    revision   BIGINT NOT NULL,
    incident   TEXT   NOT NULL REFERENCES incidents (key),
    state      TEXT   NOT NULL,
    body       TEXT   NOT NULL, -- the action
    attempts   BIGINT NOT NULL DEFAULT 0,
    retry_at   BIGINT NOT NULL DEFAULT 0,
    error      TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (key, revision)
);
CREATE INDEX actions_by_state ON actions (state);

CREATE TABLE approvals (
    key      TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    person   TEXT   NOT NULL,
    verdict  TEXT   NOT NULL, -- approve, veto
    at       BIGINT NOT NULL,
    PRIMARY KEY (key, revision, person),
    FOREIGN KEY (key, revision) REFERENCES actions (key, revision)
);

-- What the actions made: our own record of its identity.
CREATE TABLE remotes (
    key  TEXT PRIMARY KEY,
    body TEXT NOT NULL
);
