package governance

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// with is the shipped governance with people added.
func with(more string) []byte { return append([]byte(string(shipped)+"\n"), more...) }

const team = `people:
  - {person: ada, id: "1", github: ada-l, zone: Europe/Berlin, hours: "mon-fri 09:00-17:00", contacts: {phone: "+49 30 1"}, limits: {day: 6, night: 2}}
  - {person: bea, id: "2", github: bea-l}
rotations:
  - rotation: first
    people: [ada, bea]
    start: 2026-01-05
    length: 1w
    handover: "09:00"
    zone: Europe/Berlin
    overrides:
      - {from: 2026-12-24T09:00+01:00, to: 2026-12-27T09:00+01:00, person: bea}
escalation:
  - policy: urgent
    match: {severity: [critical, high], urgency: [emergency], group: [payments]}
    steps:
      - {all: [rotation first, role incident commander]}
      - {after: 10m, one: [person ada, person bea], outside: wait}
      - {after: 15m, all: [everyone]}
    repeat: 2
    pause: 30m
  - policy: rest
    steps: [{all: [person bea]}]
`

func TestLoad(t *testing.T) {
	g, err := Load("g.yaml", with(team))
	if err != nil {
		t.Fatal(err)
	}
	ada := g.People[0]
	berlin := ada.Zone.String()
	ada.Zone = nil
	week := tocsin.Hours{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * time.Hour, To: 17 * time.Hour}
	if diff := cmp.Diff(tocsin.Responder{Name: "ada", ID: "1", Login: "ada-l", Hours: week, Contacts: map[tocsin.ContactKind]string{tocsin.ContactPhone: "+49 30 1"},
		MostByDay: 6, MostByNight: 2}, ada); diff != "" || berlin != "Europe/Berlin" {
		t.Errorf("%s in %s", diff, berlin)
	}
	if r := g.Rotations[0]; r.Length != 7*tocsin.Day || r.Start.Format(time.RFC3339) != "2026-01-05T09:00:00+01:00" || r.Overrides[0].Person != "bea" {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]tocsin.EscalationPolicy{
		{Name: "urgent", Severities: []tocsin.Level{"critical", "high"}, Urgencies: []tocsin.Urgency{"emergency"}, Groups: []string{"payments"}, Repeat: 2, Pause: 30 * time.Minute,
			Steps: []tocsin.EscalationStep{
				{Whom: []tocsin.Target{{Kind: "rotation", Name: "first"}, {Kind: "role", Name: "incident commander"}}, Outside: "call"},
				{After: 10 * time.Minute, Whom: []tocsin.Target{{Kind: "person", Name: "ada"}, {Kind: "person", Name: "bea"}}, One: true, Outside: "wait"},
				{After: 15 * time.Minute, Whom: []tocsin.Target{{Kind: "everyone"}}, Outside: "call"},
			}},
		{Name: "rest", Pause: 15 * time.Minute, Steps: []tocsin.EscalationStep{{Whom: []tocsin.Target{{Kind: "person", Name: "bea"}}, Outside: "call"}}},
	}, g.Escalation); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct {
		severity tocsin.Level
		urgency  tocsin.Urgency
		group    string
		want     string
	}{
		{tocsin.LevelHigh, tocsin.UrgencyEmergency, "payments", "urgent"}, {tocsin.LevelLow, tocsin.UrgencyEmergency, "payments", "rest"},
		{tocsin.LevelHigh, tocsin.UrgencyHold, "payments", "rest"}, {tocsin.LevelHigh, tocsin.UrgencyEmergency, "", "rest"},
	} {
		if p, ok := g.Escalates(tt.severity, tt.urgency, tt.group); !ok || p.Name != tt.want {
			t.Errorf("%+v: %s", tt, p.Name)
		}
	}
}

func TestShipped(t *testing.T) {
	g, err := Shipped()
	if err != nil || len(g.People) > 0 || g.Updates[tocsin.LevelCritical] != 4*time.Hour {
		t.Errorf("%+v, %v", g, err)
	}
}

// TestRefused: each slip is an error that says where it is and what to do.
func TestRefused(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"person: bea", "person: ada", "g.yaml:6:14: person: ada stands twice"},
		{"person: bea", "person: b e a", `one word of letters`},
		{`id: "2"`, `id: "1"`, `id "1" is another's too`},
		{`id: "2", `, ``, `g.yaml:6:14: person bea: id: is missing`},
		{"github: bea-l", "github: '@bea'", `want a login of their own, without @`},
		{"github: bea-l", "github: bea-l, confirmed: lately", `person bea: confirmed: "lately": want the day`},
		{"github: bea-l", "github: ADA-L", `want a login of their own`},
		{"Europe/Berlin, hours", "Mars/Base, hours", `g.yaml:5:49: person ada: zone: "Mars/Base": want a name`},
		{"Europe/Berlin, hours", "Local, hours", `zone: "Local": want a name`},
		{"zone: Europe/Berlin, hours", "hours", `person ada: zone: is missing`},
		{"mon-fri 09:00-17:00", "mon-fry 09:00-17:00", `hours: "mon-fry 09:00-17:00": want days and times`},
		{"mon-fri 09:00-17:00", "mon-fri 09:00-25:00", `want days and times`},
		{"mon-fri 09:00-17:00", "9 to 5", `want days and times`},
		{"phone:", "pigeon:", `there is no "pigeon"`},
		{"night: 2", "night: 0", `limits: night: want 1 to 100 calls`},
		{"night: 2", "nihgt: 2", `unknown key "nihgt"`},
		{"[ada, bea]", "[ada, eve]", `g.yaml:9:19: rotation first: there is no person "eve"`},
		{"[ada, bea]", "[]", `rotation first: people: want 1 to 50`},
		{"start: 2026-01-05", "start: soon", `start: want the day`},
		{"start: 2026-01-05", "start: 0001-01-01", `start: want the day`},
		{"length: 1w", "length: 5h", `g.yaml:11:13: rotation first: length: want whole days`},
		{"length: 1w", "length: 36h", `length: want whole days`},
		{"    length: 1w\n", "", `length: is missing`},
		{`"09:00"`, "25:00", `handover: want a time of day`},
		{"to: 2026-12-27T09:00+01:00", "to: 2026-12-23T09:00+01:00", `overrides: from and to: want two times`},
		{"to: 2026-12-27T09:00+01:00", "to: 2026-12-27", `overrides: from and to: want two times`},
		{"person: bea}\nesc", "person: bea}\n      - {from: 2026-12-26T09:00Z, to: 2026-12-28T09:00Z, person: ada}\nesc", `overlaps the one of bea`},
		{"[critical, high]", "[dire]", `match: `},
		{"[emergency]", "[routine]", `urgency: "routine": want emergency or hold`},
		{"after: 10m", "after: 10s", `after: 10s: want a time from one minute`},
		{"after: 10m, ", "", `step 2: after: is missing`},
		{"outside: wait", "outside: sleep", `outside: "sleep": want call, skip or wait`},
		{"one: [person ada, person bea]", "one: [person ada], all: [person bea]", `step 2: want either all: or one:`},
		{"rotation first, role", "rotation second, role", `"rotation second" is nobody`},
		{"role incident commander", "role cook", `"role cook" is nobody`},
		{"all: [everyone]", "all: [ada]", `"ada" is nobody`},
		{"repeat: 2", "repeat: 6", `repeat: 6: want 0 to 5`},
		{"pause: 30m", "pause: 8d", `pause: 192h0m0s: want a time from one minute`},
		{"policy: rest", "policy: urgent", `policy: urgent stands twice`},
	} {
		text := strings.Replace(team, tt.old, tt.new, 1)
		if text == team {
			t.Fatalf("%q is not there", tt.old)
		}
		_, err := Load("g.yaml", []byte("governance: x\nversion: 1\n\n"+text))
		if err == nil || !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q for %q: want %s\n%v", tt.new, tt.old, tt.want, err)
		}
	}
}

// TestCheck: what is allowed and may leave an emergency with nobody is said.
func TestCheck(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		old, new string
		want     []string
	}{
		"sound": {"", "", nil},
		"no contact": {`id: "2", github: bea-l`, `id: "2"`, []string{
			"person bea: has neither a login nor a contact: nothing reaches them", "policy rest: may end with nobody called: no step calls everyone, or somebody who is always there"}},
		"not asked for half a year": {`id: "2", github: bea-l`, `id: "2", github: bea-l, confirmed: 2026-05-01`, []string{"person bea: said on 2026-05-01 how they are reached: ask them again, and set confirmed:"}},
		"asked last month":          {`id: "2", github: bea-l`, `id: "2", github: bea-l, confirmed: 2026-10-23`, nil},
		"a gap every night": {"    overrides:", "    hours: mon-sun 06:00-22:00\n    overrides:", []string{
			"rotation first: nobody is on call from 2026-11-23 21:00 UTC to 2026-11-24 05:00 UTC"}},
		"not yet": {"start: 2026-01-05", "start: 2026-12-01", []string{
			"rotation first: nobody is on call from 2026-11-23 12:00 UTC to 2026-12-01 08:00 UTC"}},
		"limits": {"steps: [{all: [person bea]}]", "steps: [{all: [person ada, role scribe]}]", []string{
			"policy rest: may end with nobody called: no step calls everyone, or somebody who is always there"}},
		"not for all": {"steps: [{all: [person bea]}]", "steps: [{all: [person bea]}]\n    match: {urgency: [emergency], severity: [critical, high, medium]}", []string{
			"escalation: outside the groups that policies name, nobody is called for urgency emergency with severity low",
			"escalation: outside the groups that policies name, nobody is called for urgency hold with severity critical, high, medium, low"}},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Load("g.yaml", with(strings.Replace(team, tt.old, tt.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, Check(g, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(with(team))
	data, err := os.ReadFile("default.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Load("g.yaml", data)
		if err != nil || len(g.People) > 20 || len(g.Rotations) > 5 {
			return
		}
		Check(g, now)
		for _, r := range g.Rotations {
			if who, until := r.OnCall(now); who != "" && !until.After(now) {
				t.Errorf("%s is on call until %s", who, until)
			}
		}
	})
}
