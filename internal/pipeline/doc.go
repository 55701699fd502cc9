// Package pipeline is where the stages meet. It alone composes them: [Sync] takes feeds into the store and builds the
// index, [Scan] takes one source through inventory, findings and decisions, and [Run] takes a portfolio all the way to
// actions, with the whole outcome committed in one transaction. The stages know nothing of each other.
package pipeline
