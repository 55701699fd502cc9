-- +goose Up
-- The portfolio, who resolved what and when, and which decisions stand.
CREATE TABLE projects (
    id          INTEGER PRIMARY KEY,
    slug        TEXT   NOT NULL UNIQUE,
    managed     TEXT   NOT NULL, -- file, api
    critical    BIGINT NOT NULL, -- 1: of high criticality
    body        TEXT   NOT NULL, -- the project and its source
    created_at  BIGINT NOT NULL,
    removed_at  BIGINT NOT NULL DEFAULT 0, -- 0: it is watched
    version     BIGINT NOT NULL DEFAULT 0, -- counts what was said about it
    inventory   TEXT   NOT NULL DEFAULT '', -- digest of the newest
    taken_at    BIGINT NOT NULL DEFAULT 0,
    checked_at  BIGINT NOT NULL DEFAULT 0,
    next_at     BIGINT NOT NULL DEFAULT 0,
    error       TEXT   NOT NULL DEFAULT '',
    fingerprint TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX projects_due ON projects (next_at) WHERE removed_at = 0;
INSERT INTO projects (slug, managed, critical, body, created_at, inventory, taken_at)
    SELECT project, 'file', 0, '', MIN(taken_at),
        (SELECT digest FROM inventories n WHERE n.project = i.project ORDER BY taken_at DESC LIMIT 1), MAX(taken_at)
    FROM inventories i GROUP BY project;

-- Every package in one version, once for the whole portfolio, under the names by which advisories are looked up.
CREATE TABLE components (
    id          INTEGER PRIMARY KEY,
    ecosystem   TEXT NOT NULL,
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    source_name TEXT NOT NULL,
    base        TEXT NOT NULL, -- the ecosystem without its release
    key         TEXT NOT NULL, -- the name as it is looked up
    source_key  TEXT NOT NULL, -- '' where the source package is not another
    UNIQUE (ecosystem, name, version, source_name)
);
CREATE INDEX components_by_key ON components (base, key);
CREATE INDEX components_by_source ON components (base, source_key) WHERE source_key <> '';

-- From when to when a project resolved a package.
CREATE TABLE resolutions (
    component BIGINT NOT NULL REFERENCES components (id),
    project   BIGINT NOT NULL REFERENCES projects (id),
    since     BIGINT NOT NULL,
    until     BIGINT NOT NULL DEFAULT 0, -- 0: it stands
    PRIMARY KEY (component, project, since)
) WITHOUT ROWID;

-- Every sending or reading of an inventory, the same one again too.
CREATE TABLE builds (
    project   BIGINT NOT NULL REFERENCES projects (id),
    at        BIGINT NOT NULL,
    inventory TEXT   NOT NULL, -- digest
    ref       TEXT   NOT NULL,
    url       TEXT   NOT NULL,
    sender    TEXT   NOT NULL,
    PRIMARY KEY (project, at)
) WITHOUT ROWID;

-- A decision stands until another takes its place: one row for the time that it stood.
DROP VIEW findings;
ALTER TABLE decisions RENAME TO decisions_before;
CREATE TABLE decisions (
    project     TEXT   NOT NULL,
    class       TEXT   NOT NULL,
    ecosystem   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    origin      TEXT   NOT NULL,
    decided_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL DEFAULT 0, -- 0: it stands
    first_at    BIGINT NOT NULL,           -- when the class was first decided on in the project
    status      TEXT   NOT NULL,
    gate        TEXT   NOT NULL,
    response    TEXT   NOT NULL,
    private     BIGINT NOT NULL, -- 1: the class is known from a feed of our own only
    inventory   TEXT   NOT NULL,
    snapshot    TEXT   NOT NULL,
    policy      TEXT   NOT NULL,
    fingerprint TEXT   NOT NULL, -- of all but when and from what it was decided
    body        BLOB   NOT NULL, -- zstd
    PRIMARY KEY (project, class, ecosystem, name, version, origin, decided_at)
);
-- What an older program decided has ended: its next run says what stands.
INSERT INTO decisions (project, class, ecosystem, name, version, origin, decided_at, ended_at, first_at, status, gate, response, private,
        inventory, snapshot, policy, fingerprint, body)
    SELECT project, class, ecosystem, name, version, origin, decided_at, decided_at,
        (SELECT MIN(f.decided_at) FROM decisions_before f WHERE f.project = d.project AND f.class = d.class),
        status, gate, response, 0, inventory, snapshot, policy, '', body
    FROM decisions_before d WHERE NOT EXISTS (SELECT 1 FROM decisions_before e WHERE e.project = d.project AND e.class = d.class AND e.ecosystem = d.ecosystem
        AND e.name = d.name AND e.version = d.version AND e.origin = d.origin AND e.decided_at = d.decided_at
        AND e.inventory || ' ' || e.snapshot || ' ' || e.policy > d.inventory || ' ' || d.snapshot || ' ' || d.policy);
DROP TABLE decisions_before;
CREATE INDEX decisions_standing ON decisions (project) WHERE ended_at = 0;
CREATE INDEX decisions_standing_by_class ON decisions (class) WHERE ended_at = 0;
CREATE INDEX decisions_standing_by_package ON decisions (ecosystem, name) WHERE ended_at = 0;
CREATE INDEX decisions_ended ON decisions (ended_at) WHERE ended_at > 0;
