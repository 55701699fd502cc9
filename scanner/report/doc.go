// Package report writes what a scan found, for people and for programs. It decides nothing: every format shows the same
// decisions, and ends with what the verdict was made of, so that it can be repeated.
package report
