package outbox

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Plan compares what is wanted with the newest row of each key and gives the new revisions to write. What is wanted
// already gives nothing, so planning again is harmless. A comment or notice is written once, whatever becomes of its text.
func Plan(wanted []tocsin.Action, newest map[string]tocsin.Action, now time.Time) []tocsin.Action {
	var out []tocsin.Action
	for _, a := range wanted {
		have, ok := newest[a.Key]
		if ok && (same(a, have) || a.Kind == tocsin.ActionComment || a.Kind == tocsin.ActionNotice) {
			continue
		}
		a.Revision, a.CreatedAt = have.Revision+1, now
		out = append(out, a)
	}
	return out
}

func same(a, b tocsin.Action) bool {
	return a.Kind == b.Kind && a.Repository == b.Repository && a.Audience == b.Audience && a.TLP == b.TLP &&
		a.Approvals == b.Approvals && a.After == b.After && bytes.Equal(a.Payload, b.Payload)
}

// order is how rows are carried out: older first, and what others follow before them.
func order(a, b tocsin.ActionRow) int {
	return cmp.Or(
		a.Action.CreatedAt.Compare(b.Action.CreatedAt),
		cmp.Compare(depth(a), depth(b)),
		strings.Compare(a.Action.Key, b.Action.Key),
	)
}

func depth(r tocsin.ActionRow) int {
	if r.Action.After != "" {
		return 1
	}
	return 0
}

// due gives the rows that may be carried out now, in order.
func due(rows []tocsin.ActionRow, now time.Time) []tocsin.ActionRow {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r tocsin.ActionRow) bool {
		return (r.State != tocsin.ActionPending && r.State != tocsin.ActionSending) || r.RetryAt.After(now)
	})
	slices.SortFunc(rows, order)
	return rows
}

// Undone gives the rows that are not carried out yet and may still be, in order: waiting for approval, pending or being
// sent.
func Undone(rows []tocsin.ActionRow) []tocsin.ActionRow {
	out := slices.DeleteFunc(slices.Clone(rows), func(r tocsin.ActionRow) bool {
		return r.State != tocsin.ActionWaiting && r.State != tocsin.ActionPending && r.State != tocsin.ActionSending
	})
	slices.SortFunc(out, order)
	return out
}
