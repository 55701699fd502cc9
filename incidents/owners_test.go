package incidents

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// TestOwners: who answers for a project may say of it what only they know, and nothing of another; who is no responder may do nothing else.
func TestOwners(t *testing.T) {
	dora := tocsin.Actor{ID: "github:7", Name: "dora"}
	begin := func() (*room, string) {
		r := newRoom(t)
		r.rules.Governance = onDuty(t)
		r.take(r.rules.Fold(nil, []Sighting{bad("a", "1"), bad("b", "1")}, r.now))
		return r, "INC-CVE-1"
	}
	of := func(c tocsin.Command) tocsin.Command { c.Owns, c.Outside = "a", true; return c }
	status := func(s tocsin.ProjectStatus, slugs ...string) tocsin.Command {
		return of(tocsin.Command{Do: tocsin.DoStatus, Projects: slugs, Status: s, Reason: "we looked"})
	}
	unaffected := status(tocsin.ProjectUnaffected, "a")
	unaffected.Justification = tocsin.NotExecuted
	for name, c := range map[string]struct {
		do   tocsin.Command
		kind error
	}{
		"accepts":            {status(tocsin.ProjectAccepted, "a"), nil},
		"of another":         {status(tocsin.ProjectAccepted, "b"), tocsin.ErrForbidden},
		"of both":            {status(tocsin.ProjectAccepted, "a", "b"), tocsin.ErrForbidden},
		"unaffected":         {unaffected, nil},
		"without a why":      {status(tocsin.ProjectUnaffected, "a"), tocsin.ErrInvalid},
		"patched":            {status(tocsin.ProjectPatched, "a"), tocsin.ErrInvalid},
		"note":               {of(tocsin.Command{Do: tocsin.DoNote, Text: "x"}), nil},
		"escalate":           {of(tocsin.Command{Do: tocsin.DoEscalate}), nil},
		"take":               {of(tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander}), tocsin.ErrForbidden},
		"snooze":             {of(tocsin.Command{Do: tocsin.DoSnooze, Until: dawn.Add(9 * time.Hour), Reason: "x"}), tocsin.ErrForbidden},
		"broken glass":       {of(tocsin.Command{Do: tocsin.DoStandDown, Reason: "x", BreakGlass: true}), tocsin.ErrForbidden},
		"outside, no owner":  {tocsin.Command{Do: tocsin.DoNote, Text: "x", Outside: true}, tocsin.ErrForbidden},
		"of no such project": {tocsin.Command{Do: tocsin.DoNote, Text: "x", Outside: true, Owns: "z"}, tocsin.ErrForbidden},
	} {
		r, key := begin()
		if err := r.tries(key, dora, c.do); !errors.Is(err, c.kind) {
			t.Errorf("%s: %v, want %v", name, err, c.kind)
		}
	}
	r, key := begin()
	r.tick(0)
	r.does(key, dora, of(tocsin.Command{Do: tocsin.DoAck})) // which silences nobody
	if e := r.inc(key).Escalation; e.AckBy.ID != "" || e.NextAt.IsZero() {
		t.Errorf("%+v", e)
	}
	last := r.events[key][len(r.events[key])-1]
	if last.Text != "is on it in a" || last.Project != "a" || last.ActorID != "github:7" {
		t.Errorf("%+v", last)
	}
}

// TestStatedForAWhile: what people state for a while counts as affected again when it is over, and people hear of it.
func TestStatedForAWhile(t *testing.T) {
	r, key := watched(t)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	accept := tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"a"}, Status: tocsin.ProjectAccepted, Reason: "next release"}
	accept.Until = r.now.Add(400 * tocsin.Day)
	r.refuses(key, ada, accept, tocsin.ErrInvalid, "366 days")
	accept.Until = r.now
	r.refuses(key, ada, accept, tocsin.ErrInvalid, "until")
	accept.Until = r.now.Add(3 * tocsin.Day)
	r.does(key, ada, accept)
	r.hears(r.tick(2*tocsin.Day), tocsin.EventRegressed)
	if p := r.inc(key).Projects[0]; p.Status != tocsin.ProjectAccepted || !strings.Contains(p.Evidence, "until "+moment(accept.Until)) {
		t.Errorf("%+v", p)
	}
	r.hears(r.tick(tocsin.Day), tocsin.EventRegressed, "counts as affected again: that it is accepted was stated until")
	if p := r.inc(key).Projects[0]; p.Status != tocsin.ProjectAffected || !p.Until.IsZero() {
		t.Errorf("%+v", p)
	}
}

// TestSnooze: who wants to be asked again is, and nobody is called before.
func TestSnooze(t *testing.T) {
	r, key := watched(t)
	r.tick(0)
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoSnooze, Until: r.now.Add(40 * tocsin.Day), Reason: "x"}, tocsin.ErrInvalid, "30 days")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoSnooze, Until: r.now.Add(tocsin.Day), Reason: "the fix comes tomorrow"})
	r.hears(r.tick(20*time.Hour), tocsin.EventEscalated)
	r.hears(r.tick(4*time.Hour), tocsin.EventEscalated, "ada wanted to be asked again now", "there is news since ada said to be on it", "called ada")
}

// TestHurry: help is called for at once, of a call that runs or a new one, but nobody is called twice within minutes.
func TestHurry(t *testing.T) {
	r, key := watched(t)
	r.tick(0)
	r.now = r.now.Add(-time.Hour + time.Minute) // tries lets an hour go by
	r.refuses(key, carl, tocsin.Command{Do: tocsin.DoEscalate}, tocsin.ErrConflict, "leave them 5 minutes")
	r.now = r.now.Add(-time.Hour + 5*time.Minute)
	r.does(key, carl, tocsin.Command{Do: tocsin.DoEscalate, Reason: "it spreads"})
	r.hears(r.tick(0), tocsin.EventEscalated, "called bea: step 2")
	r.does(key, bea, tocsin.Command{Do: tocsin.DoAck})
	r.does(key, carl, tocsin.Command{Do: tocsin.DoEscalate})
	r.hears(r.tick(0), tocsin.EventEscalated, "called ada: step 1")
	none, key := declared(t)
	none.refuses(key, ada, tocsin.Command{Do: tocsin.DoEscalate}, tocsin.ErrConflict, "nobody to call")
}
