// Package advisories turns OSV records into the immutable index that matching reads: it parses records, joins them into
// vulnerability classes, writes the index file and opens it.
//
// The index is one file, opened by memory map and never changed. A new one is written beside the old and takes its place
// by rename; who has the old one open keeps reading it. See layout.go for how it is laid out.
package advisories
