package drill

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/incidents/governance"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

func shipped(t testing.TB) Rules {
	t.Helper()
	text, err := packs.Read("emergency")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Load("emergency", text)
	if err != nil {
		t.Fatal(err)
	}
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	g, err := governance.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return Rules{Policies: policies.NewSet(p), Playbooks: books, Governance: g}
}

func open(t testing.TB, name string) drill.Scenario {
	t.Helper()
	s, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// played plays a scenario with moves, and looks at the clock as often as said.
func played(t testing.TB, s drill.Scenario, moves []drill.Move, look time.Duration) *run {
	t.Helper()
	r, err := prepare(t.Context(), shipped(t), s, drill.Moves{List: moves})
	if err != nil {
		t.Fatal(err)
	}
	r.look = look
	if _, err := r.through(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// scenarios are all that there are; of a short run, which looks for races, every fourth: the same code plays them.
func scenarios() []string {
	all := drill.Names()
	if !testing.Short() {
		return all
	}
	var some []string
	for i := 0; i < len(all); i += 4 {
		some = append(some, all[i])
	}
	return some
}

// TestShipped plays every scenario as a trained team would, twice, and as a team that does nothing.
func TestShipped(t *testing.T) {
	for _, name := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, name)
			if s.Name != name || len(s.Goals) == 0 || len(s.Sources) == 0 || s.Kind == drill.KindReplay && s.Real.Known.IsZero() {
				t.Errorf("%s: no goals, sources or real times", s.Name)
			}
			r := played(t, s, s.Moves, hourly)
			if again := played(t, s, s.Moves, hourly); text(t, again.out) != text(t, r.out) {
				t.Error("the same again gives another report")
			}
			out := r.out.Result
			if out.Score != out.Of || out.Of != 100 || len(out.Refused) > 0 || len(out.Readiness.Late)+len(out.Readiness.Empty)+out.Readiness.Updates > 0 {
				t.Errorf("%d of %d points, %s", out.Score, out.Of, text(t, []any{out.Refused, out.Readiness, missed(out)}))
			}
			for _, inc := range out.Incidents {
				if !strings.HasPrefix(inc.Key, "DRILL-") || !inc.State.Over() {
					t.Errorf("%s is %s at the end", inc.Key, inc.State)
				}
			}
			if len(r.out.Sent) == 0 {
				t.Error("nothing was sent")
			}
			for _, one := range r.out.Sent {
				if !strings.HasPrefix(one.Title, incidents.ExerciseMark) || !strings.HasPrefix(one.Body, incidents.ExerciseMark) {
					t.Errorf("not marked: %s to %s: %s\n%.80s", one.Kind, one.To, one.Title, one.Body)
				}
				if tocsin.ValidRepository(one.To) {
					t.Errorf("%s has an address that a forge could have: %s", one.Kind, one.To)
				}
			}
			if lazy := played(t, s, nil, hourly).out.Result; lazy.Score > 25 {
				t.Errorf("who does nothing has %d points: %s", lazy.Score, text(t, lazy.Scored))
			}
		})
	}
}

func missed(r drill.Result) []drill.Scored {
	return slices.DeleteFunc(slices.Clone(r.Scored), func(s drill.Scored) bool { return s.Outcome == drill.Met })
}

// TestEveryExpectationCanFail: each is lost by a team that does nothing, or where nothing becomes known; and each depends on its own mark:
// what is to be seen is lost without it and late after its time, what is never to be seen is lost with it.
func TestEveryExpectationCanFail(t *testing.T) {
	for _, name := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, name)
			r := played(t, s, s.Moves, hourly)
			lazy := played(t, s, nil, hourly).out.Result.Scored
			silent := s
			silent.Injects = nil
			for _, i := range s.Injects {
				i.Advisory, i.Withdraw, i.KEV = nil, "", ""
				silent.Injects = append(silent.Injects, i)
			}
			unknown := played(t, silent, nil, hourly).out.Result.Scored
			for n, e := range s.Expect {
				what := e.Kind + " " + e.Value
				if lazy[n].Outcome == drill.Met && unknown[n].Outcome == drill.Met {
					t.Errorf("%s: is met by a team that does nothing, and where nothing becomes known", what)
				}
				own := func(m drill.Mark) bool { return m.Kind == e.Kind && m.Value == e.Value }
				without := slices.DeleteFunc(slices.Clone(r.marks), own)
				late := slices.Clone(without)
				for _, m := range r.marks {
					if own(m) {
						m.At = m.At.Add(365 * tocsin.Day)
						late = append(late, m)
					}
				}
				if e.Never {
					wrong := append(slices.Clone(r.marks), drill.Mark{At: later(e.From, s.Start), Kind: e.Kind, Value: e.Value, IDs: []string{e.In}})
					if got := drill.Score(s, wrong)[n]; got.Outcome != drill.Missed {
						t.Errorf("never %s: is %s when it was done", what, got.Outcome)
					}
					continue
				}
				if got := drill.Score(s, without)[n]; got.Outcome != drill.Missed || got.Points != 0 {
					t.Errorf("%s: is %s without it", what, got.Outcome)
				}
				if got := drill.Score(s, late)[n]; got.Outcome != drill.Late || got.Points != e.Points/2 {
					t.Errorf("%s: is %s, %d points, a year later", what, got.Outcome, got.Points)
				}
			}
		})
	}
}

// TestClock: looking at the clock every minute shows nothing that was not seen by waking when something is due.
func TestClock(t *testing.T) {
	for _, name := range []string{"false-positive", "missing-person", "leaked-embargo"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, name)
			for who, moves := range map[string][]drill.Move{"trained": s.Moves, "lazy": nil, "half": s.Moves[:len(s.Moves)/2]} {
				if diff := cmp.Diff(played(t, s, moves, time.Minute).out, played(t, s, moves, hourly).out); diff != "" {
					t.Errorf("%s (-every minute +when something is due):\n%s", who, diff)
				}
			}
		})
	}
}

// TestAway: who cannot be reached does nothing and merges nothing, and is called all the same.
func TestAway(t *testing.T) {
	s := open(t, "missing-person")
	project := s.Projects[0]
	at := s.Start.Add(3 * time.Hour)
	moves := []drill.Move{
		{At: at, Who: "ada", Command: tocsin.Command{Do: tocsin.DoAck}},
		{At: at, Who: "ada", Command: tocsin.Command{Do: drill.DoPin, Projects: []string{project.Slug}}, Pins: []drill.Pin{{Ecosystem: "npm", Name: "example-router", Version: "4.0.2"}}},
	}
	r := played(t, s, moves, hourly)
	out := r.out.Result
	if len(out.Refused) != 2 || !strings.Contains(out.Refused[0].What, "cannot be reached") {
		t.Errorf("refused: %s", text(t, out.Refused))
	}
	if inc := r.known[0]; inc.Projects[0].Status != tocsin.ProjectAffected {
		t.Errorf("%s is %s", inc.Projects[0].Slug, inc.Projects[0].Status)
	}
	if len(out.Readiness.Unreachable) != 1 || out.Readiness.Unreachable[0].Person != "ada" || len(out.Readiness.Empty) != 4 || len(out.Readiness.Unowned) == 0 || out.Readiness.Updates == 0 {
		t.Errorf("readiness: %s", text(t, out.Readiness))
	}
}

// TestTooSoon: a version that the registry does not have yet validates nothing.
func TestTooSoon(t *testing.T) {
	s := open(t, "broken-fix")
	var moves []drill.Move
	for _, m := range s.Moves {
		if len(m.Pins) > 0 && m.Pins[0].Version == "3.1.2" {
			m.At = s.Start.Add(2*tocsin.Day + 2*time.Hour)
		}
		moves = append(moves, m)
	}
	slices.SortStableFunc(moves, func(a, b drill.Move) int { return a.At.Compare(b.At) })
	out := played(t, s, moves, hourly).out.Result
	for _, e := range out.Scored {
		switch e.Expects {
		case "never pin gateway npm/example-gateway@3.1.2":
			if e.Outcome != drill.Missed {
				t.Errorf("%+v", e)
			}
		case "state resolved":
			if e.Outcome != drill.Met || !e.From.IsZero() && !e.At.Equal(s.Start.Add(2*tocsin.Day+14*time.Hour)) {
				t.Errorf("it is over when the registry has it: %+v", e)
			}
		}
	}
}

// TestOwnPeople: where a governance has people, they are called and not those of the scenario.
func TestOwnPeople(t *testing.T) {
	rules := shipped(t)
	rules.Governance.People = []tocsin.Responder{{Name: "zoe", ID: "42", Zone: time.UTC}}
	rules.Governance.Escalation = []tocsin.EscalationPolicy{{Name: "ours", Steps: []tocsin.EscalationStep{{Whom: []tocsin.Target{{Kind: tocsin.TargetEveryone}}}}}}
	s := open(t, "missing-person")
	moves, err := drill.LoadMoves("ours.yaml", []byte("drill: missing-person\nheld: 2026-07-01\nteam: ours\nmoves:\n  - {at: +1h, who: zoe, do: acknowledge}\n"), s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Run(t.Context(), rules, s, moves)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, out.Result); !strings.Contains(got, "called zoe") || strings.Contains(got, "called ada:") || out.Result.Held != "2026-07-01" || out.Result.Played != "the moves of ours" || len(out.Result.Refused) > 0 {
		t.Error(got)
	}
}

// TestWrongFacts: what only the advisories can tell to be wrong is said when a scenario is opened, with its line.
func TestWrongFacts(t *testing.T) {
	good := "drill: x\nversion: 1\nkind: tabletop\ntitle: t\nstory: s\nstart: 2026-01-01T00:00Z\nlength: 1d\npeople: [{person: ada}]\nexpect: [{see: state mobilised, by: +1h, points: 1, why: w}]\ninjects:\n"
	for line, want := range map[string]string{
		"  - {at: +1h, says: s, withdraw: GHSA-1}":                 "line 11: withdraw: GHSA-1 was not published before",
		"  - {at: +1h, says: s, advisory: {record: GHSA-unknown}}": `line 11: landmark record "GHSA-unknown"`,
	} {
		s, err := drill.Load("x.yaml", []byte(good+line))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := history(s, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
