package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// archive is a zip of files.
func archive(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUpdateFromFolderZipAndBucket(t *testing.T) {
	dir := t.TempDir()
	record := osv("GHSA-1", "left", "2.0.0", `"aliases": ["CVE-2026-1"],`)
	put(t, dir, "folder/GHSA-1.json", record)
	put(t, dir, "all.zip", archive(t, map[string]string{"GHSA-1.json": record}))
	put(t, dir, "bucket/ecosystems.txt", "npm\n")
	put(t, dir, "bucket/npm/all.zip", archive(t, map[string]string{"GHSA-1.json": record}))
	put(t, dir, "bucket/npm/modified_id.csv", "2026-01-01T00:00:00Z,GHSA-1\n")
	put(t, dir, "bucket/npm/GHSA-1.json", record)
	kev := put(t, dir, "kev.json", `{"catalogVersion": "1", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-1", "dateAdded": "2026-01-02", "dueDate": "2026-01-09"}]}`)
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "bucket"))))
	t.Cleanup(server.Close)
	locked := put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	for name, from := range map[string]string{
		"folder": filepath.Join(dir, "folder"), "zip": filepath.Join(dir, "all.zip"), "bucket": filepath.Join(dir, "bucket"), "mirror": server.URL,
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			r := call(t, "db", "update", "--data", data, "--from", from, "--kev", kev).wants(t, exitPass, "FEED", "osv", "kev", "1 advisories in 1 classes")
			if strings.Contains(r.stdout, "epss") {
				t.Errorf("the public EPSS scores were asked for:\n%s", r.stdout)
			}
			call(t, "db", "update", "--data", data, "--from", from, "--kev", kev).wants(t, exitPass) // nothing new
			call(t, "db", "status", "--data", data).wants(t, exitPass, "1 advisories in 1 classes, 1 in KEV, 0 with EPSS")
			call(t, "db", "status", "--data", data, "--format", "json").wants(t, exitPass, `"records": 1`)
			call(t, "scan", "--data", data, locked).wants(t, exitFailed, "CVE-2026-1", "exploited")
		})
	}
}

func TestGarbageLeavesTheOldIndex(t *testing.T) {
	data := database(t)
	dir := t.TempDir()
	bad := put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	put(t, dir, "garbage/x.txt", "no record at all")
	for name, from := range map[string]string{
		"torn zip": put(t, dir, "torn.zip", "PK\x03\x04 not whole"), "no records": filepath.Join(dir, "garbage"), "nothing": filepath.Join(dir, "none"),
	} {
		t.Run(name, func(t *testing.T) {
			r := call(t, "db", "update", "--data", data, "--from", from)
			if r.code != exitUsage && r.code != exitUndecided || !strings.Contains(r.stderr, "tocsin: feed osv:") {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
			call(t, "db", "status", "--data", data).wants(t, exitUndecided, "osv", "failed", "verdicts are undecided", "1 advisories")
			call(t, "scan", "--data", data, bad).wants(t, exitFailed, "GHSA-1")
		})
	}
	call(t, "db", "update", "--data", data, "--from", filepath.Join(filepath.Dir(data), "records")).wants(t, exitPass)
	call(t, "db", "status", "--data", data).wants(t, exitPass)
}

func TestDamagedIndexAndStore(t *testing.T) {
	empty := t.TempDir()
	call(t, "db", "status", "--data", empty).wants(t, exitUndecided, "fetch the rest with: tocsin db update")
	t.Setenv("TOCSIN_DATA", "")
	t.Setenv("XDG_CACHE_HOME", empty)
	call(t, "db", "status").wants(t, exitUndecided)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	call(t, "db", "status").wants(t, exitUsage, "TOCSIN_DATA")

	data := database(t)
	err := filepath.WalkDir(filepath.Join(data, "index"), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.WriteFile(path, []byte("damaged"), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := call(t, "scan", "--data", data, put(t, t.TempDir(), "package-lock.json", lock("left", "2.0.0"))); r.code == exitPass || r.code == exitFailed {
		t.Errorf("a damaged index gives %d:\n%s%s", r.code, r.stdout, r.stderr)
	}
	blocked := t.TempDir()
	put(t, blocked, "tocsin.db", "this is no database, but something longer than a header of SQLite would be, for sure")
	if r := call(t, "db", "update", "--data", blocked, "--from", blocked); r.code == exitPass {
		t.Errorf("a store that is none gives %d:\n%s", r.code, r.stderr)
	}
}

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
