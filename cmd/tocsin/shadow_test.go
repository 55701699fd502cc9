package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const shadowGate = `policy: release-gate
about: Nothing at all goes out.
mode: shadow
gate:
  default: pass
  rules:
    - {name: never, when: 'finding.status == "affected"', then: warn, because: we only warn}
`

// A policy in shadow changes no verdict and no run, and its account is read afterwards.
func TestShadow(t *testing.T) {
	s := newStand(t)
	dir := filepath.Dir(s.config)
	was, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	shadow := put(t, dir, "strict.yaml", shadowGate)
	with := put(t, dir, "with.yaml", strings.Replace(string(was), "data: data\n", "data: other\npolicies: [release-gate, emergency, strict.yaml]\n", 1))
	call(t, "policy", "shadow", "--config", with).wants(t, exitNothing, "mode: shadow")
	plain := call(t, "run", "--config", s.config, "--once").wants(t, exitPass)
	if r := call(t, "run", "--config", with, "--once").wants(t, exitPass); until(r.stdout, "POST") != until(plain.stdout, "POST") || strings.Count(r.stdout, "POST") != strings.Count(plain.stdout, "POST") {
		t.Errorf("the run differs:\n%s\n%s", plain.stdout, r.stdout)
	}
	call(t, "policy", "shadow", "--config", with).wants(t, exitPass, "release-gate in shadow", "1 run since", "0 of 1 judged alike", "1 quieter", "1 fewer", "warn release-gate/never")
	call(t, "policy", "shadow", "--config", with, "--format", "json").wants(t, exitPass, `"gate": "quieter"`, `"runs": 1`)
	call(t, "policy", "shadow", "--config", with, "--format", "markdown").wants(t, exitPass, "## release")
	call(t, "policy", "shadow", "--config", with, "--policy", "emergency").wants(t, exitNothing)
	call(t, "policy", "shadow", "--config", with, "--since", "9000-01-01").wants(t, exitNothing)
	call(t, "policy", "shadow", "--config", with, "--since", "soon").wants(t, exitUsage, "2026-01-31")

	data := filepath.Join(dir, "other")
	said := call(t, "scan", "--data", data, "--format", "markdown", s.project).wants(t, exitFailed)
	r := call(t, "scan", "--data", data, "--format", "markdown", "--policy", "release-gate,"+shadow, s.project).wants(t, exitFailed, "release-gate is only shadowed")
	if until(r.stdout, "\nTocsin") != until(said.stdout, "\nTocsin") {
		t.Errorf("the verdict differs:\n%s\n%s", said.stdout, r.stdout)
	}
	call(t, "scan", "--data", data, "--policy", shadow, s.project).wants(t, exitUsage, "none of the policies counts: release-gate is shadow; set mode: enforce")
	call(t, "policy", "explain", "--data", data, "--policy", shadow, s.project).wants(t, exitPass, "we only warn")
	lone := put(t, dir, "lone.yaml", strings.Replace(string(was), "data: data\n", "data: lone\npolicies: [strict.yaml]\n", 1))
	call(t, "run", "--config", lone, "--once").wants(t, exitUsage, "none of the policies counts")
}

// until is what stands before a text; all if it is not there.
func until(s, text string) string {
	before, _, _ := strings.Cut(s, text)
	return before
}
