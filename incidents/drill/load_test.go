package drill

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// good is a scenario with one of everything. Each test breaks a line of it.
const good = `drill: small
version: 1
kind: tabletop
title: A small one
story: Something happens.
start: 2026-01-01T00:00Z
length: 2d
people:
  - {person: ada}
  - {person: bea}
projects:
  - {project: shop, criticality: high, exposure: public, packages: [npm/debug@4.4.1 via express@4.21.2]}
injects:
  - at: +1h
    says: It is published.
    advisory: {id: GHSA-1, summary: a flaw, affects: [{package: npm/debug, from: "0", fixed: 4.4.3}]}
    registry: {npm/debug@4.4.3: exists}
    leaves: [bea]
moves:
  - {at: +2h, who: ada, do: take, role: incident commander}
  - {at: +3h, who: ada, do: pin, projects: [shop], packages: [npm/debug@4.4.3]}
expect:
  - {see: state mobilised, by: +3h, points: 5, why: somebody leads}
  - {never: late update, points: 5, why: people hear}
`

func TestLoad(t *testing.T) {
	s, err := Load("small.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if s.End.Sub(s.Start) != 2*tocsin.Day || s.Injects[0].Registry["npm/debug@4.4.3"] != tocsin.RegistryExists || s.Projects[0].Packages[0].Via != "express@4.21.2" || s.Real.Began != s.Start {
		t.Errorf("%+v", s)
	}
	if s.Present("bea", s.Start.Add(tocsin.Day)) || !s.Present("bea", s.Start) || !s.Present("ada", s.End) {
		t.Error("bea is away from the first hour on, and nobody else")
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":          {"story:", "storey:", `small.yaml:5:1: unknown key "storey"`},
		"no name":              {"drill: small\n", "", "drill: is missing"},
		"a name with a space":  {"drill: small", "drill: so small", "small.yaml:1:8: drill:"},
		"kind":                 {"kind: tabletop", "kind: game", `small.yaml:3:7: kind: "game": want one of`},
		"no zone":              {"start: 2026-01-01T00:00Z", "start: 2026-01-01", "small.yaml:6:8: start:"},
		"too long":             {"length: 2d", "length: 400d", "small.yaml:7:9: length: want a time from 1h to 180d"},
		"a person twice":       {"person: bea", "person: ada", "small.yaml:10:14: people: ada stands twice"},
		"a package":            {"npm/debug@4.4.1 via express@4.21.2", "debug 4.4.1", "want ecosystem/name@version"},
		"a criticality":        {"criticality: high", "criticality: huge", "small.yaml:12:15: projects: project shop: invalid"},
		"out of time":          {"at: +1h", "at: +3d", "small.yaml:14:9: inject: at: 2026-01-04T00:00:00Z lies outside the drill"},
		"no time":              {"at: +1h", "at: soon", `small.yaml:14:9: inject: at: "soon": want a time with its zone`},
		"says nothing":         {"says: It is published.", `says: ""`, "inject: says: is missing"},
		"both records":         {"{id: GHSA-1,", "{id: GHSA-1, record: GHSA-2,", "want either record: with the id of an embedded record, or id:"},
		"no versions":          {`from: "0", fixed: 4.4.3`, "fixed: 4.4.3", "affects: want versions: or from:"},
		"a registry's answer":  {"npm/debug@4.4.3: exists", "npm/debug@4.4.3: there", `registry: npm/debug@4.4.3: "there": want one of`},
		"who leaves":           {"leaves: [bea]", "leaves: [zoe]", `small.yaml:18:14: leaves: there is no "zoe" in this drill`},
		"who moves":            {"{at: +2h, who: ada", "{at: +2h, who: zoe", `small.yaml:20:20: who: there is no "zoe" in this drill`},
		"a verb":               {"do: take", "do: steal", `small.yaml:20:29: do: "steal": want one of`},
		"what a verb needs":    {"do: take, role: incident commander", "do: take", "small.yaml:20:10: take: role: is missing"},
		"a project":            {"projects: [shop], packages", "projects: [stop], packages", `projects: there is no "stop" in this drill`},
		"a mark":               {"see: state mobilised", "see: status fine", `small.yaml:23:11: expect: "status fine": want a kind and a value`},
		"a state":              {"see: state mobilised", "see: state mobilized", `small.yaml:23:11: state: "mobilized": want one of`},
		"no end":               {"see: state mobilised, by: +3h", "see: state mobilised", "expect: by: is missing: when is it late?"},
		"after the end":        {"by: +3h, points", "by: +9d, points", "by: lies before from:, or after the drill"},
		"points":               {"points: 5, why: somebody", "points: 500, why: somebody", "points: want 1 to 100"},
		"see and never":        {"{never: late update,", "{never: late update, see: late update,", "expect: want either see: or never:"},
		"nothing expected":     {good[strings.Index(good, "expect:"):], "expect: []\n", "a drill that expects nothing cannot be scored"},
		"more than is sane":    {"people:\n", "people:\n" + strings.Repeat("  - {person: x}\n", 400), "people: there are more than 300"},
		"a text without end":   {"says: It is published.", "says: " + strings.Repeat("x", 6000), "inject: says: is longer than 5000 bytes"},
		"real before it began": {"length: 2d", "length: 2d\nreal: {began: 2026-01-02T00:00Z, known: 2026-01-01T00:00Z}", "real: known lies before it began"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		_, err := Load("small.yaml", []byte(text))
		if err == nil || !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

func TestMovesOfATeam(t *testing.T) {
	s, err := Load("small.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	m, err := LoadMoves("ours.yaml", []byte("drill: small\nheld: 2026-07-01\nteam: ours\nmoves:\n  - {at: +4h, who: zoe, do: acknowledge}\n  - {at: +3h, who: yan, do: acknowledge}\n"), s)
	if err != nil || len(m.List) != 2 || m.List[0].Who != "yan" || m.Held.Day() != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	for text, want := range map[string]string{
		"drill: other\n":                  `ours.yaml:1:8: drill: "other": these moves are played in small`,
		"drill: small\nheld: yesterday\n": "ours.yaml:2:7: held:",
		"drill: small\nmoves: [{at: +9d, who: a, do: acknowledge}]":   "lies outside the drill",
		"drill: small\nmoves: [{at: +1h, do: acknowledge}]":           "move: who: is missing",
		"drill: small\nmoves: [{at: +1h, who: a, do: pin}]":           "pin: projects: and packages: are missing",
		"drill: small\nmoves: [{at: +1h, who: a, do: declare}]":       "declare: playbook: is missing",
		"drill: small\nmoves: [{at: +1h, who: a, do: note, txt: hi}]": `unknown key "txt"`,
	} {
		if _, err := LoadMoves("ours.yaml", []byte(text), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	for _, name := range Names() {
		text, err := Read(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("start: +1d\nlength: 99999999999d\nmoves: [{at: +9223372036h}]\n")
	s, err := Load("small.yaml", []byte(good))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := Load("f.yaml", []byte(text)); err == nil && (got.End.Before(got.Start) || len(got.Expect) == 0) {
			t.Errorf("accepted: %+v", got)
		}
		_, _ = LoadMoves("f.yaml", []byte(text), s)
	})
}

// TestTrend: a team gets better, what goes wrong again is named, and its own moves make a scenario no drill.
func TestTrend(t *testing.T) {
	held := func(day string, score int, late ...string) Result {
		r := Result{Exercise: true, Drill: "small", Held: day, Score: score, Of: 10, Playbooks: []Book{{"leaked-secret", 1}}}
		for _, task := range late {
			r.Readiness.Late = append(r.Readiness.Late, LateTask{Task: task})
		}
		r.Readiness.Unreachable = []Unreached{{Person: "ada"}}
		r.Scored = []Scored{{Expects: "state resolved", Outcome: Late}, {Expects: "state mobilised", Outcome: Met}}
		return r
	}
	list := []Result{held("2026-03-01", 8, "hosts"), {Exercise: true, Reference: true, Drill: "small", Score: 10, Of: 10, Playbooks: []Book{{"data-exposure", 1}}}, held("2026-01-01", 5, "hosts", "tell")}
	got := TrendOf(list)
	var out strings.Builder
	for _, d := range got.Drills {
		fmt.Fprintf(&out, "%s %d%%", d.Held, d.Percent)
		if d.Change != nil {
			fmt.Fprintf(&out, " %+d", *d.Change)
		}
		out.WriteString("; ")
	}
	fmt.Fprint(&out, got.Again)
	if want := " 100%; 2026-01-01 50%; 2026-03-01 80% +30; [{ada could not be reached 2} {state resolved 2} {task hosts late 2}]"; out.String() != want {
		t.Errorf("%s\nwant %s", out.String(), want)
	}
	books := map[string]tocsin.Playbook{"leaked-secret": {Version: 2}, "data-exposure": {Version: 1}, "registry-outage": {Version: 1}}
	day := list[0].Start.AddDate(2025, 3, 0) // 2026-04-01
	g := tocsin.Governance{People: []tocsin.Responder{{Name: "ada", Login: "ada", Confirmed: day.AddDate(0, 0, -1)}, {Name: "bea", Login: "bea"}, {Name: "carl"}, {Name: "dora", Login: "d", Confirmed: day.AddDate(-1, 0, 0)}}}
	for _, c := range []struct {
		g     *tocsin.Governance
		later int
		want  []string
	}{
		{nil, 0, []string{"playbook data-exposure: was never drilled", "playbook leaked-secret: is version 2, and was drilled in version 1", "playbook registry-outage: was never drilled"}},
		{nil, 1, []string{"playbook data-exposure: was never drilled", "playbook leaked-secret: was last drilled on 2026-03-01", "playbook registry-outage: was never drilled"}},
		{&g, 0, []string{"playbook data-exposure: was never drilled", "playbook leaked-secret: is version 2, and was drilled in version 1", "playbook registry-outage: was never drilled",
			"person bea: never said that they are reached so: ask them, and set confirmed: in the governance", "person carl: has neither a login nor a contact: nothing reaches them",
			"person dora: last said on 2025-04-01 how they are reached", "roles: 3 people can be reached for 4 roles: somebody holds more than one"}},
		{&tocsin.Governance{}, 0, []string{"playbook data-exposure: was never drilled", "playbook leaked-secret: is version 2, and was drilled in version 1", "playbook registry-outage: was never drilled",
			"roles: the governance has nobody who can be reached: nobody can take incident commander, technical lead, communications liaison, release manager"}},
	} {
		if got := Gaps(list, books, c.g, day.AddDate(c.later, 0, 0)); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s\n\nwant\n\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}
