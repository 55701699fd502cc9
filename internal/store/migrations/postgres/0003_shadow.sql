-- +goose Up
-- What shadow policies would have said, beside what was said. A row is one answer for the time that it stood.
CREATE TABLE shadow_decisions (
    policy     TEXT COLLATE "C" NOT NULL, -- digest of the shadow policy
    project    TEXT COLLATE "C" NOT NULL,
    class      TEXT COLLATE "C" NOT NULL,
    ecosystem  TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    version    TEXT COLLATE "C" NOT NULL,
    origin     TEXT COLLATE "C" NOT NULL,
    decided_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0, -- 0: it stands
    inventory  TEXT COLLATE "C" NOT NULL,
    snapshot   TEXT COLLATE "C" NOT NULL,
    in_force   TEXT COLLATE "C" NOT NULL, -- digest of the policies in force
    live_gate            TEXT COLLATE "C" NOT NULL,
    live_response        TEXT COLLATE "C" NOT NULL,
    live_gate_rule       TEXT COLLATE "C" NOT NULL,
    live_response_rule   TEXT COLLATE "C" NOT NULL,
    shadow_gate          TEXT COLLATE "C" NOT NULL,
    shadow_response      TEXT COLLATE "C" NOT NULL,
    shadow_gate_rule     TEXT COLLATE "C" NOT NULL,
    shadow_response_rule TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (policy, project, class, ecosystem, name, version, origin, decided_at)
);
CREATE INDEX shadow_decisions_standing ON shadow_decisions (policy) WHERE ended_at = 0;

-- How long each shadow policy was evaluated.
CREATE TABLE shadow_policies (
    policy   TEXT COLLATE "C" PRIMARY KEY, -- digest
    name     TEXT COLLATE "C" NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    runs     BIGINT NOT NULL
);
