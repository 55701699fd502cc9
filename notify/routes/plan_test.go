package routes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

const text = `notify: shop
version: 1
zone: Europe/Berlin
mail: {server: "smtp.example.com:587", from: Tocsin <tocsin@example.com>}
receivers:
  - {receiver: chat, chat: {env: CHAT}}
  - {receiver: pager, pager: {env: PAGER}, embargoed: true}
  - {receiver: team, mail: {file: team}, hours: "mon-fri 09:00-17:00", limits: {hour: 2}}
  - {receiver: world, webhook: {env: HOOK}, key: {env: HOOK_KEY}, audience: public}
routes:
  - {route: emergencies, match: {urgency: [emergency]}, to: [chat, pager], repeat: 30m}
  - {route: rest, to: [chat, team], wait: 1m, every: 10m}
  - {route: low, match: {severity: [low]}, to: [pager], digest: "mon-fri 09:00"}
  - {route: told, match: {news: [message]}, to: [world]}
inhibit:
  - {when: {urgency: [emergency]}, mute: {urgency: [routine]}, same: group}
`

// monday, noon in Berlin.
var monday = time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)

// room plays time: each tick plans, and remembers what was sent.
type room struct {
	t *testing.T
	Input
	texts []tocsin.Notice
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r, err := Load("notify.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &room{t: t, Input: Input{Routes: r, Now: monday, Since: map[string]time.Time{}}}
}

func incident(key string, u tocsin.Urgency, level tocsin.Level) tocsin.Incident {
	return tocsin.Incident{Key: key, Urgency: u, Severity: level, State: tocsin.StateDetected, Class: tocsin.Class{ID: "CVE-2021-44228", Summary: "Remote code execution"}, OpenedAt: monday,
		Projects: []tocsin.IncidentProject{{Slug: "shop", Status: tocsin.ProjectAffected, Packages: []tocsin.IncidentPackage{{Name: "log4j-core", Version: "2.14.1", Fixed: "2.17.1"}}}}}
}

func (r *room) open(inc tocsin.Incident) {
	r.Told = append(r.Told, Told{Incident: inc, URL: "https://forge.example/acme/security/issues/1"})
	r.happens(inc.Key, tocsin.EventOpened)
}

func (r *room) of(key string) *Told {
	for i := range r.Told {
		if r.Told[i].Incident.Key == key {
			return &r.Told[i]
		}
	}
	return nil
}

func (r *room) happens(key string, kind tocsin.EventKind) {
	t := r.of(key)
	t.Events = append(t.Events, tocsin.IncidentEvent{Incident: key, Seq: len(t.Events) + 1, At: r.Now, Kind: kind, Text: "because " + string(kind), TLP: tocsin.TLPAmber})
	switch kind {
	case tocsin.EventResolved:
		t.Incident.State = tocsin.StateResolved
	case tocsin.EventReopened:
		t.Incident.State = tocsin.StateReopened
	case tocsin.EventAcknowledged:
		t.Incident.Escalation.AckBy = tocsin.Actor{ID: "7", Name: "ada"}
	}
}

// after lets time pass and gives who was told what, "receiver incident: news", and for what is held the reason.
func (r *room) after(d time.Duration) (sent, held []string) {
	r.Now = r.Now.Add(d)
	out := Plan(r.Input)
	for _, s := range out.Send {
		r.texts = append(r.texts, s.Notice)
		for _, rec := range s.Records {
			sent = append(sent, fmt.Sprintf("%s %s: %v", rec.Receiver, rec.Incident, rec.News))
		}
		r.Log = append(r.Log, s.Records...)
	}
	r.Log = append(r.Log, out.Passed...)
	for _, p := range out.Passed {
		held = append(held, fmt.Sprintf("%s %s: %s", p.Receiver, p.Incident, p.Why))
	}
	for _, h := range out.Held {
		held = append(held, fmt.Sprintf("%s %s: %s (%s)", h.Receiver, h.Incident, h.Why, h.Until.Format("Mon 15:04")))
	}
	if again := Plan(r.Input); len(again.Send)+len(again.Passed) > 0 {
		r.t.Errorf("the same time again tells more: %+v", again)
	}
	return sent, held
}

func (r *room) want(d time.Duration, want ...string) []string {
	r.t.Helper()
	sent, held := r.after(d)
	if diff := cmp.Diff(want, sent); diff != "" {
		r.t.Errorf("at %s: %s\nheld: %s", r.Now.Format("Mon 15:04"), diff, strings.Join(held, "\n"))
	}
	return held
}

func (r *room) says(held []string, want string) {
	r.t.Helper()
	if !strings.Contains(strings.Join(held, "\n"), want) {
		r.t.Errorf("want %q in\n%s", want, strings.Join(held, "\n"))
	}
}

// TestEmergency: it is told at once, again until somebody answers, then only what is news, and its end.
func TestEmergency(t *testing.T) {
	r := newRoom(t)
	r.open(incident("INC-1", tocsin.UrgencyEmergency, tocsin.LevelCritical))
	r.says(r.want(0, "chat INC-1: [opened]", "pager INC-1: [opened]"), "team INC-1: gathers")
	r.want(29*time.Minute, "team INC-1: [opened]")
	r.want(time.Minute, "chat INC-1: [no response]", "pager INC-1: [no response]")
	r.happens("INC-1", tocsin.EventAcknowledged)
	r.want(time.Hour)
	r.happens("INC-1", tocsin.EventFixValidated)
	r.says(r.want(0), "chat INC-1: ada acknowledged it")
	r.happens("INC-1", tocsin.EventGrew)
	r.want(time.Minute, "chat INC-1: [grew]", "pager INC-1: [grew]", "team INC-1: [grew]")
	r.happens("INC-1", tocsin.EventResolved)
	r.want(time.Hour, "chat INC-1: [over]", "pager INC-1: [over]", "team INC-1: [over]")
	r.want(20 * tocsin.Day)
}

// TestKeptQuiet: each reason for which news waits or is passed over, and what becomes of it.
func TestKeptQuiet(t *testing.T) {
	t.Run("an emergency is never silenced while nobody has it", func(t *testing.T) {
		r := newRoom(t)
		r.Silences = []tocsin.Silence{{ID: "s1", By: "ada", Reason: "moving house", From: monday, Until: monday.Add(8 * time.Hour)}}
		r.open(incident("INC-1", tocsin.UrgencyEmergency, tocsin.LevelHigh))
		r.open(incident("INC-2", tocsin.UrgencyHold, tocsin.LevelHigh))
		r.says(r.want(2*time.Minute, "chat INC-1: [opened]", "pager INC-1: [opened]", "team INC-1: [opened]"), "chat INC-2: silence s1 by ada: moving house (Mon 19:00)")
		r.want(7*time.Hour, "chat INC-1: [no response]", "pager INC-1: [no response]")
		r.want(time.Hour, "chat INC-1: [no response]", "chat INC-2: [opened]", "pager INC-1: [no response]") // the silence is over; the team is at home
		r.want(14*time.Hour, "chat INC-1: [no response]", "pager INC-1: [no response]", "team INC-2: [opened]")
	})
	t.Run("inhibited is passed over for good", func(t *testing.T) {
		r := newRoom(t)
		r.open(incident("INC-1", tocsin.UrgencyEmergency, tocsin.LevelHigh))
		r.open(incident("INC-2", tocsin.UrgencyRoutine, tocsin.LevelHigh))
		r.says(r.want(2*time.Minute, "chat INC-1: [opened]", "pager INC-1: [opened]", "team INC-1: [opened]"), "chat INC-2: inhibited while INC-1 is open")
		r.happens("INC-1", tocsin.EventResolved)
		r.Routes.Inhibits = nil // and the rules were loaded anew
		r.want(time.Hour, "chat INC-1: [over]", "pager INC-1: [over]", "team INC-1: [over]")
	})
	t.Run("over before anybody was told", func(t *testing.T) {
		r := newRoom(t)
		r.open(incident("INC-2", tocsin.UrgencyRoutine, tocsin.LevelHigh))
		r.happens("INC-2", tocsin.EventResolved)
		r.says(r.want(time.Hour), "chat INC-2: it was over before anybody was told")
	})
	t.Run("flapping", func(t *testing.T) {
		r := newRoom(t)
		r.open(incident("INC-2", tocsin.UrgencyHold, tocsin.LevelHigh))
		r.want(time.Minute, "chat INC-2: [opened]", "team INC-2: [opened]")
		for range 2 {
			r.happens("INC-2", tocsin.EventResolved)
			r.Now = r.Now.Add(time.Minute)
			r.happens("INC-2", tocsin.EventReopened)
		}
		r.says(r.want(12*time.Minute), "chat INC-2: it was open and over 5 times in 2 h")
		r.want(20*time.Minute, "chat INC-2: [over reopened]", "team INC-2: [over reopened]")
	})
	t.Run("a digest", func(t *testing.T) {
		r := newRoom(t)
		for _, key := range []string{"INC-1", "INC-2"} {
			r.open(incident(key, tocsin.UrgencyHold, tocsin.LevelLow))
		}
		r.says(r.want(time.Minute, "chat INC-1: [opened]", "chat INC-2: [opened]", "team INC-1: [opened]", "team INC-2: [opened]"), "pager INC-1: gathered for the digest (Tue 08:00)")
		r.want(21*time.Hour, "pager INC-1: [opened]", "pager INC-2: [opened]")
		if last := r.texts[len(r.texts)-1]; len(last.Items) != 2 || last.Subject != "News of 2 incidents (low)" {
			t.Errorf("%+v", last)
		}
	})
	t.Run("limits and hours", func(t *testing.T) {
		r := newRoom(t)
		for n := range 3 {
			r.open(incident(fmt.Sprintf("INC-%d", n), tocsin.UrgencyHold, tocsin.LevelHigh))
			r.after(time.Minute)
		}
		_, held := r.after(time.Minute)
		r.says(held, "team INC-2: delayed: the receiver takes 2 in an hour (Mon 12:01)")
		r.want(time.Hour, "team INC-2: [opened]")
		r.Now = monday.Add(10 * time.Hour)
		r.open(incident("INC-9", tocsin.UrgencyHold, tocsin.LevelHigh))
		r.says(r.want(time.Minute, "chat INC-9: [opened]"), "team INC-9: outside the hours of the receiver (Tue 08:00)")
	})
	t.Run("what was before", func(t *testing.T) {
		r := newRoom(t)
		r.open(incident("INC-1", tocsin.UrgencyHold, tocsin.LevelHigh))
		r.open(incident("INC-2", tocsin.UrgencyEmergency, tocsin.LevelHigh))
		for _, one := range r.Routes.Receivers {
			r.Since[one.Name] = monday.Add(time.Second)
		}
		r.want(time.Hour, "chat INC-2: [opened]", "pager INC-2: [opened]", "team INC-2: [opened]")
	})
}

// TestEmbargo: what is under embargo goes to whom it is for, without a word in the subject, and to the public only what it may read.
func TestEmbargo(t *testing.T) {
	r := newRoom(t)
	inc := incident("INC-1", tocsin.UrgencyEmergency, tocsin.LevelHigh)
	inc.Class.Private = true
	r.open(inc)
	r.says(r.want(time.Hour, "pager INC-1: [opened]"), "chat INC-1: it is under embargo, and the receiver is not for that")
	if n := r.texts[0]; n.Subject != "Something under embargo has news" || !n.Embargoed || !strings.Contains(n.Text, "CVE-2021-44228") && !strings.Contains(n.Text, "log4j-core") {
		t.Errorf("%+v", n)
	}
	r.of("INC-1").Public = []tocsin.PublicEntry{{Seq: 1, At: r.Now, Text: "We **found** something."}}
	r.says(r.want(0), "world INC-1: it is under embargo, and the receiver is public")
	r.of("INC-1").Incident.Class.Private = false
	r.want(time.Minute, "chat INC-1: [opened]", "team INC-1: [opened]", "world INC-1: [message]")
	for _, n := range r.texts {
		if n.Receiver == "world" && (n.Text != "We **found** something.\n" || n.URL != "" || n.Subject != "Security announcement") {
			t.Errorf("%+v", n)
		}
	}
}

// TestCalls: who is called is told by every way there is, once for each call, however late it is.
func TestCalls(t *testing.T) {
	r := newRoom(t)
	r.Governance.People = []tocsin.Responder{
		{Name: "ada", ID: "7", Zone: time.UTC, Contacts: map[tocsin.ContactKind]string{tocsin.ContactMail: "ada@example.com", tocsin.ContactPager: "pager"}},
		{Name: "bea", ID: "8", Zone: time.UTC, Contacts: map[tocsin.ContactKind]string{tocsin.ContactPhone: "+49 30 1"}},
	}
	inc := incident("INC-1", tocsin.UrgencyEmergency, tocsin.LevelHigh)
	inc.Class.Private = true
	r.open(inc)
	r.want(0, "pager INC-1: [opened]")
	for n := range 2 {
		e := &r.of("INC-1").Incident.Escalation
		e.Calls = append(e.Calls, tocsin.Summons{Number: n + 1, At: r.Now, To: []tocsin.Callee{{Actor: tocsin.Actor{ID: "7", Name: "ada"}}, {Actor: tocsin.Actor{ID: "8", Name: "bea"}}}})
	}
	r.says(r.want(time.Second, "person:ada/mail INC-1: [call]", "pager INC-1: [call]"), "person:bea INC-1: they have no contact")
	for _, n := range r.texts[1:] {
		if secret := strings.Contains(n.Text+n.Subject+n.Thread+n.URL, "44228") || strings.Contains(n.Text+n.Subject+n.Thread+n.URL, "INC-1"); secret != (n.Receiver == "pager") {
			t.Errorf("%+v", n)
		}
	}
	r.happens("INC-1", tocsin.EventAcknowledged)
	r.want(time.Hour)
}

// TestTexts: names of a megabyte, line breaks, escapes and marks that turn text around change nothing but themselves.
func TestTexts(t *testing.T) {
	r := newRoom(t)
	inc := incident("INC-1", tocsin.UrgencyEmergency, tocsin.LevelCritical)
	evil := "x\r\nNow:\n- run curl evil\x1b[31m\u202e\u0000<!channel> @everyone" + strings.Repeat("A", 1<<20)
	inc.Class.Summary, inc.Cause, inc.Projects[0].Slug, inc.Projects[0].Packages[0].Name = evil, evil, evil, evil
	for range 3000 {
		inc.Projects = append(inc.Projects, inc.Projects[0])
	}
	r.open(inc)
	r.want(0, "chat INC-1: [opened]", "pager INC-1: [opened]")
	n := r.texts[0]
	if len(n.Text) > 20_000 || len(n.Subject) > 1000 || strings.Count(n.Text, "\nNow:\n") != 1 || strings.ContainsAny(n.Text+n.Subject, "\r\x1b\u202e\x00") || strings.Contains(n.Subject, "\n") {
		t.Errorf("%d bytes\n%s\n%.3000s", len(n.Text), n.Subject, n.Text)
	}
	if !strings.Contains(n.Text, "tocsin incidents acknowledge INC-1") {
		t.Error("nobody learns what to do")
	}
}
