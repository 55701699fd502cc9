package incidents

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/governance"
)

func shippedRules(t testing.TB) Rules {
	t.Helper()
	g, err := governance.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return Rules{Playbooks: shippedPlaybooks(t), Governance: g}
}

// A room is an incident in which people act.
type room struct {
	testing.TB
	rules  Rules
	known  []tocsin.Incident
	events map[string][]tocsin.IncidentEvent
	now    time.Time
}

var (
	ada  = tocsin.Actor{ID: "1", Name: "ada"}
	bea  = tocsin.Actor{ID: "2", Name: "bea"}
	carl = tocsin.Actor{ID: "3", Name: "carl"}
)

func newRoom(t testing.TB) *room {
	return &room{TB: t, rules: shippedRules(t), events: map[string][]tocsin.IncidentEvent{}, now: dawn}
}

// declared is a room with a declared emergency.
func declared(t testing.TB) (*room, string) {
	r := newRoom(t)
	c, err := r.rules.Declare(nil, tocsin.Declaration{
		By: ada, Source: "test", Playbook: "vulnerable-dependency", Title: "a token was in a log", Reason: "seen by ada", Severity: tocsin.LevelHigh, Projects: []string{"b", "a"},
	}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	r.take([]Change{c})
	return r, c.Incident.Key
}

func (r *room) take(list []Change) {
	for _, c := range list {
		kept := r.known[:0:0]
		for _, inc := range r.known {
			if inc.Key != c.Incident.Key {
				kept = append(kept, inc)
			}
		}
		r.known = append(kept, c.Incident)
		r.events[c.Incident.Key] = append(r.events[c.Incident.Key], c.Events...)
	}
}

func (r *room) inc(key string) tocsin.Incident {
	for _, inc := range r.known {
		if inc.Key == key {
			return inc
		}
	}
	r.Fatalf("no incident %s", key)
	return tocsin.Incident{}
}

// does what must succeed; an hour goes by.
func (r *room) does(key string, by tocsin.Actor, c tocsin.Command) {
	r.Helper()
	if err := r.tries(key, by, c); err != nil {
		r.Fatalf("%s: %s: %v", by.Name, c.Do, err)
	}
}

func (r *room) tries(key string, by tocsin.Actor, c tocsin.Command) error {
	r.now = r.now.Add(time.Hour)
	c.By, c.Source = by, "test"
	list, err := r.rules.Handle(r.known, key, c, r.now)
	if err == nil {
		r.take(list)
	}
	return err
}

// refuses wants an error of a kind, with a text.
func (r *room) refuses(key string, by tocsin.Actor, c tocsin.Command, kind error, text string) {
	r.Helper()
	if err := r.tries(key, by, c); !errors.Is(err, kind) || !strings.Contains(err.Error(), text) {
		r.Errorf("%s: %s: %v; want %v with %q", by.Name, c.Do, err, kind, text)
	}
}

func (r *room) state(key string, want tocsin.IncidentState) {
	r.Helper()
	if got := r.inc(key).State; got != want {
		r.Errorf("%s is %s, want %s", key, got, want)
	}
}

// TestHandOver: a role goes to another only when they accept; until then the one who had it has it.
func TestHandOver(t *testing.T) {
	r, key := declared(t)
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoContain, Reason: "x"}, tocsin.ErrConflict, "detected")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.state(key, tocsin.StateMobilised)
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander}, tocsin.ErrConflict, "ada is the incident commander")
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleCommander, To: bea}, tocsin.ErrForbidden, "incident commander")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleCommander, To: bea, Reason: "going to bed"})
	r.refuses(key, carl, tocsin.Command{Do: tocsin.DoAccept, Role: tocsin.RoleCommander}, tocsin.ErrForbidden, "not offered to carl")
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoContain, Reason: "not mine yet"}, tocsin.ErrForbidden, "to contain is for incident commander, technical lead")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoSeverity, Severity: tocsin.LevelCritical, Reason: "still hers"})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoAccept, Role: tocsin.RoleCommander})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoContain, Reason: "not hers any more"}, tocsin.ErrForbidden, "contain")
	inc := r.inc(key)
	role := inc.Role(tocsin.RoleCommander)
	if role.Holder != bea || len(role.Before) != 1 || role.Before[0].Holder != ada || role.Offered != (tocsin.Actor{}) || !role.Before[0].To.Equal(role.Since) {
		t.Errorf("%+v", role)
	}
	r.does(key, bea, tocsin.Command{Do: tocsin.DoRenounce, Role: tocsin.RoleCommander, Reason: "no more"})
	r.does(key, carl, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
}

// TestTwoPeople: what the public reads, an embargo and a rollback take two different people, broken glass or not.
func TestTwoPeople(t *testing.T) {
	r, key := declared(t)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst, Text: "We know."})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoApprove, Message: "m1", BreakGlass: true, Reason: "now!"}, tocsin.ErrForbidden, "another person")
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"}, tocsin.ErrForbidden, "to publish is for")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: r.now.Add(tocsin.Day), Reason: "no fix yet"})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoAgree}, tocsin.ErrForbidden, "another person")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDelegate, Right: tocsin.RightEmbargo, To: bea, Until: r.now.Add(tocsin.Day), Reason: "she knows"})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoAgree})
	inc := r.inc(key)
	if !inc.Private() {
		t.Error("an embargo that was agreed to does not cover")
	}
	r.does(key, carl, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleRelease})
	r.refuses(key, carl, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"}, tocsin.ErrConflict, "under embargo")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDisclose, Reason: "it is in the press"})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: r.now.Add(tocsin.Day), Reason: "again"}, tocsin.ErrConflict, "has ended")
	r.does(key, carl, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"})
	inc = r.inc(key)
	if m := inc.Messages[0]; m.SentAt.IsZero() || m.TLP != tocsin.TLPClear || m.Approved[0] != carl || !inc.NextUpdate.Equal(m.SentAt.Add(8*time.Hour)) {
		t.Errorf("%+v, next %s", m, inc.NextUpdate)
	}
	r.does(key, carl, tocsin.Command{Do: tocsin.DoRollBack, Package: "npm/debug", Version: "4.4.1", Until: r.now.Add(tocsin.Day), Reason: "4.4.2 is bad"})
	r.refuses(key, carl, tocsin.Command{Do: tocsin.DoApproveRollback, Number: 1}, tocsin.ErrForbidden, "another person")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoApproveRollback, Number: 1})
	inc = r.inc(key)
	if b := inc.Rollbacks[0]; !b.Holds(r.now) || b.Holds(r.now.Add(2*tocsin.Day)) {
		t.Errorf("%+v", b)
	}
}

// TestBrokenGlass: who may not, may with a reason, and everybody can see it.
func TestBrokenGlass(t *testing.T) {
	r, key := declared(t)
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoStandDown, Reason: "x"}, tocsin.ErrForbidden, "break the glass")
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoAssign, Task: "lead", To: ada, BreakGlass: true}, tocsin.ErrInvalid, "reason")
	r.does(key, bea, tocsin.Command{Do: tocsin.DoStandDown, Reason: "nobody answers, and it was a drill", BreakGlass: true})
	r.state(key, tocsin.StateStoodDown)
	list := r.events[key]
	if e := list[len(list)-2]; e.Kind != tocsin.EventBrokeGlass || e.ActorID != "2" || !strings.Contains(e.Text, "nobody answers") {
		t.Errorf("%+v", e)
	}
}

// TestMergeAndSplit: what is merged goes on in the other, and its class keeps finding its way there; what is split keeps its projects.
func TestMergeAndSplit(t *testing.T) {
	r := newRoom(t)
	sight := func(slug string, classes ...string) Sighting {
		var list []tocsin.Decision
		for _, c := range classes {
			list = append(list, says(tocsin.ResponseEmergency, class(c), "log", "1"))
		}
		return sees(slug, list, "log@1")
	}
	r.take(r.rules.Fold(nil, []Sighting{sight("a", "CVE-1"), sight("b", "CVE-1"), sight("c", "CVE-2")}, r.now))
	const one, two = "INC-CVE-1", "INC-CVE-2"
	r.does(one, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(two, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.refuses(two, bea, tocsin.Command{Do: tocsin.DoMerge, Into: two, Reason: "x"}, tocsin.ErrInvalid, "itself")
	r.does(two, bea, tocsin.Command{Do: tocsin.DoMerge, Into: one, Reason: "the same cause"})
	r.state(two, tocsin.StateMerged)
	if list := r.rules.Fold(r.known, []Sighting{sight("c", "CVE-2")}, r.now); len(list) != 0 {
		t.Errorf("the same again: %+v", list)
	}
	r.take(r.rules.Fold(r.known, []Sighting{sight("d", "CVE-2")}, r.now))
	if inc := r.inc(one); len(inc.Projects) != 4 || !inc.Has("CVE-2") || inc.Class.ID != "CVE-1" {
		t.Errorf("%+v", inc)
	}
	r.does(one, ada, tocsin.Command{Do: tocsin.DoSplit, Projects: []string{"b"}, Reason: "another team"})
	part := one + "-2"
	r.state(part, tocsin.StateDetected)
	r.take(r.rules.Fold(r.known, []Sighting{sight("a", "CVE-1"), sight("b", "CVE-1")}, r.now))
	if a, b := r.inc(one), r.inc(part); len(a.Projects) != 3 || len(b.Projects) != 1 || b.Projects[0].Slug != "b" {
		t.Errorf("%+v\n%+v", a.Projects, b.Projects)
	}
	r.take(r.rules.Fold(r.known, []Sighting{sees("b", nil, "log@2")}, r.now))
	r.state(part, tocsin.StateResolved)
	r.state(one, tocsin.StateMobilised)
}

// TestWhatPeopleSay of a project holds until a scan says more, and no incident ends by it alone.
func TestWhatPeopleSay(t *testing.T) {
	r := newRoom(t)
	seen := sees("a", []tocsin.Decision{says(tocsin.ResponseEmergency, class("CVE-1"), "log", "1")}, "log@1")
	r.take(r.rules.Fold(nil, []Sighting{seen}, r.now))
	const key = "INC-CVE-1"
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoResolve, Reason: "tired"}, tocsin.ErrConflict, "project a is affected")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"a"}, Status: tocsin.ProjectPatched, Reason: "x"}, tocsin.ErrInvalid, "for scans to say")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"a"}, Status: tocsin.ProjectMitigated, Reason: "port closed"})
	if list := r.rules.Fold(r.known, []Sighting{seen}, r.now); len(list) != 0 {
		t.Errorf("what is mitigated and still seen: %+v", list)
	}
	r.state(key, tocsin.StateMobilised)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoResolve, Reason: "port closed for good"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoReopen, Reason: "port is open"})
	r.take(r.rules.Fold(r.known, []Sighting{sees("a", nil, "log@2")}, r.now))
	r.state(key, tocsin.StateResolved)
	if p := r.inc(key).Projects[0]; p.Status != tocsin.ProjectPatched {
		t.Errorf("%+v", p)
	}
}

// TestMessages: what is for maintainers goes to their issues where only they read; what advisories bring stands in templates as text.
func TestMessages(t *testing.T) {
	r := newRoom(t)
	book := r.rules.Playbooks[defaultPlaybook]
	book.Messages = []tocsin.MessageTemplate{{Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageFirst, Text: "{{.What}} {{.Summary}} is in {{.Packages}}; next {{.NextUpdate}}"}}
	r.rules.Playbooks = map[string]tocsin.Playbook{defaultPlaybook: book}
	c := class("CVE-1")
	c.Summary = "<img src=x> @everybody [x](http://evil.example)"
	r.take(r.rules.Fold(nil, []Sighting{sees("open", []tocsin.Decision{says(tocsin.ResponseEmergency, c, "a`b", "1")}, "a`b@1"), sees("closed", []tocsin.Decision{says(tocsin.ResponseEmergency, c, "a`b", "1")}, "a`b@1")}, r.now))
	const key = "INC-CVE-1"
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceExecutives, Stage: tocsin.StageFirst}, tocsin.ErrInvalid, "has no template for executives")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageFirst})
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	projects := map[string]tocsin.Project{}
	for slug, v := range map[string]tocsin.Visibility{"open": tocsin.VisibilityPublic, "closed": tocsin.VisibilityPrivate} {
		projects[slug] = tocsin.Project{Slug: slug, Repository: "acme/" + slug, Visibility: v, OptIn: tocsin.OptIn{Issues: true, PublicExposure: true}}
	}
	list, err := w.Actions(r.inc(key), projects, r.rules.Playbooks, Coordination{})
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, a := range list {
		if !strings.Contains(a.Key, "message-") {
			continue
		}
		sent++
		text := string(a.Payload)
		if a.Project != "closed" || a.TLP != tocsin.TLPAmber || a.After != "issue/INC-CVE-1/closed" || strings.Contains(text, "<img") || strings.Contains(text, " @everybody") || strings.Contains(text, " [x](http") {
			t.Errorf("%+v %s", a, text)
		}
	}
	if sent != 1 {
		t.Errorf("%d messages", sent)
	}
}
