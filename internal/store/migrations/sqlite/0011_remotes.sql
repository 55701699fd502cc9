-- +goose Up
-- What the actions made is found by where it is, since that is how webhooks speak of it.
ALTER TABLE remotes ADD COLUMN place TEXT NOT NULL DEFAULT ''; -- owner/name#number, in lower case
UPDATE remotes SET place = lower(json_extract(body, '$.repository')) || '#' || json_extract(body, '$.number')
    WHERE json_extract(body, '$.repository') <> '' AND json_extract(body, '$.number') > 0;
CREATE INDEX remotes_by_place ON remotes (place);
