package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A package that nobody maintains any more is told as that, and stops no release.
func TestUnmaintained(t *testing.T) {
	dir := t.TempDir()
	record := strings.Replace(osv("RUSTSEC-1", "left", "2.0.0", ""), `"ranges"`, `"database_specific": {"informational": "unmaintained"}, "ranges"`, 1)
	record = strings.Replace(strings.Replace(record, `, {"fixed": "2.0.0"}`, "", 1), `"severity"`, `"was"`, 1)
	put(t, dir, "records/RUSTSEC-1.json", record)
	data, file := filepath.Join(dir, "data"), put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	call(t, "db", "update", "--data", data, "--from", filepath.Join(dir, "records")).wants(t, exitPass, "1 advisories in 1 classes")
	scan := func(format string) result {
		return call(t, "scan", "--data", data, "--policy", "release-gate,emergency", "--format", format, file)
	}
	scan("table").wants(t, exitPass, "unmaintained")
	scan("json").wants(t, exitPass, `"kind": "unmaintained"`, `"gate": "warn"`, `"response": "watch"`)
	scan("sarif").wants(t, exitPass, `"unmaintained"`, "Nobody maintains left@1.0.0 any more (RUSTSEC-1).", "Look for a maintained package in its place.")
	scan("gitlab").wants(t, exitPass, `"Info"`)
	scan("cyclonedx").wants(t, exitPass, `"info"`)
	scan("osv-scanner").wants(t, exitPass, "RUSTSEC-1")
	ours := put(t, dir, "ours.yaml", "policy: ours\njudges: [unmaintained]\ngate: {default: fail}\n")
	call(t, "scan", "--data", data, "--policy", ours, file).wants(t, exitFailed, "unmaintained")
}
