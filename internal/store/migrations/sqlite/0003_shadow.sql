-- +goose Up
-- What shadow policies would have said, beside what was said. A row is one answer for the time that it stood.
CREATE TABLE shadow_decisions (
    policy     TEXT   NOT NULL, -- digest of the shadow policy
    project    TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    ecosystem  TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    version    TEXT   NOT NULL,
    origin     TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0, -- 0: it stands
    inventory  TEXT   NOT NULL,
    snapshot   TEXT   NOT NULL,
    in_force   TEXT   NOT NULL, -- digest of the policies in force
    live_gate            TEXT NOT NULL,
    live_response        TEXT NOT NULL,
    live_gate_rule       TEXT NOT NULL,
    live_response_rule   TEXT NOT NULL,
    shadow_gate          TEXT NOT NULL,
    shadow_response      TEXT NOT NULL,
    shadow_gate_rule     TEXT NOT NULL,
    shadow_response_rule TEXT NOT NULL,
    PRIMARY KEY (policy, project, class, ecosystem, name, version, origin, decided_at)
);
CREATE INDEX shadow_decisions_standing ON shadow_decisions (policy) WHERE ended_at = 0;

-- How long each shadow policy was evaluated.
CREATE TABLE shadow_policies (
    policy   TEXT PRIMARY KEY, -- digest
    name     TEXT   NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    runs     BIGINT NOT NULL
);
