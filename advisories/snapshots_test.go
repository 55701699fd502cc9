package advisories_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// publish makes an index of one record current; n is its time too.
func publish(t testing.TB, dir string, n int) tocsin.Snapshot {
	t.Helper()
	var b advisories.Builder
	b.Add(advisory(fmt.Sprintf("A-%d", n), "npm", "a"), "digest")
	info, err := advisories.Publish(dir, &b, advisories.FactTables{}, tocsin.Snapshot{BuiltAt: time.Unix(int64(n), 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// current gives the id of the one record in the current index, and what was skipped on the way to it.
func current(t testing.TB, dir string) (string, []error) {
	t.Helper()
	x, skipped, err := advisories.OpenCurrent(dir, advisories.OpenWhole)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	return records(lookup(t, x, "npm", "a"))[0], skipped
}

func indexes(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.idx"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPublish(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	if _, _, err := advisories.OpenCurrent(dir, advisories.OpenWhole); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("before the first: error %v, want ErrNotFound", err)
	}
	for n := range 4 {
		info := publish(t, dir, n)
		if got, skipped := current(t, dir); got != fmt.Sprintf("A-%d", n) || skipped != nil || info.Records != 1 {
			t.Errorf("after %d: %s, %v, %+v", n, got, skipped, info)
		}
	}
	if list := indexes(t, dir); len(list) != 2 {
		t.Errorf("%d indexes are left, want the current and the one before", len(list))
	}
	// The same data published again at another time is a fresher snapshot of the same id.
	var b advisories.Builder
	b.Add(advisory("A-3", "npm", "a"), "digest")
	info, err := advisories.Publish(dir, &b, advisories.FactTables{}, tocsin.Snapshot{BuiltAt: time.Unix(9, 0)})
	x, _, oerr := advisories.OpenCurrent(dir, advisories.OpenWhole)
	if err != nil || oerr != nil || x.Snapshot().ID != info.ID || !x.Snapshot().BuiltAt.Equal(info.BuiltAt) {
		t.Errorf("again: %v, %v", err, oerr)
	}
}

// A build that was killed leaves its files; the last complete index serves, and the next build sweeps.
func TestKilledBuild(t *testing.T) {
	dir := t.TempDir()
	publish(t, dir, 1)
	for _, name := range []string{"building-1", "switching-1", "adv-half-2000000.idx"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, skipped := current(t, dir); got != "A-1" || skipped != nil {
		t.Errorf("after the kill: %s, %v", got, skipped)
	}
	publish(t, dir, 2)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.Contains(e.Name(), "ing-") || strings.Contains(e.Name(), "half") {
			t.Errorf("%s was not swept", e.Name())
		}
	}
}

func TestDamagedIndexFallsBack(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"flipped": func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[len(b)-1] ^= 1
				err = os.WriteFile(path, b, 0o600)
			}
			return err
		},
		"flipped inside": func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[10] ^= 1
				err = os.WriteFile(path, b, 0o600)
			}
			return err
		},
		"truncated": func(path string) error { return os.Truncate(path, 100) },
		"empty":     func(path string) error { return os.Truncate(path, 0) },
		"gone":      os.Remove,
	} {
		dir := t.TempDir()
		publish(t, dir, 1)
		old := indexes(t, dir)[0]
		publish(t, dir, 2)
		newest := indexes(t, dir)
		for _, path := range newest {
			if path == old {
				continue
			}
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
		}
		if got, skipped := current(t, dir); got != "A-1" || len(skipped) != 1 {
			t.Errorf("%s: %s serves, reported %v; want A-1 and the damage", name, got, skipped)
		}
		if err := damage(old); err != nil {
			t.Fatal(err)
		}
		if _, skipped, err := advisories.OpenCurrent(dir, advisories.OpenWhole); !errors.Is(err, tocsin.ErrInvalid) || len(skipped) != 2 {
			t.Errorf("%s, both: %v, %v", name, skipped, err)
		}
	}
}

// Without its list the folder still serves the newest index that is whole, and says so.
func TestMissingListFallsBack(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"gone":  os.Remove,
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"other": func(path string) error { return os.WriteFile(path, []byte("../../elsewhere.idx\n"), 0o600) },
	} {
		dir := t.TempDir()
		publish(t, dir, 1)
		publish(t, dir, 2)
		if err := damage(filepath.Join(dir, "current")); err != nil {
			t.Fatal(err)
		}
		if got, skipped := current(t, dir); got != "A-2" || len(skipped) == 0 {
			t.Errorf("%s: %s serves, reported %v; want A-2 and a report", name, got, skipped)
		}
		publish(t, dir, 3)
		if got, skipped := current(t, dir); got != "A-3" || skipped != nil {
			t.Errorf("%s: after the next build %s, %v", name, got, skipped)
		}
	}
}

func TestReaderKeepsItsIndex(t *testing.T) {
	dir := t.TempDir()
	publish(t, dir, 0)
	x, _, err := advisories.OpenCurrent(dir, advisories.OpenWhole)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				y, _, err := advisories.OpenCurrent(dir, advisories.OpenWhole)
				if err != nil {
					t.Errorf("opening while others publish: %v", err)
					return
				}
				if list, err := y.Lookup("npm", "a"); err != nil || len(list) != 1 {
					t.Errorf("%v, %v", list, err)
				}
				y.Close()
			}
		})
	}
	for n := range 20 {
		publish(t, dir, n+1)
	}
	wg.Wait()
	if got := records(lookup(t, x, "npm", "a")); got[0] != "A-0" {
		t.Errorf("the open index now has %v", got)
	}
}

func TestPublishIntoAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := advisories.Publish(path, &advisories.Builder{}, advisories.FactTables{}, tocsin.Snapshot{}); err == nil {
		t.Error("no error")
	}
	if _, err := advisories.Open(path); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("opening an empty file: error %v, want ErrInvalid", err)
	}
	if _, err := advisories.Open(path + "x"); err == nil {
		t.Error("opening nothing: no error")
	}
}
