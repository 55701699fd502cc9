// Package github carries out actions on GitHub: issues, comments on them, and drafts of repository advisories.
//
// Each is made at most once. Our own record of the thing (a [tocsin.Remote]) identifies it; where there is none, the
// repository is searched for a keyed marker in the text before anything is created, and a search that fails creates
// nothing. An answer that was lost leaves the outcome unclear, and the next attempt searches first.
//
// People's work is kept: only our own section of a body is replaced, labels are only added, and what a person closed
// as not planned stays closed.
package github
