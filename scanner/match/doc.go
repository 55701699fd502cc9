// Package match joins an inventory with the advisory index and says of every package and vulnerability class whether the
// package is affected, or why that cannot be known. It is pure: no I/O but the index it is given, no clock, and the
// result does not depend on the order of anything.
package match
