// Package store keeps what must survive: advisory revisions, inventories, decisions, incidents with their timeline, and
// actions with what became of them. It is one SQLite file in WAL mode with one writer. Nothing is overwritten without
// trace: revisions, inventories, decisions and timeline events are only added.
package store
