package main

import (
	"archive/zip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What one machine has fetched reaches another through a file: the same snapshot, no fresher than it was, and nothing that
// was changed on the way.
func TestExportAndImport(t *testing.T) {
	dir := t.TempDir()
	here, there, bundle := filepath.Join(dir, "here"), filepath.Join(dir, "there"), filepath.Join(dir, "advisories.zip")
	put(t, dir, "osv/GHSA-1.json", osv("GHSA-1", "left", "2.0.0", `"aliases": ["CVE-2026-1"],`))
	kev := put(t, dir, "kev.json", `{"catalogVersion": "1", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-1", "dateAdded": "2026-01-02", "dueDate": "2026-01-09"}]}`)
	call(t, "db", "export", "--data", here, bundle).wants(t, exitUsage, "nothing had been fetched")
	if _, err := os.Stat(bundle); err == nil {
		t.Error("a file was left by an export that failed")
	}
	call(t, "db", "update", "--data", here, "--from", filepath.Join(dir, "osv"), "--kev", kev).wants(t, exitPass)
	call(t, "db", "export", "--data", here, bundle).wants(t, exitPass, "holds snapshot adv:")
	call(t, "db", "export", "--data", here, "--as-of", "2020-01-01", filepath.Join(dir, "old.zip")).wants(t, exitUsage, "as of 2020-01-01", "nothing had been fetched")
	call(t, "db", "export", "--data", here, "--as-of", "yesterday", bundle).wants(t, exitUsage, `--as-of "yesterday"`)
	call(t, "db", "verify", bundle).wants(t, exitPass, "whole and unchanged")
	call(t, "db", "import", "--data", there, bundle).wants(t, exitPass, "1 advisories in 1 classes")
	call(t, "db", "import", "--data", there, bundle).wants(t, exitPass, "1 advisories in 1 classes") // again: nothing new

	var states [2]struct {
		ID    string
		Feeds []struct {
			Name     string
			SyncedAt string `json:"synced_at"`
		}
	}
	for i, data := range []string{here, there} {
		r := call(t, "db", "status", "--data", data, "--format", "json").wants(t, exitPass)
		if err := json.Unmarshal([]byte(r.stdout), &states[i]); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(states[0], states[1]); diff != "" {
		t.Errorf("here (-) and there (+):\n%s", diff)
	}
	call(t, "scan", "--data", there, put(t, dir, "package-lock.json", lock("left", "1.0.0"))).wants(t, exitFailed, "CVE-2026-1", "exploited")

	z, err := zip.OpenReader(bundle)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	for name, tt := range map[string]struct {
		change func(map[string]string)
		want   string
	}{
		"a changed record": {func(m map[string]string) { m["feeds/osv/GHSA-1.json"] = osv("GHSA-1", "left", "1.0.0", "") }, "its manifest says"},
		"a record more":    {func(m map[string]string) { m["feeds/osv/GHSA-2.json"] = osv("GHSA-2", "left", "1.0.0", "") }, "its manifest says"},
		"a record less":    {func(m map[string]string) { delete(m, "feeds/osv/GHSA-1.json") }, "its manifest says"},
		"a record twice":   {func(m map[string]string) { m["feeds/osv/x/GHSA-1.json"] = m["feeds/osv/GHSA-1.json"] }, "there twice"},
		"no record":        {func(m map[string]string) { m["feeds/osv/GHSA-1.json"] = "{" }, "feeds/osv/GHSA-1.json"},
		"no catalogue":     {func(m map[string]string) { delete(m, "documents/kev") }, "it has no documents/kev"},
		"no manifest":      {func(m map[string]string) { delete(m, "manifest.json") }, "it has no manifest.json"},
		"another format":   {func(m map[string]string) { m["manifest.json"] = `{"format": "x"}` }, `format "x"`},
		"a feed that climbs": {func(m map[string]string) {
			m["manifest.json"] = strings.Replace(m["manifest.json"], `"osv"`, `"../x"`, 1)
		}, `"../x"`},
		"not even a zip file": {nil, "not a zip file"},
	} {
		changed := maps.Clone(files)
		text := "hello"
		if tt.change != nil {
			tt.change(changed)
			text = archive(t, changed)
		}
		bad := put(t, dir, "bad.zip", text)
		call(t, "db", "verify", bad).wants(t, exitUsage, tt.want)
		call(t, "db", "import", "--data", filepath.Join(dir, "fresh"), bad).wants(t, exitUsage, tt.want)
		if s := call(t, "db", "status", "--data", filepath.Join(dir, "fresh")); !strings.Contains(s.stdout, "landmark") {
			t.Errorf("%s: something was taken in:\n%s", name, s.stdout)
		}
	}
}
