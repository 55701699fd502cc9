// Package pin tells how far the pins of an inventory can be trusted: what each package says of itself, what changed against
// an earlier inventory, and whose name looks like that of a well-known package. A fact that a policy judges is a finding of
// its own, since most packages that it holds of have no advisory. It is pure.
package pin
