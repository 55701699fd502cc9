-- +goose Up
-- Each event of a timeline has a hash over itself and the one before it. Those from before have none.
ALTER TABLE timeline ADD COLUMN actor_id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE timeline ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE timeline ADD COLUMN role TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE timeline ADD COLUMN corrects BIGINT NOT NULL DEFAULT 0;
ALTER TABLE timeline ADD COLUMN hash TEXT COLLATE "C" NOT NULL DEFAULT '';
