package incidents

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
)

var dawn = time.Date(2021, 12, 10, 9, 0, 0, 0, time.UTC)

func shippedPlaybooks(t testing.TB) map[string]tocsin.Playbook {
	t.Helper()
	p, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func class(ids ...string) tocsin.Class {
	aliases := slices.Clone(ids)
	slices.Sort(aliases)
	return tocsin.Class{ID: ids[0], Aliases: aliases, Kind: tocsin.KindFlaw, Summary: "a flaw"}
}

func reason(r tocsin.Response, rule string) tocsin.Reason {
	return tocsin.Reason{Text: "decision", Result: "gate fail, response " + string(r), Children: []tocsin.Reason{
		{Text: "emergency: response", Result: string(r), Children: []tocsin.Reason{{Text: rule + ": because of it", Result: "holds"}}},
	}}
}

// says makes a decision about name@version.
func says(r tocsin.Response, c tocsin.Class, name, version string) tocsin.Decision {
	level := map[tocsin.Response]tocsin.Level{tocsin.ResponseEmergency: tocsin.LevelCritical, tocsin.ResponseHold: tocsin.LevelHigh,
		tocsin.ResponseIssue: tocsin.LevelMedium}[r]
	due := map[tocsin.Response]time.Duration{tocsin.ResponseEmergency: 3 * tocsin.Day, tocsin.ResponseHold: 4 * time.Hour,
		tocsin.ResponseIssue: 14 * tocsin.Day}[r]
	d := tocsin.Decision{Response: r, Severity: level, Reason: reason(r, "rule-"+string(r)), Finding: tocsin.Finding{
		Package: tocsin.Package{Ecosystem: "npm", Name: name, Version: version}, Class: c,
		Status: tocsin.StatusAffected, Match: tocsin.MatchRange, Evidence: []tocsin.Evidence{{Advisory: c.ID, Range: "< 9"}},
	}}
	if due > 0 {
		d.Due = dawn.Add(due)
	}
	return d
}

// sees makes a sighting of a project that resolves what the decisions are about, and packages given as name@version.
func sees(slug string, decisions []tocsin.Decision, packages ...string) Sighting {
	s := Sighting{Project: tocsin.Project{Slug: slug}, Whole: true}
	for _, p := range packages {
		name, version, _ := strings.Cut(p, "@")
		s.Inventory.Packages = append(s.Inventory.Packages, tocsin.Package{Ecosystem: "npm", Name: name, Version: version})
	}
	for _, d := range decisions {
		d.Project = slug
		s.Decisions = append(s.Decisions, d)
		s.Inventory.Packages = append(s.Inventory.Packages, d.Finding.Package)
	}
	s.Inventory.Seal()
	return s
}

func one(d ...tocsin.Decision) []tocsin.Decision { return d }

// world keeps incidents from run to run, as the store does, and checks what must always hold.
type world struct {
	t    *testing.T
	now  time.Time
	have map[string]tocsin.Incident
	book map[string]tocsin.Playbook
	log  []tocsin.IncidentEvent // of the last run
}

func newWorld(t *testing.T) *world {
	return &world{t: t, now: dawn, have: map[string]tocsin.Incident{}, book: shippedPlaybooks(t)}
}

func (w *world) known() []tocsin.Incident {
	var out []tocsin.Incident
	for _, key := range sorted(w.have) {
		out = append(out, w.have[key])
	}
	return out
}

func (w *world) run(seen ...Sighting) []Change {
	w.t.Helper()
	w.now = w.now.Add(time.Hour)
	changes := Rules{Playbooks: w.book}.Fold(w.known(), seen, w.now)
	w.log = nil
	for _, c := range changes {
		w.check(c)
		w.have[c.Incident.Key] = c.Incident
		w.log = append(w.log, c.Events...)
	}
	if again := (Rules{Playbooks: w.book}).Fold(w.known(), seen, w.now.Add(time.Hour)); len(again) > 0 {
		w.t.Errorf("the same again changes %s: %+v", again[0].Incident.Key, again[0])
	}
	return changes
}

func (w *world) check(c Change) {
	w.t.Helper()
	now, was := c.Incident, w.have[c.Incident.Key]
	if now.Version != was.Version+1 {
		w.t.Errorf("%s: version %d after %d", now.Key, now.Version, was.Version)
	}
	affected := 0
	slugs := map[string]bool{}
	before := map[string]tocsin.ProjectStatus{}
	for _, p := range was.Projects {
		before[p.Slug] = p.Status
	}
	for _, p := range now.Projects {
		if slugs[p.Slug] {
			w.t.Errorf("%s: project %s stands twice", now.Key, p.Slug)
		}
		slugs[p.Slug] = true
		if p.Status == tocsin.ProjectAffected {
			affected++
		}
		old, known := before[p.Slug]
		if was.Version > 0 && (!known || old != p.Status) && !tells(c.Events, p.Slug) {
			w.t.Errorf("%s: nothing says that %s became %s", now.Key, p.Slug, p.Status)
		}
	}
	if now.State.Over() != (affected == 0) {
		w.t.Errorf("%s is %s with %d affected projects", now.Key, now.State, affected)
	}
	if now.State != was.State && !tells(c.Events, "") {
		w.t.Errorf("%s went from %s to %s without an event", now.Key, was.State, now.State)
	}
	if now.Urgency != was.Urgency && was.Version > 0 && !slices.Contains(kinds(c.Events), tocsin.EventSeverity) {
		w.t.Errorf("%s: urgency went from %s to %s without an event", now.Key, was.Urgency, now.Urgency)
	}
	if was.Version > 0 && !was.State.Over() && (slices.Index(urgencies, now.Urgency) < slices.Index(urgencies, was.Urgency) ||
		tocsin.CompareLevels(now.Severity, was.Severity) < 0) {
		w.t.Errorf("%s fell from %s/%s to %s/%s while open", now.Key, was.Urgency, was.Severity, now.Urgency, now.Severity)
	}
	for _, e := range c.Events {
		if e.Incident != now.Key || !e.At.Equal(w.now) || e.Text == "" || e.Actor == "" || e.TLP != tocsin.TLPAmber {
			w.t.Errorf("event is not whole: %+v", e)
		}
	}
}

func tells(events []tocsin.IncidentEvent, project string) bool {
	return slices.ContainsFunc(events, func(e tocsin.IncidentEvent) bool { return e.Project == project })
}

func kinds(events []tocsin.IncidentEvent) []tocsin.EventKind {
	var out []tocsin.EventKind
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

// wants compares the last run's timeline, one "kind project: text" a line.
func (w *world) wants(lines ...string) {
	w.t.Helper()
	var got []string
	for _, e := range w.log {
		got = append(got, strings.TrimSpace(string(e.Kind)+" "+e.Project)+": "+e.Text)
	}
	if diff := cmp.Diff(lines, got); diff != "" {
		w.t.Errorf("timeline (-want +got):\n%s", diff)
	}
}

func (w *world) is(key string, state tocsin.IncidentState) tocsin.Incident {
	w.t.Helper()
	inc, ok := w.have[key]
	if !ok || inc.State != state {
		w.t.Fatalf("%s is %q (known %v), want %q; there are %v", key, inc.State, ok, state, sorted(w.have))
	}
	return inc
}

func TestEmergencyOpens(t *testing.T) {
	w := newWorld(t)
	c := class("CVE-1", "GHSA-1")
	d := says(tocsin.ResponseEmergency, c, "log", "1.0")
	d.Playbook = "malicious-package"
	w.run(sees("shop", one(d)), sees("api", one(says(tocsin.ResponseIssue, c, "log", "1.1"))), sees("quiet", nil, "other@1"))
	inc := w.is("INC-CVE-1", tocsin.StateDetected)
	w.wants("opened: opened as emergency, severity critical, for api, shop: because of it (rule rule-emergency of policy emergency)")
	book := shippedPlaybooks(t)["malicious-package"]
	if inc.Urgency != tocsin.UrgencyEmergency || inc.Severity != tocsin.LevelCritical || !inc.Due.Equal(d.Due) || inc.Playbook != book.Name ||
		inc.PlaybookVersion != book.Version || !inc.OpenedAt.Equal(w.now) || len(inc.Roles) != len(tocsin.Roles()) || len(inc.Tasks) != len(book.Tasks) {
		t.Errorf("incident = %+v", inc)
	}
	for i, task := range inc.Tasks {
		if !task.Due.Equal(w.now.Add(book.Tasks[i].Due)) || task.Done || task.Role != book.Tasks[i].Role {
			t.Errorf("task %+v of %+v", task, book.Tasks[i])
		}
	}
	if got := inc.Projects; len(got) != 2 || got[0].Slug != "api" || got[1].Rule != "because of it (rule rule-emergency of policy emergency)" || got[0].Round != 1 {
		t.Errorf("projects = %+v", got)
	}
}

func TestHoldAndRoutineOpen(t *testing.T) {
	w := newWorld(t)
	hold, routine := says(tocsin.ResponseHold, class("MAL-1"), "bad", "1"), says(tocsin.ResponseIssue, class("CVE-2"), "old", "1")
	routine.Playbook = "no such playbook"
	w.run(sees("shop", one(hold, routine, says(tocsin.ResponseWatch, class("CVE-3"), "meh", "1"))))
	h, r := w.is("INC-MAL-1", tocsin.StateHold), w.is("INC-CVE-2", tocsin.StateDetected)
	if len(h.Roles) == 0 || len(h.Tasks) == 0 || len(r.Roles) != 0 || len(r.Tasks) != 0 || r.Playbook != defaultPlaybook || r.Urgency != tocsin.UrgencyRoutine {
		t.Errorf("hold %+v\nroutine %+v", h, r)
	}
	if len(w.have) != 2 {
		t.Errorf("there are %v", sorted(w.have))
	}
}

func TestGrowth(t *testing.T) {
	w := newWorld(t)
	c := class("CVE-1")
	a := says(tocsin.ResponseEmergency, c, "log", "1.0")
	w.run(sees("shop", one(a)))
	w.run(sees("shop", one(a, says(tocsin.ResponseWatch, c, "log", "1.1"))), sees("api", one(a)))
	w.wants("grew api: joined, affected through log@1.0", "grew shop: now affected through log@1.1 too")
	w.run(sees("shop", one(says(tocsin.ResponseEmergency, c, "log", "1.2"))))
	w.wants("grew shop: was affected through log@1.0, log@1.1, now through log@1.2")
	w.run(sees("api", one(a, says(tocsin.ResponseEmergency, c, "log", "2.0"))))
	w.run(sees("api", one(a)))
	w.wants("cleared api: in part: no longer through log@2.0, still through log@1.0")
	if got := list(w.is("INC-CVE-1", tocsin.StateDetected).Projects[0].Packages); got != "log@1.0" {
		t.Errorf("packages = %s", got)
	}
}

func TestRise(t *testing.T) {
	w := newWorld(t)
	c := class("MAL-1")
	w.run(sees("shop", one(says(tocsin.ResponseIssue, c, "bad", "1"))))
	w.run(sees("shop", one(says(tocsin.ResponseHold, c, "bad", "1"))))
	if inc := w.is("INC-MAL-1", tocsin.StateHold); len(inc.Tasks) == 0 {
		t.Error("a hold has no tasks")
	}
	late := says(tocsin.ResponseEmergency, c, "bad", "1")
	w.run(sees("shop", one(late)))
	w.wants("severity: urgency rose from hold to emergency: because of it (rule rule-emergency of policy emergency)",
		"severity: severity rose from high to critical")
	inc := w.is("INC-MAL-1", tocsin.StateDetected)
	if want := dawn.Add(4 * time.Hour); !inc.Due.Equal(want) || !inc.Projects[0].Due.Equal(want) {
		t.Errorf("a deadline moved away: %s, %s", inc.Due, inc.Projects[0].Due)
	}
	w.run(sees("shop", one(says(tocsin.ResponseIssue, c, "bad", "1")))) // never falls while open
	w.wants()
}

func TestAliasesKeepTheIncident(t *testing.T) {
	w := newWorld(t)
	w.run(sees("shop", one(says(tocsin.ResponseEmergency, class("GHSA-1"), "log", "1"))))
	both := says(tocsin.ResponseEmergency, class("CVE-1", "GHSA-1"), "log", "1")
	w.run(sees("shop", one(both)))
	if inc := w.is("INC-GHSA-1", tocsin.StateDetected); inc.Class.ID != "CVE-1" || len(w.have) != 1 {
		t.Errorf("class %s, incidents %v", inc.Class.ID, sorted(w.have))
	}
	// The alias is revoked: the class falls into two, and no key is used twice.
	w.run(sees("shop", one(says(tocsin.ResponseEmergency, class("GHSA-1"), "log", "1"), says(tocsin.ResponseEmergency, class("CVE-1"), "log", "1"))))
	if a, b := w.is("INC-GHSA-1", tocsin.StateDetected), w.is("INC-CVE-1", tocsin.StateDetected); a.Class.ID != "GHSA-1" || b.Class.ID != "CVE-1" {
		t.Errorf("classes %s and %s", a.Class.ID, b.Class.ID)
	}
	// It comes back: both stay open, none is opened, none is closed.
	w.run(sees("shop", one(both)))
	w.is("INC-GHSA-1", tocsin.StateDetected)
	w.is("INC-CVE-1", tocsin.StateDetected)
	w.run(sees("shop", nil, "log@2"))
	w.is("INC-GHSA-1", tocsin.StateResolved)
	w.is("INC-CVE-1", tocsin.StateResolved)
}

func TestOwnerGroupsAreApart(t *testing.T) {
	w := newWorld(t)
	d := says(tocsin.ResponseEmergency, class("CVE-1"), "log", "1")
	a, b := sees("a", one(d)), sees("b", one(d))
	a.Project.Group, b.Project.Group = "Team A", "Team/A"
	w.run(a, b)
	w.is("INC-CVE-1-Team_A", tocsin.StateDetected)
	w.is("INC-CVE-1-Team_A-2", tocsin.StateDetected)
	gone := sees("a", nil)
	gone.Project.Group = "Team A"
	w.run(gone)
	if len(w.have) != 2 || !w.have["INC-CVE-1-Team_A"].State.Over() || w.have["INC-CVE-1-Team_A-2"].State.Over() {
		t.Errorf("incidents %v", w.have)
	}
}

func TestClearing(t *testing.T) {
	c := class("CVE-1")
	d := says(tocsin.ResponseEmergency, c, "log", "1.0")
	possible, unknown, watch, none := d, d, d, d
	possible.Response, possible.Finding.Match, possible.Finding.Status = tocsin.ResponseWatch, tocsin.MatchPossible, tocsin.StatusUnknown
	unknown.Response, unknown.Finding.Match, unknown.Finding.Status, unknown.Finding.Reason = tocsin.ResponseWatch, "", tocsin.StatusUnknown, "no version"
	watch.Response = tocsin.ResponseWatch
	none.Response, none.Finding.Status = tocsin.ResponseNone, tocsin.StatusNotAffected
	partial := sees("shop", nil, "log@2.0")
	partial.Whole = false
	for _, tt := range []struct {
		name  string
		next  Sighting
		state tocsin.IncidentState
		want  []string
	}{
		{"upgrade", sees("shop", nil, "log@2.0"), tocsin.StateResolved, []string{"cleared shop: log is now 2.0 (was 1.0)",
			"fix-validated: every project was scanned again and is clear", "resolved: nothing is affected any more"}},
		{"removal", sees("shop", nil, "other@2.0"), tocsin.StateResolved, []string{"cleared shop: log is no longer a dependency",
			"fix-validated: every project was scanned again and is clear", "resolved: nothing is affected any more"}},
		{"the advisory changed", sees("shop", nil, "log@1.0"), tocsin.StateStoodDown, []string{"cleared shop: log 1.0 is no longer named by the advisory",
			"stood-down: the advisory no longer names what is in use; everyone who was told gets a correction"}},
		{"not affected", sees("shop", one(none)), tocsin.StateStoodDown, []string{"cleared shop: log 1.0 is no longer named by the advisory",
			"stood-down: the advisory no longer names what is in use; everyone who was told gets a correction"}},
		{"only an open range is left", sees("shop", one(possible)), tocsin.StateStoodDown, []string{"cleared shop: log 1.0 is no longer named by the advisory",
			"stood-down: the advisory no longer names what is in use; everyone who was told gets a correction"}},
		{"not read whole", partial, tocsin.StateDetected, nil},
		{"not seen", sees("other", nil), tocsin.StateDetected, nil},
		{"a lower response", sees("shop", one(watch)), tocsin.StateDetected, nil},
		{"not known any more", sees("shop", one(unknown)), tocsin.StateDetected, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.run(sees("shop", one(d)))
			w.run(tt.next)
			w.is("INC-CVE-1", tt.state)
			w.wants(tt.want...)
		})
	}
}

// TestMovedBeforeTheRecordWasNarrowed: on 2025-09-08 the record of debug first named every version. Who had the bad one and went back to a
// good one, which was named too by then, was rightly told: when the record is narrowed, that is no correction.
func TestMovedBeforeTheRecordWasNarrowed(t *testing.T) {
	w := newWorld(t)
	all := class("MAL-1")
	w.run(sees("hit", one(says(tocsin.ResponseEmergency, all, "debug", "4.4.2"))), sees("clean", one(says(tocsin.ResponseEmergency, all, "debug", "4.3.4"))))
	w.run(sees("hit", one(says(tocsin.ResponseEmergency, all, "debug", "4.4.1"))))
	w.run(sees("hit", nil, "debug@4.4.1"), sees("clean", nil, "debug@4.3.4"))
	inc := w.is("INC-MAL-1", tocsin.StateResolved)
	for _, p := range inc.Projects {
		want := map[string]tocsin.ProjectStatus{"hit": tocsin.ProjectPatched, "clean": tocsin.ProjectCorrected}[p.Slug]
		if p.Status != want {
			t.Errorf("%s is %s: %s", p.Slug, p.Status, p.Evidence)
		}
	}
	w.wants("cleared clean: debug 4.3.4 is no longer named by the advisory",
		"cleared hit: debug is now 4.4.1 (was 4.4.2); debug 4.4.1 is no longer named by the advisory",
		"fix-validated: every project was scanned again and is clear", "resolved: nothing is affected any more")
}

// What a policy opens an incident on, it also keeps it open on.
func TestPossibleMatchThatIsCalled(t *testing.T) {
	w := newWorld(t)
	d := says(tocsin.ResponseHold, class("MAL-1"), "bad", "1")
	d.Finding.Match, d.Finding.Status = tocsin.MatchPossible, tocsin.StatusUnknown
	w.run(sees("shop", one(d)))
	w.is("INC-MAL-1", tocsin.StateHold)
}

func TestPartlyReadHidesNothing(t *testing.T) {
	w := newWorld(t)
	c := class("CVE-1")
	a, b := says(tocsin.ResponseEmergency, c, "log", "1.0"), says(tocsin.ResponseEmergency, c, "log", "2.0")
	w.run(sees("shop", one(a, b)))
	part := sees("shop", one(a))
	part.Whole = false
	w.run(part)
	w.wants()
	if got := list(w.is("INC-CVE-1", tocsin.StateDetected).Projects[0].Packages); got != "log@1.0, log@2.0" {
		t.Errorf("packages = %s", got)
	}
}

func TestPartialClearAndRegression(t *testing.T) {
	w := newWorld(t)
	d := says(tocsin.ResponseEmergency, class("CVE-1"), "log", "1.0")
	w.run(sees("a", one(d)), sees("b", one(d)))
	w.run(sees("a", nil, "log@2.0"), sees("b", one(d)))
	w.wants("cleared a: log is now 2.0 (was 1.0)")
	if p := w.is("INC-CVE-1", tocsin.StateDetected).Projects[0]; p.Status != tocsin.ProjectPatched || !p.ClearedAt.Equal(w.now) || p.Evidence == "" {
		t.Errorf("project = %+v", p)
	}
	w.run(sees("a", one(d)))
	w.wants("regressed a: affected again through log@1.0")
	w.run(sees("a", nil), sees("b", nil, "log@1.0")) // b's advisory changed, a removed it
	w.is("INC-CVE-1", tocsin.StateResolved)
	late := d
	late.Due = dawn.Add(30 * tocsin.Day)
	w.run(sees("b", one(late)), sees("c", one(late)))
	w.wants("reopened: was resolved; affected again", "regressed b: affected again through log@1.0", "grew c: joined, affected through log@1.0")
	inc := w.is("INC-CVE-1", tocsin.StateReopened)
	if !inc.Due.Equal(late.Due) || inc.Projects[0].Round != 2 || inc.Projects[1].Round != 2 || !inc.Projects[1].ClearedAt.IsZero() || inc.Projects[1].Evidence != "" {
		t.Errorf("incident = %+v", inc)
	}
}

func TestLongOpeningAndForeignReasons(t *testing.T) {
	var seen []Sighting
	d := says(tocsin.ResponseEmergency, class("CVE-1"), "log", "1.0")
	d.Reason = tocsin.Reason{Children: []tocsin.Reason{{Text: "x: response", Result: "emergency", Children: []tocsin.Reason{{Text: "no colon"}}}}, Result: "response emergency"}
	for _, slug := range strings.Split("abcdefghijklm", "") {
		seen = append(seen, sees(slug, one(d)))
	}
	w := newWorld(t)
	w.run(seen...)
	w.wants("opened: opened as emergency, severity critical, for a, b, c, d, e, f, g, h, i, j and 3 more: decided by policy")
}
