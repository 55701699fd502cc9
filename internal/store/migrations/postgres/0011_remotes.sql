-- +goose Up
-- What the actions made is found by where it is, since that is how webhooks speak of it.
ALTER TABLE remotes ADD COLUMN place TEXT COLLATE "C" NOT NULL DEFAULT ''; -- owner/name#number, in lower case
UPDATE remotes SET place = lower(body::jsonb ->> 'repository') || '#' || (body::jsonb ->> 'number')
    WHERE body::jsonb ->> 'repository' <> '' AND (body::jsonb ->> 'number')::bigint > 0;
CREATE INDEX remotes_by_place ON remotes (place);
