package web

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
)

const (
	gateText = `policy: release-gate
about: What may be released.
gate:
  default: pass
  rules:
    - {name: flaws, when: 'finding.status == "affected"', then: fail, because: it is affected}
    - {name: odd, when: 'advisory.kev', then: warn, because: it is known}
`
	gateCases = `policy: release-gate
cases:
  - {name: affected, want: {gate: fail, rule: flaws}}
`
	quietText = `policy: quiet
mode: shadow
response: {default: none}
`
)

func (w *world) Texts(digest string) (text, cases string, err error) {
	if digest == w.Policies()[0].Digest {
		return gateText, gateCases, w.fail
	}
	return quietText, "", w.fail
}

func (w *world) Explain(_ context.Context, p tocsin.Project, embargoed bool, rules *policies.Policy, wanted func(tocsin.Finding) bool) (PolicyExplanation, error) {
	ids := []string{"CVE-2026-1"}
	if embargoed {
		ids = append(ids, "SECRET-pay")
	}
	for _, id := range ids {
		if d := decision(p.Slug, id, tocsin.Package{Ecosystem: "npm", Name: "left", Version: "1.0.0"}); wanted(d.Finding) {
			tried := d
			tried.Reason.Text = rules.Name
			return PolicyExplanation{Live: d, Tried: tried}, w.fail
		}
	}
	return PolicyExplanation{}, tocsin.ErrNotFound
}

// shadow keeps what the policy in the shadow said of both projects.
func (w *world) shadow() {
	w.t.Helper()
	run := store.Shadow{Policy: w.Policies()[1].Digest, Name: "quiet", At: noon.Add(-time.Hour)}
	for _, slug := range []string{"pay/shop", "web/site"} {
		group, _, _ := strings.Cut(slug, "/")
		for _, id := range []string{"CVE-2026-1", "SECRET-" + group} {
			run.Decisions = append(run.Decisions, tocsin.Shadowed{Project: slug, Class: id, Ecosystem: "npm", Package: "left", Version: "1.0.0",
				Live: tocsin.Ruling{Gate: tocsin.GateFail, Response: tocsin.ResponseEmergency}, Shadow: tocsin.Ruling{Gate: tocsin.GateFail, Response: tocsin.ResponseNone}})
		}
	}
	if err := w.store.Commit(w.t.Context(), store.Outcome{Shadows: []store.Shadow{run}}); err != nil {
		w.t.Fatal(err)
	}
}

func draftOf(fields map[string]string) string {
	b, _ := json.Marshal(fields)
	return string(b)
}

func TestPolicyTexts(t *testing.T) {
	w := newWorld(t)
	w.wants(200, asked{as: "viewer", path: "/v1/policies/release-gate"}, `"mode":"enforce"`, `about: What may be released.`, `"cases":1`, `"untested_rules":["gate: odd"]`, `"because":"it is affected"`)
	w.wants(200, asked{as: "viewer", path: "/v1/policies/quiet"}, `"mode":"shadow"`, `"case_faults":[]`, `!"report"`)
	w.wants(404, asked{as: "viewer", path: "/v1/policies/none"})
	w.wants(404, asked{as: "viewer", path: "/v1/policies/quiet?mode=enforce"})
	w.wants(400, asked{as: "viewer", path: "/v1/policies/quiet?mode=loud"})
}

// Who sees one project learns nothing of how the other fares in the shadow, nor of what is under embargo.
func TestPolicyShadow(t *testing.T) {
	w := newWorld(t)
	path := "/v1/policies/quiet/shadow"
	w.wants(200, asked{as: "viewer", path: path}, `"findings":1`, `"agreed":0`, `"response":"lost"`, "pay/shop", "!web/site", "!SECRET")
	w.wants(200, asked{as: "security", path: path}, `"findings":2`, "SECRET-pay", "!web/site")
	w.wants(200, asked{as: "all-viewer", path: path}, `"findings":2`, "web/site", "!SECRET")
	w.wants(200, asked{as: "all-security", path: path}, `"findings":4`, "SECRET-web")
	w.wants(200, asked{as: "all-security", path: path + "?since=2026-03-01T11:30:00Z"}, `{"items":[]}`)
	w.wants(400, asked{as: "viewer", path: path + "?since=today"}, "since")
	w.wants(404, asked{as: "viewer", path: "/v1/policies/none/shadow"})
}

func TestCheckPolicy(t *testing.T) {
	w := newWorld(t)
	check := func(text string, wants ...string) {
		t.Helper()
		w.wants(200, asked{as: "viewer", method: "POST", path: "/v1/policies/check", body: draftOf(map[string]string{"text": text}), header: asJSON}, wants...)
	}
	check(gateText, `"faults":[]`, `"name":"release-gate"`)
	check(strings.Replace(gateText, "finding.status ==", "finding.statsu ==", 1), `"line":6`, `"column":34`, "did you mean status?", `!"description"`)
	check(strings.Replace(gateText, "then: fail", "then: flail", 1)+"wat: 1\n", "flail", `"line":8`, `unknown key \"wat\"`)
	check("", `"line":0`, "policy: is missing")
	w.wants(413, asked{as: "viewer", method: "POST", path: "/v1/policies/check", body: draftOf(map[string]string{"text": strings.Repeat("x", maxDocument)}), header: asJSON})
	w.wants(415, asked{as: "viewer", method: "POST", path: "/v1/policies/check", body: gateText})
}

func TestTestPolicy(t *testing.T) {
	w := newWorld(t)
	try := func(text, cases string, wants ...string) {
		t.Helper()
		w.wants(200, asked{as: "viewer", method: "POST", path: "/v1/policies/test", body: draftOf(map[string]string{"text": text, "cases": cases}), header: asJSON}, wants...)
	}
	try(gateText, gateCases, `"failures":[]`, `"rules":2`, "gate: odd")
	try(gateText, strings.Replace(gateCases, "gate: fail", "gate: warn", 1), `cases:3: affected: gate: want \"warn\", got \"fail\"`)
	try(gateText, strings.Replace(gateCases, "want:", "wnat:", 1), `"case_faults":[{"line":3`, `!"report"`)
	try(gateText, strings.Replace(gateCases, "release-gate", "other", 1), "the tests are for policy")
	try("policy: x", gateCases, "decides nothing", `"case_faults":[]`)
}

func TestExplainPolicy(t *testing.T) {
	w := newWorld(t)
	ask := func(as string, status int, fields map[string]string, wants ...string) {
		t.Helper()
		w.wants(status, asked{as: as, method: "POST", path: "/v1/policies/explain", body: draftOf(fields), header: asJSON}, wants...)
	}
	ask("viewer", 200, map[string]string{"text": quietText, "project": "pay/shop", "class": "GHSA-CVE-2026-1"}, `"text":"quiet"`, `"text":"gate"`)
	ask("viewer", 404, map[string]string{"text": quietText, "project": "pay/shop", "class": "SECRET-pay"}, "no finding like that")
	ask("security", 200, map[string]string{"text": quietText, "project": "pay/shop", "class": "SECRET-pay"})
	ask("viewer", 404, map[string]string{"text": quietText, "project": "web/site"})
	ask("viewer", 404, map[string]string{"text": quietText, "project": "pay/shop", "package": "right"})
	ask("viewer", 400, map[string]string{"text": quietText}, "/project")
	ask("viewer", 400, map[string]string{"text": "policy: x", "project": "pay/shop"}, "/text", "decides nothing")
}

// TestHostilePolicies: whatever is sent as a policy or its cases, it is told what is wrong, and the service goes on.
func TestHostilePolicies(t *testing.T) {
	w := newWorld(t)
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := range 20 {
		bomb += fmt.Sprintf("%c: &%[1]c [*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c]\n", 'b'+i, 'a'+i)
	}
	rules := "policy: x\ngate:\n  default: pass\n  rules:\n"
	same := rules + "    - {name: r0, when: &w '" + strings.Repeat("advisory.kev || ", 1500) + "advisory.kev', then: fail, because: b}\n"
	for i := range 400 {
		same += fmt.Sprintf("    - {name: r%d, when: *w, then: fail, because: b}\n", i+1)
	}
	long := rules + "    - {name: c, then: fail, because: b, when: &w '" + strings.Repeat("advisory.kev && advisory.epss > 0.1 || ", 240) + "advisory.kev'}\n"
	dear := rules + "    - {name: c, then: fail, because: b, when: &w 'advisory.aliases.exists(a, advisory.origins.exists(o, o == a))'}\n"
	for i := range 450 { // each would be allowed by itself
		long += fmt.Sprintf("    - {name: n%d, when: *w, then: fail, because: b}\n", i)
		dear += fmt.Sprintf("    - {name: n%d, when: *w, then: fail, because: b}\n", i)
	}
	texts := []string{
		long, dear,
		deep(10_000), "policy: " + deep(20_000), bomb, same[:min(len(same), 60_000)], strings.Repeat("a", 60_000), "policy: '" + strings.Repeat("\\n", 20_000) + "'",
		"\x00\x01", "\ufeff%YAML 9.9\n---\n...", "- *x", "policy: &a [*a]", "<<: &x {<<: *x}", strings.Repeat("- ", 30_000), strings.Repeat("a: ", 20_000), "? " + strings.Repeat("? ", 20_000),
		rules + "    - {name: r, when: '" + strings.Repeat("(", 20_000) + "', then: fail, because: b}\n",
		rules + "    - {name: r, when: '" + strings.Repeat("!", 20_000) + "advisory.kev', then: fail, because: b}\n",
		rules + "    - {name: r, when: 'advisory.aliases.all(a, advisory.aliases.all(b, advisory.aliases.all(c, advisory.aliases.all(d, a + b == c + d))))', then: fail, because: b}\n",
		"policy: x\nlet: [{name: a, be: 'b()'}, {name: b, be: 'a()'}]\ngate: {default: pass}\n",
	}
	for i, text := range texts {
		told := []string{`"faults":[{`}
		if i == 0 {
			told = append(told, "allowed in one policy") // without that bound it would take many seconds
		}
		w.wants(200, asked{as: "viewer", method: "POST", path: "/v1/policies/check", body: draftOf(map[string]string{"text": text}), header: asJSON}, told...)
		w.wants(200, asked{as: "viewer", method: "POST", path: "/v1/policies/test", body: draftOf(map[string]string{"text": gateText, "cases": text}), header: asJSON}, `"case_faults":[{`)
	}
	if strings.Contains(w.log.String(), "panic") {
		t.Error(w.log)
	}
}

// TestLongCases: cases that would take a minute are ended.
func TestLongCases(t *testing.T) {
	w := newWorld(t)
	text := "policy: x\ngate:\n  default: pass\n  rules:\n"
	for i := range 150 {
		text += fmt.Sprintf("    - {name: r%d, when: 'advisory.aliases.exists(a, a == \"x%d\")', then: fail, because: b}\n", i, i)
	}
	cases := "policy: x\ncases:\n  - {name: a, given: &g {advisory: {aliases: [" + strings.Repeat("aaaaaaaaaa,", 500) + "]}}, want: {gate: pass}}\n" + strings.Repeat("  - {name: a, given: *g, want: {gate: pass}}\n", 900)
	w.wants(200, asked{as: "viewer", method: "POST", path: "/v1/policies/test", body: draftOf(map[string]string{"text": text, "cases": cases}), header: asJSON}, "not done within 3s")
}

// proposed is a change that another person proposed.
func proposed() tocsin.PolicyChange {
	return tocsin.PolicyChange{ID: "CHANGE1", State: tocsin.PolicyProposed, Policy: "gate", Digest: "sha256:2", Text: "policy: gate\n", Cases: "policy: gate\n", Live: "sha256:1", Reason: "less noise", By: tocsin.Actor{ID: "BOB", Name: "Bob"}, At: noon}
}

func (w *world) Changes(context.Context) ([]PolicyStanding, error) {
	one := proposed()
	one.Text, one.Cases = "", ""
	return []PolicyStanding{{PolicyChange: one, Standing: PolicyWaits}}, w.fail
}

func (w *world) Change(_ context.Context, id string) (PolicyStanding, error) {
	if id != "CHANGE1" {
		return PolicyStanding{}, tocsin.ErrNotFound
	}
	return PolicyStanding{PolicyChange: proposed(), Standing: PolicyWaits}, w.fail
}

func (w *world) Propose(_ context.Context, c tocsin.PolicyChange) (PolicyStanding, error) {
	c.ID, c.State = "CHANGE2", tocsin.PolicyProposed
	return PolicyStanding{PolicyChange: c, Standing: PolicyWaits}, w.fail
}

func (w *world) Judge(_ context.Context, _ string, v tocsin.PolicyVerdict, by tocsin.Actor, answer string) (PolicyStanding, error) {
	c, err := proposed().Judged(v, by, answer, noon)
	return PolicyStanding{PolicyChange: c, Standing: PolicyHolds}, err
}
