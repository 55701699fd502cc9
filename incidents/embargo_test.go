package incidents

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

func (r *room) embargo(key string, length time.Duration) (until time.Time) {
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	until = r.now.Add(length)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: until, Reason: "no fix yet"})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoAgree})
	return until
}

// TestCountdown: people are told a week, a day and an hour before an embargo ends, each once, and what is ready for it.
func TestCountdown(t *testing.T) {
	r, key := declared(t)
	until := r.embargo(key, 20*tocsin.Day)
	var told []string
	for ; r.now.Before(until); r.now = r.now.Add(15 * time.Minute) {
		if until.Sub(r.now) == 2*time.Hour {
			r.does(key, bea, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst, Text: "There is a flaw."})
		}
		for _, e := range r.tick(0) {
			if e.Kind == tocsin.EventEmbargo {
				told = append(told, e.Text)
			}
		}
	}
	at := moment(until)
	want := []string{
		"the embargo ends in 7 d, at " + at + "; no message to the public is written",
		"the embargo ends in 24 h, at " + at + "; no message to the public is written",
		"the embargo ends in 60 min, at " + at + "; 1 to the public are written, and can be approved once it has ended",
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told:\n%s", strings.Join(told, "\n"))
	}
}

// TestOutrun: an embargo ends when what it keeps is public, and people are called to end it when attacks are seen.
func TestOutrun(t *testing.T) {
	begin := func(t *testing.T) (*room, string, tocsin.Class) {
		r := newRoom(t)
		secret := class("PRIVATE-1")
		secret.Private = true
		r.sees(0, sees("shop", []tocsin.Decision{says(tocsin.ResponseEmergency, secret, "log4j-core", "2.14.1")}, "log4j-core@2.14.1"))
		key := r.known[0].Key
		r.embargo(key, 20*tocsin.Day)
		return r, key, secret
	}
	again := func(r *room, c tocsin.Class) []tocsin.IncidentEvent {
		key := r.known[0].Key
		n := len(r.events[key])
		r.sees(time.Hour, sees("shop", []tocsin.Decision{says(tocsin.ResponseEmergency, c, "log4j-core", "2.14.1")}, "log4j-core@2.14.1"))
		return r.events[key][n:]
	}
	t.Run("public", func(t *testing.T) {
		r, key, c := begin(t)
		c.ID, c.Aliases, c.Private = "CVE-1", []string{"CVE-1", "PRIVATE-1"}, false
		r.hears(again(r, c), tocsin.EventEmbargo, "the embargo is over before its time: CVE-1 is public")
		if inc := r.inc(key); inc.Private() || inc.Embargo.State != tocsin.EmbargoExited || inc.Escalation.News.IsZero() {
			t.Errorf("%+v", inc.Embargo)
		}
	})
	t.Run("attacks", func(t *testing.T) {
		r, key, c := begin(t)
		c.KEV = &tocsin.KEV{}
		r.hears(again(r, c), tocsin.EventEmbargo, "the embargo should end now: PRIVATE-1 is known to be exploited; it holds until")
		if inc := r.inc(key); !inc.Embargo.Covers() || inc.Escalation.News.IsZero() {
			t.Errorf("%+v", inc.Embargo)
		}
		for _, e := range again(r, c) {
			if e.Kind == tocsin.EventEmbargo {
				t.Errorf("said again: %s", e.Text)
			}
		}
	})
	t.Run("neither", func(t *testing.T) {
		r, key, c := begin(t)
		c.Summary = "new words"
		again(r, c)
		if !r.inc(key).Embargo.Covers() {
			t.Error("it ended")
		}
	})
}

// TestNextNamesEachOnce: what waits for a decision, and stands behind one of its answers, waits for it once.
func TestNextNamesEachOnce(t *testing.T) {
	inc := tocsin.Incident{State: tocsin.StateDetected, Tasks: []tocsin.Task{{ID: "upgrade", Needs: []string{"remedy"}, Only: "remedy=upgrade"}, {ID: "lead"}}}
	list := Next(inc, tocsin.Playbook{Decisions: []tocsin.DecisionPoint{{ID: "remedy"}}})
	if len(list) != 3 || list[2].ID != "upgrade" || strings.Join(list[2].Waits, " ") != "remedy" {
		t.Errorf("%+v", list)
	}
}
