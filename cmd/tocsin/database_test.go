package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
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

// By data that is too old, or that a feed failed to renew, nothing is clean: a scan and a gate are undecided.
func TestStaleDataIsUndecided(t *testing.T) {
	dir := t.TempDir()
	data, records := filepath.Join(dir, "data"), filepath.Join(dir, "records")
	put(t, records, "GHSA-1.json", osv("GHSA-1", "left", "2.0.0", ""))
	st, err := store.Open(t.Context(), store.Path(data))
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().UTC().Add(-tocsin.MaxFeedAge - time.Hour)
	sync := pipeline.Sync{Store: st, Client: feed.NewClient(), Dir: data, Now: func() time.Time { return old }}
	_, err = sync.Run(t.Context(), []pipeline.FeedSource{{Name: pipeline.FeedOSV, From: records}})
	if err := errors.Join(err, st.Close()); err != nil {
		t.Fatal(err)
	}
	failed := database(t)
	call(t, "db", "update", "--data", failed, "--from", filepath.Join(dir, "none")).wants(t, exitUsage)

	clean := branch(t, map[string]string{"package-lock.json": lock("right", "1.0.0")})
	baseline := told(t, database(t), clean)
	for data, want := range map[string]string{data: "feed osv was last synced " + old.Format(time.DateOnly), failed: "feed osv failed"} {
		call(t, "scan", "--data", data, clean).wants(t, exitUndecided, "UNDECIDED", want)
		call(t, "gate", "--data", data, "--base", "main", clean).wants(t, exitUndecided, want)
		call(t, "gate", "--data", data, "--baseline", baseline, clean).wants(t, exitUndecided, want)
		call(t, "scan", "--data", data, "--on-undecided=pass", clean).wants(t, exitPass, want)
	}
}
