-- +goose Up
-- Which comments were taken in. A comment that was obeyed is never obeyed again, whatever it is changed to.
CREATE TABLE heard (
    comment BIGINT PRIMARY KEY NOT NULL, -- the forge's id
    digest  TEXT   NOT NULL,             -- of what it said
    obeyed  BIGINT NOT NULL,
    at      BIGINT NOT NULL
);

-- What was written to the forge within the last hour: the pace that all processes share.
CREATE TABLE writes (
    id     TEXT   PRIMARY KEY NOT NULL, -- random
    at     BIGINT NOT NULL
);
CREATE INDEX writes_by_time ON writes (at);
