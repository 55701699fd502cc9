package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// told scans a path and gives the file with its JSON report.
func told(t *testing.T, data, path string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "before.json")
	call(t, "scan", "--data", data, "--report", "json="+file, "--on-undecided=pass", path)
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// A report of what was there before serves as a base where there is no history of Git: the verdicts are the same.
func TestGateBaseline(t *testing.T) {
	data := database(t) // left is affected before 2.0.0
	for name, c := range gateChanges() {
		t.Run(name, func(t *testing.T) {
			before := told(t, data, put(t, t.TempDir(), "package-lock.json", c.before))
			after := put(t, t.TempDir(), "package-lock.json", c.after)
			call(t, "gate", "--data", data, "--baseline", before, after).wants(t, c.code, c.want, "against the report of "+time.Now().UTC().Format(time.DateOnly))
			call(t, "gate", "--data", data, "--baseline", before, filepath.Dir(after)).wants(t, c.code, c.want)
		})
	}
}

// What is known only since the report was made is shown and does not fail the change. It fails the release.
func TestGateBaselineNewlyDisclosed(t *testing.T) {
	dir, project := t.TempDir(), put(t, t.TempDir(), "package-lock.json", lock("left", "1.0.0"))
	data, records := filepath.Join(dir, "data"), filepath.Join(dir, "records")
	put(t, records, "GHSA-2.json", osv("GHSA-2", "other", "2.0.0", ""))
	call(t, "db", "update", "--data", data, "--from", records).wants(t, exitPass)
	before := told(t, data, project)
	// Its own date is older than the report: the record came late.
	put(t, records, "GHSA-1.json", osv("GHSA-1", "left", "2.0.0", ""))
	call(t, "db", "update", "--data", data, "--from", records).wants(t, exitPass, "2 advisories")
	call(t, "gate", "--data", data, "--baseline", before, project).wants(t, exitPass, "0 introduced, 0 made worse, 1 newly disclosed, 0 pre-existing")
	call(t, "gate", "--data", data, "--baseline", before, "--format", "json", project).wants(t, exitPass, `"change": "newly disclosed"`)
	call(t, "scan", "--data", data, project).wants(t, exitFailed, "GHSA-1")
	// A bump within the affected versions does not make the change answer for it.
	put(t, filepath.Dir(project), "package-lock.json", lock("left", "1.9.0"))
	call(t, "gate", "--data", data, "--baseline", before, project).wants(t, exitPass, "1 newly disclosed")
}

// Worse is what the change makes worse, not what the policy or the advisories say of it since.
func TestGateBaselineMadeWorse(t *testing.T) {
	data, dir := database(t), t.TempDir()
	policy := func(elsewhere string) string {
		return put(t, dir, elsewhere+".yaml", "policy: scopes\nabout: dev is milder\ngate:\n  default: "+elsewhere+
			"\n  rules:\n    - name: runtime\n      when: pkg.scope == \"runtime\"\n      then: fail\n      because: it runs\n")
	}
	dev := strings.Replace(lock("left", "1.0.0"), `{"version"`, `{"dev": true, "version"`, 1)
	before := told(t, data, put(t, dir, "before/package-lock.json", dev))
	same, worse := put(t, dir, "same/package-lock.json", dev), put(t, dir, "worse/package-lock.json", lock("left", "1.0.0"))
	call(t, "gate", "--data", data, "--policy", policy("warn"), "--baseline", before, worse).wants(t, exitFailed, "0 introduced, 1 made worse")
	call(t, "gate", "--data", data, "--policy", policy("warn"), "--baseline", before, same).wants(t, exitPass, "1 pre-existing")
	call(t, "gate", "--data", data, "--policy", policy("fail"), "--baseline", before, same).wants(t, exitPass, "1 pre-existing")
}

// The report of a gate is a base as well, and several targets are told apart by name.
func TestGateBaselineOfSeveral(t *testing.T) {
	data, dir := database(t), t.TempDir()
	put(t, dir, "a/package-lock.json", lock("left", "1.0.0"))
	put(t, dir, "b/package-lock.json", lock("right", "1.0.0"))
	t.Chdir(dir)
	call(t, "scan", "--data", data, "--report", "json=both.json", "a", "b").wants(t, exitFailed)
	call(t, "gate", "--data", data, "--baseline", "both.json", "--report", "json=next.json", "a/").wants(t, exitPass, "1 pre-existing")
	call(t, "gate", "--data", data, "--baseline", "next.json", "a").wants(t, exitPass, "1 pre-existing")
	call(t, "gate", "--data", data, "--baseline", "both.json", ".").wants(t, exitUsage, "it has no target ., but a, b")
}

// A base that cannot be trusted gives no verdict: a mistake is 2, a report that is too old 4.
func TestGateBaselineRefused(t *testing.T) {
	data := database(t)
	project := put(t, t.TempDir(), "package-lock.json", lock("left", "1.0.0"))
	whole, err := os.ReadFile(told(t, data, project))
	if err != nil {
		t.Fatal(err)
	}
	stamp := regexp.MustCompile(`(?m)^  "at": ".*"`)
	made := func(at time.Time) string {
		return stamp.ReplaceAllString(string(whole), `  "at": "`+at.Format(time.RFC3339)+`"`)
	}
	for name, c := range map[string]struct {
		text string
		code int
		want string
	}{
		"torn":            {string(whole[:len(whole)/2]), exitUsage, "no whole report: byte "},
		"empty":           {"", exitUsage, "no whole report"},
		"another's":       {`{"version": "2.1.0", "runs": []}`, exitUsage, "schema_version is missing"},
		"another version": {strings.Replace(string(whole), `"schema_version": 1`, `"schema_version": 2`, 1), exitUsage, "of schema version 2, and this program reads 1"},
		"another type":    {strings.Replace(string(whole), `"targets": [`, `"targets": 7, "x": [`, 1), exitUsage, "targets (byte "},
		"no packages":     {strings.Replace(string(whole), `"packages": 1`, `"packages": 2`, 1), exitUsage, "counts 2 packages and contains 1"},
		"a wrong edge":    {strings.Replace(string(whole), `"to": 0`, `"to": 9`, 1), exitUsage, "-1 to 9, and there are 1 packages"},
		"no time":         {stamp.ReplaceAllString(string(whole), `  "x": 1`), exitUsage, "at is missing"},
		"no target":       {`{"schema_version": 1, "at": "` + time.Now().Format(time.RFC3339) + `", "targets": []}`, exitUsage, "nothing was scanned for it"},
		"another project": {strings.ReplaceAll(string(whole), "package-lock.json", "go.mod"), exitUsage, "it is of another project"},
		"too old":         {made(time.Now().AddDate(0, 0, -91)), exitUndecided, "more than 90 days ago"},
		"of tomorrow":     {made(time.Now().AddDate(0, 0, 2)), exitUndecided, "yet to come"},
		"old enough":      {made(time.Now().AddDate(0, 0, -89)), exitPass, "1 pre-existing"},
	} {
		t.Run(name, func(t *testing.T) {
			file := put(t, t.TempDir(), "before.json", c.text)
			call(t, "gate", "--data", data, "--on-undecided=pass", "--baseline", file, project).wants(t, c.code, c.want)
		})
	}
	missing := filepath.Join(t.TempDir(), "none.json")
	call(t, "gate", "--data", data, "--baseline", missing, project).wants(t, exitUsage, "none.json")
	call(t, "gate", "--base", "main", "--baseline", missing, project).wants(t, exitUsage, "give one of them")
	empty := t.TempDir()
	call(t, "gate", "--data", data, "--baseline", put(t, t.TempDir(), "b.json", string(whole)), empty).wants(t, exitNothing, "nothing to scan")
}

// A change cannot excuse itself by a report that it brings along, nor by exceptions in the judged tree.
func TestGateBaselineIsNotOfTheTree(t *testing.T) {
	data := database(t)
	before, err := os.ReadFile(told(t, data, put(t, t.TempDir(), "package-lock.json", lock("left", "1.0.0"))))
	if err != nil {
		t.Fatal(err)
	}
	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0"), "before.json": string(before)})
	call(t, "gate", "--data", data, "--baseline", filepath.Join(dir, "before.json"), dir).wants(t, exitUsage, "committed in the judged tree")
	beside := put(t, dir, "kept.json", string(before)) // what a CI system puts into the work tree is not committed
	call(t, "gate", "--data", data, "--baseline", beside, dir).wants(t, exitPass, "1 pre-existing")

	until := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	clean := told(t, data, put(t, t.TempDir(), "package-lock.json", lock("right", "1.0.0")))
	accepted := "exceptions:\n  - {kind: accepted-risk, class: GHSA-1, package: pkg:npm/left, reason: known, owner: ada, expires: " + until + "}\n"
	put(t, dir, ".tocsin/exceptions.yaml", accepted)
	call(t, "gate", "--data", data, "--baseline", clean, dir).wants(t, exitFailed, "1 introduced", ".tocsin/exceptions.yaml", "was not used")
	call(t, "gate", "--data", data, "--baseline", clean, "--exceptions", put(t, t.TempDir(), "e.yaml", accepted), dir).wants(t, exitPass)
}
