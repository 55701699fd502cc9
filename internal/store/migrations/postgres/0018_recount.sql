-- +goose Up
-- Projects about which a policy may decide otherwise since others have a flaw of theirs, or have it no more.
CREATE TABLE recounts (project TEXT COLLATE "C" PRIMARY KEY);
