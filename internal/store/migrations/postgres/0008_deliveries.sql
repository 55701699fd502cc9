-- +goose Up
-- Which deliveries of webhooks were acted on. The sender gives the id and signs the body only, so that both tell one.
CREATE TABLE deliveries (
    id   TEXT COLLATE "C"   PRIMARY KEY NOT NULL,
    body TEXT COLLATE "C"   NOT NULL, -- SHA-256
    at   BIGINT NOT NULL
);
CREATE INDEX deliveries_by_body ON deliveries (body);
CREATE INDEX deliveries_by_time ON deliveries (at);
