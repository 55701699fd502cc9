// Package jobs runs work that must be done whatever happens to a process: at set times, once at a time, and again when it
// failed. It is River behind the few words that we need, the same on SQLite and on PostgreSQL, where several processes share
// the work and one of them keeps the times. https://riverqueue.com/docs
package jobs
