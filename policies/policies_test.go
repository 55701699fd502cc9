package policies_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

// TestPacks runs the tests beside every shipped policy and wants every rule reached.
func TestPacks(t *testing.T) {
	for _, name := range packs.Names() {
		t.Run(name, func(t *testing.T) {
			p := pack(t, name)
			cases, err := packs.Tests(name)
			if err != nil {
				t.Fatalf("the pack has no tests beside it: %v", err)
			}
			report, err := policies.Test(t.Context(), p, name+"_test.yaml", cases)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range report.Failures {
				t.Error(f)
			}
			if len(report.UntestedRules)+len(report.UntestedRows) > 0 {
				t.Errorf("no case reaches %q %q", report.UntestedRules, report.UntestedRows)
			}
			if report.Cases < 5 {
				t.Errorf("only %d cases", report.Cases)
			}
		})
	}
}

func pack(t testing.TB, name string) *policies.Policy {
	t.Helper()
	text, err := packs.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Load(name+".yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCasesCanFail makes sure that a wrong expectation is seen.
func TestCasesCanFail(t *testing.T) {
	p := pack(t, "emergency")
	report, err := policies.Test(t.Context(), p, "x_test.yaml", []byte(`policy: emergency
cases:
  - name: wrong in every field
    given: {advisory: {kev: true}}
    want: {response: none, rule: x, severity: low, due: 1d, playbook: y, gate: fail}
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failures) != 6 {
		t.Errorf("failures: %q", report.Failures)
	}
	if len(report.UntestedRules) != 8 {
		t.Errorf("untested: %q", report.UntestedRules)
	}
	for _, bad := range []string{"policy: other\ncases: []", "policy: emergency\ncases: [{given: {advisory: {kve: true}}}]", "["} {
		if _, err := policies.Test(t.Context(), p, "x_test.yaml", []byte(bad)); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%q: err = %v", bad, err)
		}
	}
}

func TestLoadReportsEveryPlace(t *testing.T) {
	_, err := policies.Load("team.yaml", []byte(`policy: Team Rules
abuot: typo
gate:
  default: pss
  rules:
    - name: one
      when: advisory.kve && finding.status == "affected"
      then: fail
      because: x
    - name: one
      when: |
        advisory.kev &&
          advisory.epss > "high"
      then: explode
      because: x
    - name: two
      when: advisory.epss
      then: warn
    - name: three
      when: advisory.kev &&
      then: warn
      because: x
      due: 3d
response:
  default: none
  rules:
    - name: four
      when: advisroy.kev
      then: emergency
      because: x
`))
	if !errors.Is(err, tocsin.ErrInvalid) {
		t.Fatal(err)
	}
	for _, want := range []string{
		`team.yaml:1:9: policy: "Team Rules"`, `team.yaml:2:1: unknown key "abuot"`, `team.yaml:4:12: default: invalid: gate "pss"`,
		`team.yaml:7:21: undefined field 'kve'; did you mean kev?`, `team.yaml:10:13: rule one stands twice`,
		`team.yaml:13: found no matching overload for '_>_'`, `team.yaml:14:13: then: invalid: gate "explode"`,
		`team.yaml:17:13: the condition is of type double, want bool`, `team.yaml:16: rule two: because: is missing`,
		`team.yaml:20:`, `team.yaml:19: rule three: severity, due, playbook, owners and route belong to a response`,
		`team.yaml:28:13: undeclared reference to 'advisroy'`, `did you mean 'advisory'?`, `team.yaml:27: rule four: an emergency needs`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestLoadRefusesHostilePolicies(t *testing.T) {
	gate := "policy: p\ngate:\n  default: pass\n  rules:\n"
	rule := func(when string) string {
		return gate + "    - {name: a, because: x, then: fail, when: '" + when + "'}\n"
	}
	nested := "advisory.aliases.all(a, " + strings.Repeat("advisory.aliases.all(b, ", 6) + "true" + strings.Repeat(")", 7)
	many := gate
	for i := range 600 {
		many += "    - {name: r" + strings.Repeat("x", i%60) + ", because: x, then: fail, when: 'true'}\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"costly":  {rule(nested), "may cost"},
		"deep":    {rule(strings.Repeat("(", 2000) + "true" + strings.Repeat(")", 2000)), "recursion"},
		"long":    {rule(strings.Repeat("true || ", 2000) + "true"), "size"},
		"many":    {many, "at most 500"},
		"huge":    {strings.Repeat("#", 2<<20), "at most"},
		"empty":   {"policy: p\n", "decides nothing"},
		"nothing": {"", "is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policies.Load("p.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %.300v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestDecideExplains(t *testing.T) {
	set := policies.NewSet(pack(t, "release-gate"), pack(t, "emergency"))
	in := policies.BaseInput()
	in.Advisory.KEV = true
	d := set.Decide(in)
	if d.Gate != tocsin.GateFail || d.Response != tocsin.ResponseEmergency || d.Playbook != "vulnerable-dependency" {
		t.Fatalf("got %s, %s, %s", d.Gate, d.Response, d.Playbook)
	}
	if want := in.Now.Add(3 * tocsin.Day); !d.Due.Equal(want) {
		t.Errorf("due %v, want %v", d.Due, want)
	}
	b, err := json.Marshal(d.Reason)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"text":"emergency: response","result":"emergency"`, `"exploited: the flaw is exploited`,
		`"text":"advisory.kev","result":"true"`, `"text":"finding.status","result":"affected"`, `"text":"pkg.scope","result":"runtime"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	// Order of policies must not matter.
	if other := policies.NewSet(pack(t, "emergency"), pack(t, "release-gate")); other.Digest() != set.Digest() {
		t.Error("the digest depends on the order of policies")
	}
}

// TestErrorIsAVerdict: a condition that cannot be evaluated neither passes nor fails.
func TestErrorIsAVerdict(t *testing.T) {
	p, err := policies.Load("p.yaml", []byte(`policy: p
gate:
  default: pass
  rules: [{name: bad, when: 'advisory.aliases[5] == "x"', then: warn, because: x}, {name: next, when: 'true', then: fail, because: x}]
response:
  default: none
  rules: [{name: bad, when: 'timestamp(advisory.id) < now', then: watch, because: x}]
`))
	if err != nil {
		t.Fatal(err)
	}
	d := policies.NewSet(p).Decide(policies.BaseInput())
	if d.Gate != tocsin.GateUndecided || d.Response != tocsin.ResponseHold {
		t.Errorf("gate %s, response %s", d.Gate, d.Response)
	}
}

func TestGate(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	fresh := tocsin.Snapshot{Feeds: []tocsin.FeedState{{Name: "osv", Status: tocsin.FeedOK, SyncedAt: now.Add(-time.Hour)}}}
	stale := tocsin.Snapshot{Feeds: []tocsin.FeedState{{Name: "osv", Status: tocsin.FeedOK, SyncedAt: now.Add(-8 * tocsin.Day)}}}
	broken := tocsin.Coverage{Files: []tocsin.FileCoverage{{Path: "a", Status: tocsin.FileFailed}}}
	pass, fail := []tocsin.Decision{{Gate: tocsin.GateWarn}}, []tocsin.Decision{{Gate: tocsin.GateFail}}
	for name, c := range map[string]struct {
		d    []tocsin.Decision
		c    tocsin.Coverage
		s    tocsin.Snapshot
		want tocsin.Gate
	}{
		"clean":                {nil, tocsin.Coverage{}, fresh, tocsin.GatePass},
		"warned":               {pass, tocsin.Coverage{}, fresh, tocsin.GateWarn},
		"stale":                {pass, tocsin.Coverage{}, stale, tocsin.GateUndecided},
		"landmarks only":       {nil, tocsin.Coverage{}, tocsin.Snapshot{Landmarks: true}, tocsin.GateUndecided},
		"unreadable":           {nil, broken, fresh, tocsin.GateUndecided},
		"failed outweighs all": {fail, broken, stale, tocsin.GateFail},
	} {
		if got, why := policies.Gate(c.d, c.c, c.s, now); got != c.want || (got != tocsin.GatePass && len(why) == 0) {
			t.Errorf("%s: %s %q, want %s", name, got, why, c.want)
		}
	}
}

func TestNewInput(t *testing.T) {
	now := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	f := tocsin.Finding{
		Status: tocsin.StatusAffected, Fixed: []string{"2.17.1"}, Paths: [][]string{{"a", "b", "c"}, {"a", "c"}},
		Class: tocsin.Class{
			ID: "CVE-2021-44228", Kind: tocsin.KindFlaw, CVSS: &tocsin.CVSS{Score: 10}, Published: now.Add(-48 * time.Hour),
			KEV: &tocsin.KEV{Ransomware: true}, EPSS: &tocsin.EPSS{Score: 0.97, Percentile: 0.999},
		},
	}
	reach := policies.Reach{Total: 4, Projects: map[string]int{"CVE-2021-44228": 3}, Critical: map[string]int{"CVE-2021-44228": 1}}
	in := policies.NewInput(f, policies.Context{Project: tocsin.Project{Slug: "x", Mission: tocsin.MissionMEF, Safety: tocsin.SafetyMarginal, ValueDensity: tocsin.ValueDiffuse}, Reach: reach, Feed: policies.FeedOf(tocsin.Snapshot{Landmarks: true}, now), Now: now})
	if !in.Advisory.KEV || !in.Advisory.Ransomware || in.Advisory.Rating != "critical" || in.Advisory.Age != 48*time.Hour ||
		in.Portfolio.Share != 0.75 || in.Portfolio.Critical != 1 || in.Finding.PathLength != 2 || !in.Finding.FixAvailable ||
		in.Package.Scope != "runtime" || in.Package.Origin != "registry" || in.Feed.Fresh || !in.Feed.Landmarks ||
		in.Project.Mission != "mef failure" || in.Project.Safety != "marginal" || in.Project.ValueDensity != "diffuse" {
		t.Errorf("%+v", in)
	}
	if none := policies.NewInput(tocsin.Finding{}, policies.Context{Now: now}); none.Advisory.Rating != "unscored" || none.Advisory.Scored ||
		none.Project.Criticality != "medium" || none.Project.Exposure != "internal" || none.Project.Visibility != "public" {
		t.Errorf("nothing known: %+v, %+v", none.Advisory, none.Project)
	}
	f.Hygiene = []tocsin.Hygiene{tocsin.HygieneMutable}
	p, err := policies.Load("pins.yaml", []byte("policy: pins\ngate: {default: pass, rules: [{name: tag, when: '\"mutable\" in pkg.hygiene', then: warn, because: it can be moved}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := policies.NewSet(p).Decide(policies.NewInput(f, policies.Context{Reach: reach, Now: now})); d.Gate != tocsin.GateWarn {
		t.Errorf("an action by its tag: %s", d.Gate)
	}
	for reach, want := range map[tocsin.Reach]string{tocsin.ReachCalled: "called", tocsin.ReachImported: "imported", tocsin.ReachPresent: "present", tocsin.ReachUnknown: ""} {
		f.Reachability = &tocsin.Reachability{Reach: reach}
		if got := policies.NewInput(f, policies.Context{Now: now}).Finding.Reachability; got != want {
			t.Errorf("%s: policies see %q", reach, got)
		}
	}
}

// A policy judges what it says, and tests of it that are about something else test nothing.
func TestJudges(t *testing.T) {
	text := "policy: pins\n%sgate: {default: warn, rules: [{name: old, when: pkg.version == \"1.0.0\", then: fail, because: it is old}]}\n"
	load := func(judges string) *policies.Policy {
		p, err := policies.Load("pins.yaml", fmt.Appendf(nil, text, judges))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	flaws, pins, all := load(""), load("judges: [pin]\n"), load("judges: [flaw, malware, pin]\n")
	in := policies.BaseInput()
	in.Package.Version = "1.0.0"
	for kind, want := range map[tocsin.Kind][3]tocsin.Gate{
		tocsin.KindFlaw:    {tocsin.GateFail, tocsin.GatePass, tocsin.GateFail},
		tocsin.KindMalware: {tocsin.GateFail, tocsin.GatePass, tocsin.GateFail},
		tocsin.KindPin:     {tocsin.GatePass, tocsin.GateFail, tocsin.GateFail},
	} {
		in.Advisory.Kind = string(kind)
		for i, p := range []*policies.Policy{flaws, pins, all} {
			set := policies.NewSet(p)
			if d := set.Decide(in); d.Gate != want[i] || set.Judges(kind) != (want[i] == tocsin.GateFail) {
				t.Errorf("%s, policy %d: gate %s, judges %v", kind, i, d.Gate, set.Judges(kind))
			}
		}
		if d := policies.NewSet(flaws, pins).Decide(in); d.Gate != tocsin.GateFail || len(d.Reason.Children) != 1 {
			t.Errorf("%s, both: %s by %d", kind, d.Gate, len(d.Reason.Children))
		}
	}
	r, err := policies.Test(t.Context(), pins, "pins_test.yaml", []byte("policy: pins\ncases:\n  - name: x\n    given: {pkg: {version: 1.0.0}}\n    want: {gate: pass}\n"))
	if err != nil || len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "does not judge") {
		t.Errorf("%v, %v", r.Failures, err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range packs.Names() {
		text, err := packs.Read(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := policies.Load("f.yaml", []byte(s))
		if err == nil {
			policies.NewSet(p).Decide(policies.BaseInput())
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	set := policies.NewSet(pack(b, "release-gate"), pack(b, "emergency"))
	for name, change := range map[string]func(*policies.Input){
		"quiet": func(in *policies.Input) { in.Finding.Status = string(tocsin.StatusNotAffected) },
		"fails": func(in *policies.Input) { in.Advisory.KEV = true },
	} {
		b.Run(name, func(b *testing.B) {
			in := policies.BaseInput()
			change(&in)
			for b.Loop() {
				set.Decide(in)
			}
		})
	}
}

// TestPoliciesAreBoundedAsAWhole: what each condition may be, all of them together may not.
func TestPoliciesAreBoundedAsAWhole(t *testing.T) {
	for want, when := range map[string]string{
		"bytes, at most": strings.Repeat("advisory.kev && ", 500) + "advisory.kev", "units together, at most": "advisory.aliases.exists(a, a == advisory.id)",
	} {
		text := "policy: x\ngate:\n  default: pass\n  rules:\n    - {name: r, when: &w '" + when + "', then: fail, because: b}\n"
		if _, err := policies.Load("p.yaml", []byte(text)); err != nil {
			t.Fatal(err)
		}
		for i := range 400 {
			text += fmt.Sprintf("    - {name: r%d, when: *w, then: fail, because: b}\n", i)
		}
		if _, err := policies.Load("p.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want one fault with %q, got %v", want, err)
		}
	}
}
