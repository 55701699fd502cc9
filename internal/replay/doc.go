// Package replay runs the engine over the past: advisory revisions as they were known, inventories as they were, and any
// policy. It says which incidents the policy would have opened and when, and which releases it would have stopped.
//
// It is the same code that runs live (match, policies, incidents), fed with another source of events: [Prepare] lays out what
// was known when and matches it, once; [Course.Run] evaluates a set of policies over that course, as often as wanted. Alias
// classes do not touch each other, so each is followed on its own, from event to event, on all processors.
package replay
