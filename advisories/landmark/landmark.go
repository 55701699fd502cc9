// Package landmark holds advisories of famous incidents, embedded in the program.
//
// The records and their words are ours, written for this project from public facts, and are licensed like the project.
// Their ids, aliases, ranges, dates and scores are those of the databases that published them; a range of malware is
// given as the list of its bad versions where those are known. They are an excerpt for first runs without a network,
// for demonstrations, drills and tests. Nothing is clean by them: a real verdict needs the feeds.
package landmark

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

//go:embed records/*.json facts.json
var files embed.FS

// Records gives the name of each record ("GHSA-jfh8-c2jp-5v3q.json") and its OSV JSON, in the order of the names. The
// bytes are the caller's own.
func Records() iter.Seq2[string, []byte] {
	return func(yield func(name string, body []byte) bool) {
		entries, err := files.ReadDir("records")
		if err != nil {
			return // the folder is part of the program
		}
		for _, e := range entries {
			body, err := files.ReadFile(path.Join("records", e.Name()))
			if err != nil || !yield(e.Name(), body) {
				return
			}
		}
	}
}

// Record is the OSV JSON of the record with the id. There is none for an alias. An unknown id is an
// [tocsin.ErrNotFound].
func Record(id string) ([]byte, error) {
	name := path.Join("records", id+".json")
	if strings.ContainsAny(id, `/\`) || !fs.ValidPath(name) {
		return nil, fmt.Errorf("landmark record %.60q: %w", id, tocsin.ErrNotFound)
	}
	body, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("landmark record %.60q: %w", id, tocsin.ErrNotFound)
	}
	return body, nil
}

// Facts are the KEV entries and EPSS scores of the CVEs that the records name, as they stood when the excerpt was made:
// the KEV catalogue is CISA's of 2025-08-25, the EPSS scores are FIRST's (https://www.first.org/epss/) of 2026-08-16.
// The maps are the caller's own.
func Facts() (advisories.Facts, error) {
	b, err := files.ReadFile("facts.json")
	if err != nil {
		return advisories.Facts{}, fmt.Errorf("reading the landmark facts: %w", err)
	}
	var in struct {
		KEV []struct {
			CVE        string `json:"cve"`
			Added      string `json:"date_added"`
			Due        string `json:"due_date"`
			Ransomware bool   `json:"ransomware"`
		} `json:"kev"`
		Day  string `json:"epss_date"`
		EPSS []struct {
			CVE        string  `json:"cve"`
			Score      float64 `json:"score"`
			Percentile float64 `json:"percentile"`
		} `json:"epss"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return advisories.Facts{}, fmt.Errorf("%w: landmark facts: %v", tocsin.ErrInvalid, err)
	}
	facts := advisories.Facts{
		KEV:  make(map[string]tocsin.KEV, len(in.KEV)),
		EPSS: make(map[string]tocsin.EPSS, len(in.EPSS)),
	}
	for _, k := range in.KEV {
		added, err := day(k.CVE, k.Added)
		if err != nil {
			return advisories.Facts{}, err
		}
		due, err := day(k.CVE, k.Due)
		if err != nil {
			return advisories.Facts{}, err
		}
		facts.KEV[k.CVE] = tocsin.KEV{CVE: k.CVE, DateAdded: added, DueDate: due, Ransomware: k.Ransomware}
	}
	date, err := day("epss_date", in.Day)
	if err != nil {
		return advisories.Facts{}, err
	}
	for _, e := range in.EPSS {
		facts.EPSS[e.CVE] = tocsin.EPSS{CVE: e.CVE, Score: e.Score, Percentile: e.Percentile, Date: date}
	}
	return facts, nil
}

func day(of, s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: landmark facts: %s: %q is not a day", tocsin.ErrInvalid, of, s)
	}
	return t, nil
}

// builtAt is the newest modification of the records. It does not move with the clock, so that the same program always
// gives the same snapshot.
func builtAt() time.Time { return time.Date(2026, time.July, 17, 23, 50, 43, 660e6, time.UTC) }

// Index builds the index of the records and facts in memory, anew at each call. Its snapshot says that only landmarks
// are in it, so a verdict by it is never final. The caller owns the index and may close it.
func Index() (*advisories.Index, error) {
	facts, err := Facts()
	if err != nil {
		return nil, err
	}
	var b advisories.Builder
	for name, body := range Records() {
		a, err := advisories.Parse(body)
		if err != nil {
			return nil, fmt.Errorf("landmark record %s: %w", name, err)
		}
		sum := sha256.Sum256(body)
		b.Add(a, hex.EncodeToString(sum[:]))
	}
	var out bytes.Buffer
	if _, err := b.Build(&out, facts.Tables(), tocsin.Snapshot{Landmarks: true, BuiltAt: builtAt()}); err != nil {
		return nil, fmt.Errorf("building the landmark index: %w", err)
	}
	x, err := advisories.Load(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("opening the landmark index: %w", err)
	}
	return x, nil
}
