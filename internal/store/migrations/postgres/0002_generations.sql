-- +goose Up
-- A generation is one sync of one feed. Clocks go back; generations do not, so what came since a build is told by them.
CREATE TABLE generations (
    generation BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL
);
INSERT INTO generations (generation, at)
    SELECT ROW_NUMBER() OVER (ORDER BY seen_at), seen_at FROM (SELECT DISTINCT seen_at FROM advisory_revisions) AS seen;

ALTER TABLE advisory_revisions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
-- The generation in which a newer revision came, or the feed had it no more.
ALTER TABLE advisory_revisions ADD COLUMN superseded_by BIGINT;
UPDATE advisory_revisions SET
    generation = (SELECT generation FROM generations WHERE at = seen_at),
    superseded_by = (SELECT generation FROM generations WHERE at = superseded_at);

CREATE INDEX advisory_revisions_by_generation ON advisory_revisions (generation);
-- What a feed has now, without reading the bodies.
CREATE INDEX advisory_revisions_standing ON advisory_revisions (feed, id, modified, digest) WHERE superseded_by IS NULL AND gone = 0;
