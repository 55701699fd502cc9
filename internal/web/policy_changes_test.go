package web

import (
	"strings"
	"testing"
)

// TestPolicyChangesAreProven: what is not right, has no cases or would not count is not even proposed, and machines propose nothing.
func TestPolicyChangesAreProven(t *testing.T) {
	w := newWorld(t)
	ask := func(as string, status int, fields map[string]string, wants ...string) {
		t.Helper()
		w.wants(status, asked{as: as, method: "POST", path: "/v1/policy-changes", body: draftOf(fields), header: asJSON}, wants...)
	}
	good := func(change ...string) map[string]string {
		out := map[string]string{"text": gateText, "cases": gateCases, "reason": "less noise"}
		for i := 0; i < len(change); i += 2 {
			out[change[i]] = change[i+1]
		}
		return out
	}
	ask("all-security", 201, good(), `"state":"proposed"`, `"policy":"release-gate"`, `"yours":true`, `"reason":"less noise"`)
	ask("all-security", 201, map[string]string{"off": "release-gate", "reason": "it went wrong"}, `"off":true`, `"policy":"release-gate"`)
	ask("all-security", 400, good("reason", " "), "say why")
	ask("all-security", 400, good("reason", strings.Repeat("x", 1001)), "1000 characters")
	ask("all-security", 400, good("off", "release-gate"), "/off")
	ask("all-security", 400, good("text", "policy: x\n"), "/text", "not right")
	ask("all-security", 400, good("text", strings.Replace(gateText, "policy: release-gate\n", "policy: release-gate\nmode: shadow\n", 1)), "would not count")
	ask("all-security", 400, good("cases", ""), "/cases")
	ask("all-security", 400, good("cases", "policy: release-gate\ncases: []\n"), "/cases")
	ask("all-security", 400, good("cases", "policy: release-gate\ncases:\n  - name: wrong\n    want: {gate: pass}\n"), "1 of its cases fail")
	w.wants(404, asked{as: "all-security", path: "/v1/policy-changes/none"})
	w.wants(400, asked{as: "all-security", method: "POST", path: "/v1/policy-changes/CHANGE1/verdict", body: `{"verdict":"maybe"}`, header: asJSON}, "want agree, decline or withdraw")
	w.wants(403, asked{as: "all-security", method: "POST", path: "/v1/policy-changes/CHANGE1/verdict", body: `{"verdict":"withdraw"}`, header: asJSON}, "Bob proposed it")
	w.wants(200, asked{as: "all-security", method: "POST", path: "/v1/policy-changes/CHANGE1/verdict", body: `{"verdict":"decline","answer":"too strict"}`, header: asJSON}, `"state":"declined"`, `"answer":"too strict"`)
	entries := 0
	for _, e := range w.entries {
		if e.What == "postPolicyChange" || e.What == "judgePolicyChange" {
			entries++
		}
	}
	if entries != 5 {
		t.Errorf("%d entries in the audit log", entries)
	}
}
