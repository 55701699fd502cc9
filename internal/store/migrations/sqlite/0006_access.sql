-- +goose Up
-- Who may ask, and who did what. Secrets are kept as SHA-256 digests, grants as JSON.
CREATE TABLE people (
    id           TEXT   PRIMARY KEY NOT NULL,
    issuer       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    email        TEXT   NOT NULL,
    grants       TEXT   NOT NULL, -- given here
    claimed      TEXT   NOT NULL, -- by groups, at the last sign-in
    admin        BIGINT NOT NULL, -- 1: of everything, by either
    disabled     BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);

CREATE TABLE sessions (
    hash       TEXT   PRIMARY KEY NOT NULL,
    person     TEXT   NOT NULL REFERENCES people (id),
    grants     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE api_tokens (
    id         TEXT   PRIMARY KEY NOT NULL,
    hash       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    grants     TEXT   NOT NULL,
    admin      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0
);

-- The link by which the first admin comes in: one row at the most.
CREATE TABLE first_link (
    one        BIGINT PRIMARY KEY NOT NULL, -- 1
    hash       TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    who     TEXT   NOT NULL,
    who_id  TEXT   NOT NULL,
    what    TEXT   NOT NULL,
    target  TEXT   NOT NULL,
    project TEXT   NOT NULL,
    detail  TEXT   NOT NULL, -- JSON
    request TEXT   NOT NULL
);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_project ON audit (project, at, id) WHERE project <> '';
