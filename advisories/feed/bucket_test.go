package feed

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bucketOf serves one ecosystem with ten records a0 … a9, which were all modified on the same day.
func bucketOf(t testing.TB, eco string) (*server, func(id string, modified string)) {
	t.Helper()
	entries := map[string]string{}
	times := map[string]string{}
	objects := map[string][]byte{"ecosystems.txt": []byte(eco + "\n\n")}
	for i := range 10 {
		id := fmt.Sprint("a", i)
		entries[id+".json"], times[id] = "{}", "2024-01-01T00:00:00Z"
		objects[eco+"/"+id+".json"] = []byte("{}")
	}
	objects[eco+"/all.zip"] = zipped(t, entries)
	s := serve(t, objects)
	set := func(id, modified string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if id != "" {
			times[id] = modified
			s.objects[eco+"/"+id+".json"] = []byte("new")
		}
		var list strings.Builder
		for i := range 12 {
			if at := times[fmt.Sprint("a", i)]; at != "" {
				fmt.Fprintf(&list, "%s,a%d\n", at, i)
			}
		}
		s.objects[eco+"/modified_id.csv"] = []byte(list.String())
	}
	set("", "")
	return s, set
}

func knownOn(day string) Known {
	at, _ := time.Parse(time.DateOnly, day)
	return func(id string) (time.Time, bool) { return at, id != "a10" }
}

func TestFirstSyncTakesTheZip(t *testing.T) {
	for _, eco := range []string{"npm", "Red Hat"} {
		s, _ := bucketOf(t, eco)
		got, parts := taken(t, open(t, s.URL+"/", s.Client()), nil)
		wantTaken(t, got, parts, "a0={}", "a1={}", "a2={}", "a3={}", "a4={}", "a5={}", "a6={}", "a7={}", "a8={}", "a9={}")
		want := map[string]int{"ecosystems.txt": 1, eco + "/modified_id.csv": 1, eco + "/all.zip": 1}
		if diff := cmp.Diff(want, s.counts()); diff != "" {
			t.Errorf("%s: requests %s", eco, diff)
		}
	}
}

// Modified may lie in the future, go back, or be no time at all: what differs from what we have is fetched, and no more.
func TestLaterSyncFetchesWhatChanged(t *testing.T) {
	for name, modified := range map[string]string{
		"newer": "2024-02-01T00:00:00Z", "in the future": "2127-01-01T00:00:00Z", "going back": "2020-01-01T00:00:00Z",
		"unreadable": "soon", "zero": "0001-01-01T00:00:00Z",
	} {
		s, set := bucketOf(t, "npm")
		set("a3", modified)
		set("a10", "2024-01-01T00:00:00Z")
		got, parts := taken(t, open(t, s.URL, s.Client()), knownOn("2024-01-01"))
		wantTaken(t, got, parts, "a0", "a1", "a2", "a3=new", "a4", "a5", "a6", "a7", "a8", "a9", "a10=new")
		want := map[string]int{"ecosystems.txt": 1, "npm/modified_id.csv": 1, "npm/a3.json": 1, "npm/a10.json": 1}
		if diff := cmp.Diff(want, s.counts()); diff != "" {
			t.Errorf("%s: requests %s", name, diff)
		}
	}
}

// A time that cannot be read is no reason to believe that nothing changed, even where we have none either.
func TestUnreadableTimeIsAlwaysFetched(t *testing.T) {
	s, set := bucketOf(t, "npm")
	set("a3", "soon")
	known := func(id string) (time.Time, bool) {
		if id == "a3" {
			return time.Time{}, true
		}
		return knownOn("2024-01-01")(id)
	}
	if taken(t, open(t, s.URL, s.Client()), known); s.counts()["npm/a3.json"] != 1 {
		t.Error("a3 was not fetched")
	}
}

func TestVanishedRecords(t *testing.T) {
	s, set := bucketOf(t, "npm")
	set("a4", "")                     // it is no longer listed
	set("a5", "2024-02-01T00:00:00Z") // it changed
	set("a6", "2024-02-01T00:00:00Z") // it is listed as changed but cannot be had
	delete(s.objects, "npm/a6.json")
	got, parts := taken(t, open(t, s.URL, s.Client()), knownOn("2024-01-01"))
	wantTaken(t, got, parts, "a0", "a1", "a2", "a3", "a5=new", "a6!", "a7", "a8", "a9")
}

func TestFallsBackToTheZip(t *testing.T) {
	all := []string{"a0={}", "a1={}", "a2={}", "a3={}", "a4={}", "a5={}", "a6={}", "a7={}", "a8={}", "a9={}"}
	for name, change := range map[string]func(s *server, set func(id, modified string)){
		"mirror without single records": func(s *server, set func(id, modified string)) {
			set("a3", "2024-02-01T00:00:00Z")
			maps.DeleteFunc(s.objects, func(name string, _ []byte) bool { return strings.HasPrefix(name, "npm/a") && name != "npm/all.zip" })
		},
		"no listing":    func(s *server, _ func(id, modified string)) { delete(s.objects, "npm/modified_id.csv") },
		"empty listing": func(s *server, _ func(id, modified string)) { s.objects["npm/modified_id.csv"] = nil },
		"much changed": func(_ *server, set func(id, modified string)) {
			for i := range 6 {
				set(fmt.Sprint("a", i), "2024-02-01T00:00:00Z")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, set := bucketOf(t, "npm")
			change(s, set)
			got, parts := taken(t, open(t, s.URL, s.Client()), knownOn("2024-01-01"))
			wantTaken(t, got, parts, all...)
		})
	}
}

// A part that fails does not keep the others from being read.
func TestOneEcosystemFails(t *testing.T) {
	s, _ := bucketOf(t, "npm")
	s.objects["ecosystems.txt"] = []byte("../up\n..\n.\nPyPI\nnpm\nGo\n")
	s.objects["Go/modified_id.csv"] = []byte("2024-01-01T00:00:00Z,g1\n")
	s.objects["Go/all.zip"] = []byte("not a zip")
	got, parts := taken(t, open(t, s.URL, s.Client()), nil)
	if len(got) != 10 || len(parts) != 2 || !strings.Contains(parts[0].Error(), "ecosystem PyPI") || !strings.Contains(parts[1].Error(), "not a zip") {
		t.Errorf("took %d, parts %v", len(got), parts)
	}
}

func TestServerFailsOnOneRecord(t *testing.T) {
	s, set := bucketOf(t, "npm")
	set("a3", "2024-02-01T00:00:00Z")
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/npm/a3.json" {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	got, parts := taken(t, open(t, s.URL, s.Client()), knownOn("2024-01-01"))
	if len(got) != 0 || len(parts) != 1 || !strings.Contains(parts[0].Error(), "403") {
		t.Errorf("took %v, parts %v; want the status in the error", got, parts)
	}
}

// A record that is too large is one bad record, not a failed ecosystem.
func TestOverLargeRecord(t *testing.T) {
	s, set := bucketOf(t, "npm")
	set("a3", "2024-02-01T00:00:00Z")
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/npm/a3.json" {
			w.Header().Set("Content-Length", "17000000")
			return true
		}
		return false
	}
	got, parts := taken(t, open(t, s.URL, s.Client()), knownOn("2024-01-01"))
	wantTaken(t, got, parts, "a0", "a1", "a2", "a3!", "a4", "a5", "a6", "a7", "a8", "a9")
}

func TestNoBucket(t *testing.T) {
	for name, objects := range map[string]map[string][]byte{
		"empty": {}, "no ecosystem": {"ecosystems.txt": []byte("\n\n")}, "endless": {"ecosystems.txt": make([]byte, 2<<20)},
		"too many": {"ecosystems.txt": []byte(strings.Repeat("a\n", 2000))},
	} {
		s := serve(t, objects)
		if got, parts := taken(t, open(t, s.URL, s.Client()), nil); len(got) > 0 || len(parts) != 1 {
			t.Errorf("%s: took %v, %v; want one error", name, got, parts)
		}
	}
}

func TestMirrorOnDisk(t *testing.T) {
	s, set := bucketOf(t, "Red Hat")
	set("a3", "2024-02-01T00:00:00Z")
	dir := t.TempDir()
	for name, body := range s.objects {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, parts := taken(t, open(t, "file://"+dir, nil), knownOn("2024-01-01"))
	wantTaken(t, got, parts, "a0", "a1", "a2", "a3=new", "a4", "a5", "a6", "a7", "a8", "a9")
	got, parts = taken(t, open(t, dir, nil), nil)
	if len(got) != 10 || parts != nil {
		t.Errorf("the zip: %v, %v", got, parts)
	}
}

func TestStopping(t *testing.T) {
	s, set := bucketOf(t, "npm")
	for range open(t, s.URL, s.Client()).Records(context.Background(), knownOn("2024-01-01")) {
		break
	}
	set("a3", "2024-02-01T00:00:00Z")
	for range open(t, s.URL, s.Client()).Records(context.Background(), func(string) (time.Time, bool) { return time.Time{}, false }) {
		break
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for e, err := range open(t, s.URL, s.Client()).Records(ctx, knownOn("2024-01-01")) {
		if err == nil {
			t.Errorf("a cancelled sync gave %v", e)
		}
	}
}

func TestParseListing(t *testing.T) {
	rows := parseListing([]byte("2024-01-01T00:00:00Z,A-1\r\n\n,B-1\nno comma\nx,\n2024-01-01T00:00:00+01:00,npm/C-1\n2023-01-01T00:00:00Z,A-1\n" +
		strings.Repeat("x", 2<<20) + ",D-1\n2024-01-01T00:00:00Z,E-1"))
	got := ""
	for _, r := range rows {
		got += fmt.Sprint(r.id, " ", r.modified.Unix(), " ")
	}
	if want := "A-1 1704067200 B-1 -62135596800 C-1 1704063600 D-1 -62135596800 E-1 1704067200 "; got != want {
		t.Errorf("rows %q, want %q", got, want)
	}
}

func FuzzParseListing(f *testing.F) {
	f.Add([]byte("2024-01-01T00:00:00Z,A-1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range parseListing(b) {
			if r.id == "" || strings.Contains(r.id, "/") {
				t.Errorf("id %q", r.id)
			}
		}
	})
}
