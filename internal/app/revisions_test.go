package app

import (
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func TestRevisions(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 3, 1, h, 0, 0, 0, time.UTC) }
	kept := func(feed, id, summary string, hour, until int) store.Past {
		p := store.Past{Revision: store.Revision{Feed: feed, ID: id, SeenAt: at(hour), Modified: at(0), Body: fmt.Appendf(nil, `{"id":%q,"modified":"2026-03-01T00:00:00Z","summary":%q,"affected":[]}`, id, summary)}}
		if until > 0 {
			p.Until = at(until)
		}
		return p
	}
	of := func(list ...store.Past) iter.Seq2[store.Past, error] {
		return func(yield func(store.Past, error) bool) {
			for _, p := range list {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
	got, err := revisions(of(
		kept("osv", "CVE-2026-1", "a", 1, 2), kept("osv", "CVE-2026-1", "b", 2, 4), kept("osv", "CVE-2026-1", "b", 4, 0),
		kept("own", "CVE-2026-1", "c", 3, 5), kept("osv", "GHSA-1", "d", 1, 0),
	))
	want := []tocsin.AdvisoryRevision{
		{Record: "CVE-2026-1", Feed: "osv", SeenAt: at(4), Modified: at(0), Changes: []string{}},
		{Record: "CVE-2026-1", Feed: "own", SeenAt: at(3), Until: at(5), Modified: at(0), First: true, Changes: []string{}, Private: true},
		{Record: "CVE-2026-1", Feed: "osv", SeenAt: at(2), Until: at(4), Modified: at(0), Changes: []string{"summary: b"}},
		{Record: "CVE-2026-1", Feed: "osv", SeenAt: at(1), Until: at(2), Modified: at(0), First: true, Changes: []string{}},
		{Record: "GHSA-1", Feed: "osv", SeenAt: at(1), Modified: at(0), First: true, Changes: []string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}

	var many []store.Past
	for i := range 3 * maxRevisions {
		many = append(many, kept("osv", "CVE-2026-1", fmt.Sprint(i), i%24, 0))
	}
	if got, err := revisions(of(many...)); err != nil || len(got) != maxRevisions || got[0].First {
		t.Errorf("%d revisions, %v", len(got), err)
	}
	if _, err := revisions(func(yield func(store.Past, error) bool) { yield(store.Past{}, tocsin.ErrUnavailable) }); !errors.Is(err, tocsin.ErrUnavailable) {
		t.Error(err)
	}
	broken := kept("osv", "CVE-2026-1", "a", 1, 0)
	broken.Body = []byte("{")
	if _, err := revisions(of(broken)); err == nil {
		t.Error("a body that nobody can read is read")
	}
	if diff := cmp.Diff([]string{"CVE-1", "GHSA-1"}, records(tocsin.Class{ID: "CVE-1", Aliases: []string{"GHSA-1", "CVE-1"}})); diff != "" {
		t.Error(diff)
	}
}
