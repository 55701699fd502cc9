package reach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// record is the part of an OSV record that govulncheck reads. Only that is handed on: a field of another shape elsewhere in
// one record would make it refuse them all. https://go.dev/doc/security/vuln/database#schema
type record struct {
	ID        string     `json:"id"`
	Modified  time.Time  `json:"modified"`
	Published time.Time  `json:"published"`
	Affected  []affected `json:"affected"`
}

type affected struct {
	Package struct {
		Name      string `json:"name"`
		Ecosystem string `json:"ecosystem"`
	} `json:"package"`
	Ranges    []versions `json:"ranges,omitempty"`
	Ecosystem struct {
		Imports []imports `json:"imports,omitempty"`
	} `json:"ecosystem_specific"`
}

type versions struct {
	Type   string  `json:"type"`
	Events []event `json:"events"`
}

type event struct {
	Introduced string `json:"introduced,omitempty"`
	Fixed      string `json:"fixed,omitempty"`
}

type imports struct {
	Path    string   `json:"path,omitempty"`
	OS      []string `json:"goos,omitempty"`
	Arch    []string `json:"goarch,omitempty"`
	Symbols []string `json:"symbols,omitempty"`
}

// namesFile says whether an id may be the name of a file.
func namesFile(id string) bool {
	return id != "" && len(id) <= 200 && id[0] != '.' && !strings.ContainsFunc(id, func(r rune) bool {
		return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r))
	})
}

// records are those of the findings' classes that can answer: of the Go vulnerability database, or naming the flawed
// functions as it does. Each is there once, sorted by id.
func (a Analysis) records(ctx context.Context, findings []tocsin.Finding) ([]record, error) {
	var out []record
	seen := map[string]bool{}
	for _, f := range findings {
		for _, id := range f.Class.Aliases {
			if seen[id] || !namesFile(id) {
				continue
			}
			seen[id] = true
			body, err := a.Record(ctx, id)
			if errors.Is(err, tocsin.ErrNotFound) {
				continue // an alias only
			}
			if err != nil {
				return nil, fmt.Errorf("reading advisory %s: %w", id, err)
			}
			if r, ok := reduce(id, body); ok {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b record) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// reduce reads a record and keeps its Go modules, if it can answer. What cannot be decoded cannot.
func reduce(id string, body []byte) (record, bool) {
	var r record
	if err := json.Unmarshal(body, &r); err != nil || r.ID != id {
		return record{}, false
	}
	r.Affected = slices.DeleteFunc(r.Affected, func(a affected) bool {
		return a.Package.Ecosystem != "Go" || len(a.Ecosystem.Imports) == 0 && !strings.HasPrefix(id, "GO-")
	})
	for i := range r.Affected {
		r.Affected[i].Ranges = slices.DeleteFunc(r.Affected[i].Ranges, func(v versions) bool { return v.Type != string(tocsin.RangeSemver) })
	}
	return r, len(r.Affected) > 0
}

// about says whether the record is about a module, and whether it says what is flawed there: functions, or whole packages.
func (r record) about(module string) (about, exact bool) {
	exact = true
	for _, a := range r.Affected {
		if key(a.Package.Name) == key(module) {
			about = true
			exact = exact && len(a.Ecosystem.Imports) > 0
		}
	}
	return about, about && exact
}

// initialisers are the ids of records that name the initialisation of a package as flawed.
func initialisers(records []record) map[string]bool {
	out := map[string]bool{}
	for _, r := range records {
		for _, a := range r.Affected {
			for _, i := range a.Ecosystem.Imports {
				out[r.ID] = out[r.ID] || slices.Contains(i.Symbols, "init")
			}
		}
	}
	return out
}

// key is the name under which modules are compared.
func key(module string) string { return purl.Key("Go", module) }

// write lays records out as govulncheck reads them from a folder: a file each, named by its id.
func write(dir string, records []record) error {
	for _, r := range records {
		body, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("advisory %s: %w", r.ID, err)
		}
		if err := os.WriteFile(filepath.Join(dir, r.ID+".json"), body, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fileURL is a folder as govulncheck wants its database named.
func fileURL(dir string) string {
	dir = filepath.ToSlash(dir)
	if !strings.HasPrefix(dir, "/") { // a drive
		dir = "/" + dir
	}
	return (&url.URL{Scheme: "file", Path: dir}).String()
}
