package app

import (
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/diff"
)

// Change judges what was scanned by what it brings against a base, which was judged with the same advisories and policies. base is how
// people call it. All decisions stay, each with its change; the gate is that of those that the change answers for.
func Change(head, before pipeline.Scanned, base string, news diff.News, snapshot tocsin.Snapshot, now time.Time) pipeline.Scanned {
	d := diff.Compare(before.Decisions, head.Decisions, news)
	head.Gate, head.Why = policies.Gate(d.Answerable(), head.Inventory.Coverage, snapshot, now)
	head.Why = append(head.Why, fmt.Sprintf("against %s: %d introduced, %d made worse, %d newly disclosed, %d pre-existing, %d fixed", base,
		d.Count(tocsin.ChangeIntroduced), d.Count(tocsin.ChangeRaised), d.Count(tocsin.ChangeDisclosed), d.Count(tocsin.ChangeExisting), len(d.Fixed)))
	head.Decisions = d.Decisions
	return head
}
