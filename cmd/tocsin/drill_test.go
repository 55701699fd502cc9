package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDrill: a scenario is played, what would have been sent is written to a folder, and the team's own rules can be drilled.
func TestDrill(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "sent")
	first := call(t, "drill", "run", "xz-2024", "--out", out, "--format", "json").wants(t, exitPass, `"exercise": true`, `"score": 100`, `"reference": true`)
	if again := call(t, "drill", "run", "xz-2024", "--format", "json"); again.stdout != first.stdout {
		t.Error("the same scenario twice gives two reports")
	}
	files, err := os.ReadDir(out)
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if text := read(t, out, f.Name()); !strings.HasPrefix(text, "EXERCISE") || strings.Count(text, "EXERCISE") < 2 {
			t.Errorf("%s is not marked:\n%.200s", f.Name(), text)
		}
	}
	call(t, "drill", "run", "xz-2024", "--out", out).wants(t, exitUsage, "is not empty; name a new folder")
	call(t, "drill", "run", "xz-2025").wants(t, exitUsage, "there are axios-2026, broken-fix", "or name a file that ends in .yaml")
	call(t, "drill", "run", filepath.Join(dir, "none.yaml")).wants(t, exitUsage, "none.yaml")
	call(t, "drill", "run", "xz-2024", "--format", "csv").wants(t, exitUsage, "want table, markdown or json")
	call(t, "drill", "run", "xz-2024", "--moves", put(t, dir, "other.yaml", "drill: axios-2026\n")).wants(t, exitUsage, "these moves are played in xz-2024")
	call(t, "drill", "report", put(t, dir, "x.json", "{}")).wants(t, exitUsage, "is no result of a drill")

	put(t, dir, "governance.yaml", strings.Replace(read(t, top(t), "incidents", "governance", "default.yaml"), "governance: default", "governance: ours", 1)+`
people:
  - {person: zoe, id: "7", github: zoe-l, confirmed: 2026-01-01}
escalation:
  - {policy: all, steps: [{all: [everyone]}]}
`)
	config := put(t, dir, "tocsin.yaml", "data: data\ngovernance: governance.yaml\npolicies: [release-gate]\nprojects:\n  - {slug: shop, source: {kind: upload}}\n")
	r := call(t, "drill", "run", "log4shell-2021", "--config", config, "--format", "json").wants(t, exitPass, `"score": 5`, `"incidents": []`)
	result := put(t, dir, "result.json", r.stdout)
	call(t, "drill", "report", result, "--config", config, "--at", "2026-12-01").wants(t, exitPass, "not dated", "playbook vulnerable-dependency: was never drilled",
		"person zoe: last said on 2026-01-01 how they are reached", "roles: one person can be reached: what takes two people cannot be done")
	put(t, dir, "tocsin.yaml", "data: data\ngovernance: governance.yaml\npolicies: [emergency]\nprojects:\n  - {slug: shop, source: {kind: upload}}\n")
	call(t, "drill", "run", "missing-person", "--config", config).wants(t, exitPass, "called zoe: step 1 of policy all", "missed   0/10    called bea")
}
