package incidents

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// ticks lets time go by; the same time again must change nothing.
func (r *room) ticks(after time.Duration) {
	r.Helper()
	r.now = r.now.Add(after)
	r.take(r.rules.Tick(r.known, r.now))
	if again := r.rules.Tick(r.known, r.now); len(again) != 0 {
		r.Fatalf("the same time again: %+v", again)
	}
}

// told gives the events of the clock since the last call.
func (r *room) told(key string, since *int) string {
	var out []string
	list := r.events[key]
	for _, e := range list[*since:] {
		if e.Source == byClock {
			if e.Actor != "tocsin" {
				r.Errorf("%+v", e)
			}
			out = append(out, e.Text)
		}
	}
	*since = len(list)
	return strings.Join(out, "\n")
}

// TestSoak: a fix that held for as long as the playbook says ends the incident, and the review is due.
func TestSoak(t *testing.T) {
	r := withCriteria(t, tocsin.Day)
	const key = "INC-CVE-1"
	r.sees(0, log4j("a", "2.14.1", "CVE-1"))
	r.sees(time.Hour, log4j("a", "2.15.0"))
	r.state(key, tocsin.StateFixValidated)
	r.ticks(23 * time.Hour)
	r.state(key, tocsin.StateFixValidated)
	r.ticks(time.Hour)
	r.state(key, tocsin.StateResolved)
	inc := r.inc(key)
	if inc.Review == nil || !inc.Review.Due.Equal(r.now.Add(3*tocsin.Day)) {
		t.Fatalf("%+v", inc.Review)
	}
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleScribe})
}

// TestReview: what it asks for is asked for until it is done, and it is closed only once something was learned.
func TestReview(t *testing.T) {
	r, key := declared(t)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"a", "b"}, Status: tocsin.ProjectMitigated, Reason: "revoked"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoEffort, Minutes: 90})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoCloseReview}, tocsin.ErrConflict, "mobilised")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoResolve, Reason: "revoked"})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoCloseReview}, tocsin.ErrConflict, "no summary yet")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoWrite, Section: "blame", Text: "carl"}, tocsin.ErrInvalid, "want one of")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionSummary, Text: "A token was in a log."})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionCauses, Text: "The log is public by default."})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoAddAction, Text: "Make logs private", To: bea, Until: r.now.Add(5 * tocsin.Day)})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoCredit, Text: "mallory", Credit: "hero"}, tocsin.ErrInvalid, "finder")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoCredit, Text: "mallory", Credit: tocsin.CreditFinder})
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoCloseReview}, tocsin.ErrForbidden, "scribe")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoCloseReview})
	r.state(key, tocsin.StateReviewed)
	n := len(r.events[key])
	r.ticks(4 * tocsin.Day)
	if got := r.told(key, &n); got != "" {
		t.Error(got)
	}
	r.ticks(2 * tocsin.Day)
	if got := r.told(key, &n); !strings.Contains(got, "a1 (Make logs private), was due") || !strings.Contains(got, "bea") {
		t.Error(got)
	}
	r.refuses(key, carl, tocsin.Command{Do: tocsin.DoFinishAction, Task: "a1", Text: "did"}, tocsin.ErrForbidden, "review")
	r.does(key, bea, tocsin.Command{Do: tocsin.DoFinishAction, Task: "a1", Text: "https://x.example/1"})
	r.ticks(9 * tocsin.Day)
	if got := r.told(key, &n); got != "" {
		t.Error(got)
	}
	inc := r.inc(key)
	m := Measure(inc, r.events[key])
	if m.Acknowledge != time.Hour || m.Mobilise != time.Hour || m.Contain != -1 || m.Detect != -1 || m.Minutes != 90 || m.Resolve <= m.Mobilise || m.Review <= m.Resolve {
		t.Errorf("%+v", m)
	}
	page := ReviewMarkdown(inc, r.events[key])
	for _, want := range []string{"# Review of a token was in a log", "The log is public by default.", "*Nobody has written this yet. What went well", "| opened | contained | not known |", "mallory (finder)", "| a1 | Make logs private | bea |", "People gave 90 min."} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// TestRecognition: who contributed most comes first, and nobody is thanked twice for one thing.
func TestRecognition(t *testing.T) {
	credits := func(key string, list ...tocsin.Credit) tocsin.Incident {
		return tocsin.Incident{Key: key, Review: &tocsin.Review{Credits: list}}
	}
	got := recognition([]tocsin.Incident{
		credits("INC-2", tocsin.Credit{Who: "@Ada", Type: tocsin.CreditFinder}, tocsin.Credit{Who: "Bea", Type: tocsin.CreditTool}),
		credits("INC-1", tocsin.Credit{Who: "@ada", Type: tocsin.CreditAnalyst}, tocsin.Credit{Who: "@ada", Type: tocsin.CreditAnalyst}), {Key: "INC-3"},
	})
	want := []tocsin.Thanks{
		{Who: "@Ada", For: []tocsin.Contribution{{Incident: "INC-1", Type: tocsin.CreditAnalyst}, {Incident: "INC-2", Type: tocsin.CreditFinder}}},
		{Who: "Bea", For: []tocsin.Contribution{{Incident: "INC-2", Type: tocsin.CreditTool}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
