// Package feed reads what others publish: OSV records from the public bucket, a mirror of it, a directory or a zip; the
// KEV catalogue; EPSS scores. It gives values and keeps nothing: what is known already is an argument, what was read is
// the result. Everything that comes from outside is bounded in size and number.
package feed
