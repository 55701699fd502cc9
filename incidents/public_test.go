package incidents

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/notify/routes"
)

// TestPublication: only what two people agreed to is public; it can be checked, and a later copy against an older one.
func TestPublication(t *testing.T) {
	r, key := declared(t)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleRelease})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst, Text: "We look into <it> & tell you."})
	if p, ok := Publish(r.inc(key)); ok {
		t.Fatalf("%+v", p)
	}
	r.does(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageUpdate, Text: "for you alone"})
	older, ok := Publish(r.inc(key))
	if !ok || len(older.Entries) != 1 || older.State != tocsin.StateMobilised || older.Title != "" {
		t.Fatalf("%+v", older)
	}
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceDownstream, Stage: tocsin.StageFixed, Text: "It is over."})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m3"})
	p, _ := Publish(r.inc(key))
	if err := p.GoesOnFrom(older); err != nil || len(p.Entries) != 2 {
		t.Errorf("%v %+v", err, p)
	}
	if err := older.GoesOnFrom(p); err == nil {
		t.Error("what was said was taken back, and nobody noticed")
	}
	forged := p
	forged.Entries = slices.Clone(p.Entries)
	forged.Entries[0].Text = "We knew nothing."
	if forged.Verify() == nil || p.GoesOnFrom(forged) == nil {
		t.Error("a changed entry was not noticed")
	}
	var copied tocsin.Publication // as somebody kept it
	text, _ := json.Marshal(p)
	if err := json.Unmarshal(text, &copied); err != nil || copied.Verify() != nil {
		t.Error(err, copied.Verify())
	}
	atom, err := PublicAtom(p, "https://x.example/feed")
	if err != nil {
		t.Fatal(err)
	}
	var back atomFeed
	if err := xml.Unmarshal(atom, &back); err != nil || back.Entries[1].Content.Text != "We look into <it> & tell you." || back.Updated != back.Entries[0].Updated || !strings.Contains(back.ID, key) {
		t.Errorf("%v %s", err, atom)
	}
	page := PublicMarkdown(p)
	if at, other := strings.Index(page, "It is over."), strings.Index(page, "We look into"); at < 0 || other < at || strings.Contains(page, "for you alone") {
		t.Error(page)
	}
}

// TestNothingLeaks plays random emergencies in which every text that people or advisories bring has a mark, and looks for the marks in
// all that strangers could read, while the incident is under embargo or its advisory is private.
func TestNothingLeaks(t *testing.T) {
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	people := []tocsin.Actor{ada, bea, carl}
	looked, said, calls := 0, 0, 0
	paths, err := routes.Load("notify.yaml", []byte(everyChannel))
	if err != nil {
		t.Fatal(err)
	}
	seeds := uint64(60)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 7))
		r := newRoom(t)
		c := class("CVE-1")
		c.Summary, c.Private = "SECRET summary", seed%2 == 0
		d := says(tocsin.ResponseEmergency, c, "SECRET-package", "1.SECRET")
		r.take(r.rules.Fold(nil, []Sighting{sees("SECRET-project", []tocsin.Decision{d}, "SECRET-package@1.SECRET")}, r.now))
		key := r.known[0].Key
		if seed%3 == 0 { // it is clear, but does not build
			p := &r.known[0].Projects[0]
			p.Status, p.ClearedAt, p.Checks = tocsin.ProjectPatched, r.now, tocsin.CommitChecks{Commit: commitA, Since: r.now, AskedAt: r.now, Unknown: "SECRET doubt",
				Runs: []tocsin.CheckRun{{Name: "SECRET check", State: tocsin.CheckFailed, Required: true}}}
			r.known[0].Checks = []tocsin.Check{{Criterion: "checks", Project: p.Slug, Says: "SECRET criterion"}}
		}
		projects := map[string]tocsin.Project{"SECRET-project": {
			Slug: "SECRET-project", Publishes: "pkg:npm/SECRET-product", Repository: "acme/open", Visibility: tocsin.VisibilityPublic, OptIn: tocsin.OptIn{Issues: true, PublicExposure: true, AdvisoryDraft: true},
		}}
		r.rules.Projects, r.rules.Publisher = projects, tocsin.Publisher{Name: "Shop", URL: "https://shop.example"}
		commands := []tocsin.Command{
			{Do: tocsin.DoRevise, Text: "SECRET revision"}, {Do: tocsin.DoAdvise, Section: tocsin.SectionDetails, Text: "SECRET details"}, {Do: tocsin.DoApprove, Message: "m3", BreakGlass: true, Reason: "SECRET"},
			{Do: tocsin.DoTake, Role: tocsin.RoleCommander}, {Do: tocsin.DoTake, Role: tocsin.RoleLiaison}, {Do: tocsin.DoTake, Role: tocsin.RoleRelease},
			{Do: tocsin.DoNote, Text: "SECRET note"}, {Do: tocsin.DoNote, Text: "SECRET note", TLP: tocsin.TLPClear}, {Do: tocsin.DoFinish, Task: "lead", Text: "SECRET evidence"},
			{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst, Text: "SECRET draft"}, {Do: tocsin.DoDraft, Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageFirst, Text: "SECRET message"},
			{Do: tocsin.DoApprove, Message: "m1", BreakGlass: true, Reason: "SECRET"}, {Do: tocsin.DoApprove, Message: "m2", BreakGlass: true, Reason: "SECRET"}, {Do: tocsin.DoEmbargo, Until: dawn.Add(60 * tocsin.Day), Reason: "SECRET"}, {Do: tocsin.DoAgree},
			{Do: tocsin.DoRollBack, Package: "npm/SECRET-package", Version: "1", Until: dawn.Add(60 * tocsin.Day), Reason: "SECRET"}, {Do: tocsin.DoContain, Reason: "SECRET"},
			{Do: tocsin.DoStatus, Projects: []string{"SECRET-project"}, Status: tocsin.ProjectMitigated, Reason: "SECRET"}, {Do: tocsin.DoStandDown, Reason: "SECRET"}, {Do: tocsin.DoDisclose, Reason: "SECRET"},
		}
		published := map[string]bool{} // what was said while it was allowed
		for range 40 {
			r.now = r.now.Add(time.Minute)
			do := commands[rnd.IntN(len(commands))]
			do.By = people[rnd.IntN(len(people))]
			if list, err := r.rules.Handle(r.known, key, do, r.now); err == nil {
				r.take(list)
			}
			inc := r.inc(key)
			p, _ := Publish(inc)
			for _, e := range p.Entries {
				if inc.Private() && !published[e.Hash] {
					t.Fatalf("seed %d: published under embargo: %+v", seed, e)
				}
				published[e.Hash] = true
				said++
			}
			if !inc.Private() {
				continue
			}
			looked++
			if d := r.rules.Document(inc, projects, r.now); d.Status == tocsin.DocumentDraft && d.TLP.Allows(tocsin.VisibilityPublic) {
				t.Fatalf("seed %d: a draft is for everybody: %+v", seed, d)
			}
			p.Entries = nil // they were said before
			open := fmt.Sprintf("%+v", p)
			list, err := w.Actions(inc, projects, r.rules.Playbooks, Coordination{"acme/security", tocsin.VisibilityPublic})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				if a.TLP.Allows(tocsin.VisibilityPublic) || a.Audience == tocsin.VisibilityPublic {
					open += fmt.Sprintf(" %+v %s", a, a.Payload)
				}
			}
			for _, n := range toldOf(paths, inc, r.events[key], published, r.now) {
				open += fmt.Sprintf(" %+v", n)
				calls++
			}
			if strings.Contains(open, "SECRET") {
				t.Fatalf("seed %d: %s", seed, open)
			}
		}
	}
	if looked < int(seeds)*3 || said == 0 || calls == 0 {
		t.Errorf("looked %d times, %d entries, %d notices: the test shows little", looked, said, calls)
	}
}

// everyChannel tells everybody everything, as far as it may: private and public receivers of each channel, none of which is for an embargo.
const everyChannel = `notify: all
version: 1
mail: {server: "smtp.example.com:587", from: tocsin@example.com}
receivers:
  - {receiver: chat, chat: {env: A}}
  - {receiver: pager, pager: {env: A}}
  - {receiver: mail, mail: {env: A}}
  - {receiver: hook, webhook: {env: A}, key: {env: A}}
  - {receiver: open-chat, chat: {env: A}, audience: public}
  - {receiver: open-mail, mail: {env: A}, audience: public}
  - {receiver: open-hook, webhook: {env: A}, key: {env: A}, audience: public}
routes: [{route: all, to: [chat, pager, mail, hook, open-chat, open-mail, open-hook]}]
`

// toldOf is what receivers that are not for an embargo would be told of an incident, of which nobody was told anything, and those who are
// called, by ways that are not for that either.
func toldOf(paths routes.Routes, inc tocsin.Incident, events []tocsin.IncidentEvent, published map[string]bool, now time.Time) (out []tocsin.Notice) {
	crew := tocsin.Governance{People: []tocsin.Responder{{Name: ada.Name, ID: ada.ID, Zone: time.UTC,
		Contacts: map[tocsin.ContactKind]string{tocsin.ContactMail: "ada@example.com", tocsin.ContactPager: "pager", tocsin.ContactChat: "hook"}}}}
	inc.Escalation = tocsin.Escalation{Calls: []tocsin.Summons{{Number: 1, At: now, To: []tocsin.Callee{{Actor: ada}}}}}
	p, _ := Publish(inc)
	one := routes.Told{Incident: inc, Events: slices.Clone(events), URL: "https://forge.example/SECRET"}
	for i := range one.Events {
		one.Events[i].Seq = i + 1
	}
	for _, e := range p.Entries {
		if !published[e.Hash] {
			one.Public = append(one.Public, e)
		}
	}
	for _, s := range routes.Plan(routes.Input{Routes: paths, Governance: crew, Told: []routes.Told{one}, Now: now}).Send {
		out = append(out, s.Notice)
	}
	return out
}
