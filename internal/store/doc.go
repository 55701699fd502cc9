// Package store keeps what must survive: advisory revisions, inventories, decisions, incidents with their timeline, and
// actions with what became of them. Nothing is overwritten without trace: revisions, inventories, decisions and timeline events
// are only added.
//
// It is one SQLite file in WAL mode, with one writer and readers beside it, or a PostgreSQL database (15 or newer) that several
// processes share. Both are asked with the same text of SQL; what truly differs stands in dialect.go, and the schema in
// migrations, numbered alike. One suite of tests holds for both.
//
// What races is decided by the database. Feeds are committed one after the other. A change of an incident is refused with
// [tocsin.ErrConflict] if someone else was faster, and an action belongs to the one who claimed it until their lease runs out.
// Who locks an incident does so before anything else of it, so that nobody waits in a circle.
package store
