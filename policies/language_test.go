package policies_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies"
)

func load(t *testing.T, text string) *policies.Policy {
	t.Helper()
	p, err := policies.Load("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const tabled = `policy: p
let:
  - {name: floor, be: 0.36}
  - {name: likely, be: 'advisory.epss >= floor()'}
  - {name: exploitation, be: 'advisory.kev ? "active" : "none"'}
tables:
  - name: triage
    title: Triage
    version: 1.0.0
    source: https://example.org/triage
    inputs:
      - {name: exploitation, be: exploitation(), values: [none, active]}
      - {name: likely, be: likely(), values: [no, yes]}
      - {name: exposure, be: project.exposure, values: [isolated, internal, public]}
    rows:
      - [active, "*", "*", act]
      - [none, yes, public, act]
      - [none, yes, internal, attend]
      - [none, yes, isolated, track]
      - [none, no, "*", track]
response:
  default: none
  rules:
    - {name: act, when: 'triage() == "act"', then: emergency, severity: high, playbook: vulnerable-dependency, due: 3d, owners: [platform], route: pager, because: the table says act}
    - {name: attend, when: 'triage() == "attend"', then: issue, because: the table says attend}
`

func TestTables(t *testing.T) {
	set := policies.NewSet(load(t, tabled))
	in := policies.BaseInput()
	if d := set.Decide(in); d.Response != tocsin.ResponseNone || d.ResponseRule != "" {
		t.Errorf("quiet: %s by %q", d.Response, d.ResponseRule)
	}
	in.Advisory.EPSS = 0.36
	if d := set.Decide(in); d.Response != tocsin.ResponseIssue || d.ResponseRule != "p/attend" {
		t.Errorf("likely: %s by %q", d.Response, d.ResponseRule)
	}
	in.Advisory.KEV = true
	d := set.Decide(in)
	if d.Response != tocsin.ResponseEmergency || d.Route != "pager" || len(d.Owners) != 1 || !d.Due.Equal(in.Now.Add(3*tocsin.Day)) {
		t.Errorf("active: %+v", d)
	}
	b, err := json.Marshal(d.Reason)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"text":"triage()","result":"act"`, `"text":"Triage 1.0.0","result":"active, *, *: act"`, `"text":"exploitation: exploitation()","result":"active"`,
		`"text":"advisory.kev","result":"true"`, `"text":"likely: likely()","result":"true"`, `"text":"floor()","result":"0.36"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	// An input outside the table's values can decide nothing.
	in.Project.Exposure = ""
	if d := set.Decide(in); d.Response != tocsin.ResponseHold || !strings.Contains(d.Reason.Children[0].Children[0].Result, `exposure is "", want "isolated"`) {
		t.Errorf("no exposure: %s, %+v", d.Response, d.Reason)
	}
}

func TestNumbersCanBeTried(t *testing.T) {
	p := load(t, tabled)
	if n := p.Numbers(); len(n) != 1 || n["floor"] != 0.36 {
		t.Errorf("numbers: %v", n)
	}
	low, err := policies.LoadWith("p.yaml", []byte(tabled), map[string]string{"floor": "0.1"})
	if err != nil {
		t.Fatal(err)
	}
	in := policies.BaseInput()
	in.Advisory.EPSS = 0.2
	if a, b := policies.NewSet(p).Decide(in), policies.NewSet(low).Decide(in); a.Response != tocsin.ResponseNone || b.Response != tocsin.ResponseIssue || p.Digest == low.Digest {
		t.Errorf("0.36: %s, 0.1: %s", a.Response, b.Response)
	}
	if _, err := policies.LoadWith("p.yaml", []byte(tabled), map[string]string{"flor": "0.1"}); err == nil || !strings.Contains(err.Error(), "did you mean floor?") {
		t.Errorf("err = %v", err)
	}
}

// TestLoadRefusesWhatNeverHolds: a misspelt word, a table with a hole, a row that stands twice.
func TestLoadRefusesWhatNeverHolds(t *testing.T) {
	rule := func(when string) string {
		return "policy: p\ngate: {default: pass, rules: [{name: a, then: fail, because: x, when: '" + when + "'}]}\n"
	}
	table := func(change, to string) string { return strings.Replace(tabled, change, to, 1) }
	for want, text := range map[string]string{
		`"criticl" is none of "critical", "high", "medium", "low", "none", "unscored"; did you mean critical?`: rule(`advisory.rating == "criticl"`),
		`"malwear" is none of`:                                rule(`advisory.kind in ["malwear"]`),
		`"loose" is none of`:                                  rule(`"loose" in pkg.hygiene`),
		`"pubic" is none of`:                                  rule(`"pubic" != project.exposure`),
		`"atend" is none of "act", "attend", "track"`:         table(`triage() == "attend"`, `triage() == "atend"`),
		"there is no row for none, yes, isolated":             table("      - [none, yes, isolated, track]\n", ""),
		"none, no, isolated is already decided in line 20":    table("- [none, no, \"*\", track]", "- [none, no, \"*\", track]\n      - [none, no, isolated, act]"),
		`"everywhere" is none of the values of exposure`:      table("[none, yes, public, act]", "[none, yes, everywhere, act]"),
		"the row has 3 cells":                                 table("[none, yes, public, act]", "[none, yes, act]"),
		`input exposure: may be "public", which is not among`: table("[isolated, internal, public]", "[isolated, internal]"),
		"title, version and source belong together":           table("    version: 1.0.0\n", ""),
		"is a condition; its values are no, yes":              table("[no, yes]", "[never, always]"),
		"mode: \"loud\": want enforce":                        "mode: loud\n" + tabled,
		"active: until: 2026-01-01 is not after from":         "active: {from: 2026-02-01, until: 2026-01-01}\n" + tabled,
		"the name floor stands twice":                         table("{name: likely,", "{name: floor,"),
		"undeclared reference to 'triage'":                    table("'advisory.kev ? \"active\" : \"none\"'", "triage()"),
		"owners and route belong to a response":               rule(`true`)[:len(rule(`true`))-4] + ", route: x}]}\n",
	} {
		_, err := policies.Load("p.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v\nwant it to say %s", err, want)
		}
	}
}

func TestActive(t *testing.T) {
	p := load(t, "active: {from: 2026-02-01, until: 2026-03-01}\nmode: shadow\nauthor: A\nreason: B\npolicy: p\ngate: {default: fail, rules: []}\n")
	if p.Mode != policies.ModeShadow || p.Author != "A" || p.Reason != "B" {
		t.Errorf("%+v", p)
	}
	set := policies.NewSet(p)
	for day, want := range map[string]tocsin.Gate{"2026-01-31": tocsin.GatePass, "2026-02-01": tocsin.GateFail, "2026-02-28": tocsin.GateFail, "2026-03-01": tocsin.GatePass} {
		in := policies.BaseInput()
		in.Now, _ = time.Parse(time.DateOnly, day)
		if d := set.Decide(in); d.Gate != want {
			t.Errorf("%s: %s, want %s", day, d.Gate, want)
		}
	}
	if n := len(set.Turns()); n != 2 {
		t.Errorf("%d turns", n)
	}
}

// TestErrorsDoNotMatterWhereOthersDecide is CEL's own rule, which holds for conditions that are taken apart too.
func TestErrorsDoNotMatterWhereOthersDecide(t *testing.T) {
	for when, want := range map[string]tocsin.Gate{
		`advisory.aliases[5] == "x" || true`:                                                     tocsin.GateFail,
		`advisory.aliases[5] == "x" && false`:                                                    tocsin.GatePass,
		`advisory.aliases[5] == "x" || false`:                                                    tocsin.GateUndecided,
		`(advisory.aliases[5] == "x" || false) && advisory.kev`:                                  tocsin.GatePass,
		`!(advisory.aliases[5] == "x")`:                                                          tocsin.GateUndecided,
		`advisory.cwes.exists(c, c == "CWE-506") || !advisory.kev`:                               tocsin.GateFail,
		`advisory.metrics.attack_vector == "network" || now < timestamp("2027-01-01T00:00:00Z")`: tocsin.GateFail,
	} {
		p := load(t, "policy: p\ngate:\n  default: pass\n  rules:\n    - name: a\n      because: x\n      then: fail\n      when: |\n        "+when+"\n")
		if d := policies.NewSet(p).Decide(policies.BaseInput()); d.Gate != want {
			t.Errorf("%s: %s, want %s", when, d.Gate, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	for vector, want := range map[string]policies.Advisory{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H": {Version: "3.1", Metrics: policies.Metrics{AttackVector: "network", AttackComplexity: "low", Privileges: "none",
			UserInteraction: "none", Confidentiality: "high", Integrity: "high", Availability: "high", Beyond: true}, Exploit: "not known",
			SSVC: policies.SSVC{Exploitation: "none", Automatable: "yes", TechnicalImpact: "total"}},
		"CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N/E:P/AU:Y": {Version: "4.0", Metrics: policies.Metrics{AttackVector: "local", AttackComplexity: "high",
			Requirements: "present", Privileges: "high", UserInteraction: "required", Confidentiality: "low", Integrity: "none", Availability: "none", ExploitMaturity: "poc", Automatable: "yes"},
			Exploit: "public poc", SSVC: policies.SSVC{Exploitation: "public poc", Automatable: "yes", TechnicalImpact: "partial"}},
		"AV:N/AC:M/Au:S/C:P/I:C/A:N/E:H/RL:ND/RC:ND": {Version: "2.0", Metrics: policies.Metrics{AttackVector: "network", AttackComplexity: "medium", Privileges: "low",
			Confidentiality: "low", Integrity: "high", Availability: "none", ExploitMaturity: "high"}, Exploit: "public poc",
			SSVC: policies.SSVC{Exploitation: "public poc", Automatable: "no", TechnicalImpact: "partial"}},
		"nonsense": {Exploit: "not known", SSVC: policies.SSVC{Exploitation: "none"}},
	} {
		f := tocsin.Finding{Class: tocsin.Class{CVSS: &tocsin.CVSS{Vector: vector, Score: 5, Source: "GHSA-1"}}}
		got := policies.NewInput(f, policies.Context{}).Advisory
		s := got.SSVC
		s.ExploitationFrom, s.AutomatableFrom, s.TechnicalImpactFrom = "", "", ""
		if got.Version != want.Version || got.Metrics != want.Metrics || got.Exploit != want.Exploit || s != want.SSVC {
			t.Errorf("%s:\n got %+v %+v %s %s\nwant %+v %+v %s", vector, got.Metrics, s, got.Version, got.Exploit, want.Metrics, want.SSVC, want.Exploit)
		}
	}
}

// TestNamesDoNotDouble: names that are made of names are explained once, or a short file would fill the memory.
func TestNamesDoNotDouble(t *testing.T) {
	var b strings.Builder
	b.WriteString("policy: p\nlet:\n  - {name: a0, be: 'advisory.kev || finding.accepted'}\n")
	for i := range 200 {
		fmt.Fprintf(&b, "  - {name: a%d, be: 'a%d() || !a%d() || a%d()'}\n", i+1, i, i, i)
	}
	b.WriteString("gate:\n  default: pass\n  rules: [{name: r, when: 'a200() && a200()', then: fail, because: x}]\n")
	d := policies.NewSet(load(t, b.String())).Decide(policies.BaseInput())
	nodes := 0
	var count func(tocsin.Reason)
	count = func(r tocsin.Reason) {
		nodes++
		for _, c := range r.Children {
			count(c)
		}
	}
	if count(d.Reason); d.Gate != tocsin.GateFail || nodes > 2000 {
		t.Errorf("gate %s, explained in %d nodes", d.Gate, nodes)
	}
}
