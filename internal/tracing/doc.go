// Package tracing tells a collector of OpenTelemetry what a process did and how long it took: one span for each request, job, feed and
// the like. What a span may say is bounded by the [Attribute] values that there are: kinds, routes of the program's own table, names of
// feeds and counts. A slug, a package, an incident, a path, a query or the text of an error has no place in one, since a collector is
// somebody else's machine, and that a project runs what is vulnerable is confidential.
//
// Where no collector is configured nothing is made and nothing is allocated.
package tracing
