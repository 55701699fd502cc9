-- +goose Up
-- Times are microseconds since 1970, UTC. Bodies are JSON, packed with zstd where a column says so. Text is sorted by its
-- bytes, as SQLite does and Go, whatever the database was made with: that is why every column of text says so.

CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- Every revision of every advisory that we saw, from when to when it was the newest.
CREATE TABLE advisory_revisions (
    feed          TEXT COLLATE "C" NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    seen_at       BIGINT NOT NULL,
    superseded_at BIGINT,
    digest        TEXT COLLATE "C" NOT NULL,
    modified      BIGINT NOT NULL,
    gone          BIGINT NOT NULL DEFAULT 0, -- 1: the feed no longer had it
    body          BYTEA NOT NULL,           -- zstd
    PRIMARY KEY (feed, id, seen_at)
);
CREATE INDEX advisory_revisions_by_id ON advisory_revisions (id);

CREATE TABLE feeds (
    name      TEXT COLLATE "C" PRIMARY KEY,
    origin    TEXT COLLATE "C" NOT NULL,
    status    TEXT COLLATE "C" NOT NULL,
    reason    TEXT COLLATE "C" NOT NULL,
    synced_at BIGINT NOT NULL, -- 0: never
    records   BIGINT NOT NULL,
    rejected  BIGINT NOT NULL
);

-- Catalogues that are taken whole: KEV, EPSS.
CREATE TABLE feed_documents (
    feed    TEXT COLLATE "C" NOT NULL,
    seen_at BIGINT NOT NULL,
    digest  TEXT COLLATE "C" NOT NULL,
    body    BYTEA NOT NULL, -- zstd
    PRIMARY KEY (feed, seen_at)
);

CREATE TABLE inventories (
    project  TEXT COLLATE "C" NOT NULL,
    taken_at BIGINT NOT NULL,
    digest   TEXT COLLATE "C" NOT NULL,
    body     BYTEA NOT NULL, -- zstd
    PRIMARY KEY (project, taken_at)
);

CREATE TABLE decisions (
    project   TEXT COLLATE "C" NOT NULL,
    class     TEXT COLLATE "C" NOT NULL,
    ecosystem TEXT COLLATE "C" NOT NULL,
    name      TEXT COLLATE "C" NOT NULL,
    version   TEXT COLLATE "C" NOT NULL,
    origin    TEXT COLLATE "C" NOT NULL,
    status    TEXT COLLATE "C" NOT NULL,
    gate      TEXT COLLATE "C" NOT NULL,
    response  TEXT COLLATE "C" NOT NULL,
    inventory TEXT COLLATE "C" NOT NULL,
    snapshot  TEXT COLLATE "C" NOT NULL,
    policy    TEXT COLLATE "C" NOT NULL,
    decided_at BIGINT NOT NULL,
    body      BYTEA NOT NULL, -- zstd
    PRIMARY KEY (project, inventory, snapshot, policy, class, ecosystem, name, version, origin)
);

CREATE VIEW findings AS
    SELECT DISTINCT project, inventory, snapshot, class, ecosystem, name, version, origin, status FROM decisions;

CREATE TABLE incidents (
    key       TEXT COLLATE "C" PRIMARY KEY,
    version   BIGINT NOT NULL,
    state     TEXT COLLATE "C" NOT NULL,
    urgency   TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    body      TEXT COLLATE "C" NOT NULL
);

CREATE TABLE timeline (
    incident TEXT COLLATE "C" NOT NULL REFERENCES incidents (key),
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    actor    TEXT COLLATE "C" NOT NULL,
    project  TEXT COLLATE "C" NOT NULL,
    text     TEXT COLLATE "C" NOT NULL,
    tlp      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (incident, seq)
);

CREATE TABLE actions (
    key        TEXT COLLATE "C" NOT NULL,
    revision   BIGINT NOT NULL,
    incident   TEXT COLLATE "C" NOT NULL REFERENCES incidents (key),
    state      TEXT COLLATE "C" NOT NULL,
    body       TEXT COLLATE "C" NOT NULL, -- the action
    attempts   BIGINT NOT NULL DEFAULT 0,
    retry_at   BIGINT NOT NULL DEFAULT 0,
    error      TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (key, revision)
);
CREATE INDEX actions_by_state ON actions (state);

CREATE TABLE approvals (
    key      TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    person   TEXT COLLATE "C" NOT NULL,
    verdict  TEXT COLLATE "C" NOT NULL, -- approve, veto
    at       BIGINT NOT NULL,
    PRIMARY KEY (key, revision, person),
    FOREIGN KEY (key, revision) REFERENCES actions (key, revision)
);

-- What the actions made: our own record of its identity.
CREATE TABLE remotes (
    key  TEXT COLLATE "C" PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL
);
