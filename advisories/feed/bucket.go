package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

const (
	maxEcosystems = 1000
	maxListing    = 512 << 20
	// wholeZip is the number of changed records from which one download of all is cheaper than many of one.
	wholeZip = 500
)

// bucket has the layout of the public OSV bucket: ecosystems.txt, and for each ecosystem all.zip, modified_id.csv and a file
// per record. https://google.github.io/osv.dev/data/
type bucket struct{ files files }

func (b *bucket) Records(ctx context.Context, known Known) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		list, err := b.ecosystems(ctx)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, eco := range list {
			err := b.ecosystem(ctx, eco, known, func(e Entry) bool { return yield(e, nil) })
			if errors.Is(err, errStopped) {
				return
			}
			if err != nil && !yield(Entry{Part: eco}, fmt.Errorf("ecosystem %s: %w", eco, err)) {
				return
			}
		}
	}
}

func (b *bucket) ecosystems(ctx context.Context) ([]string, error) {
	text, err := b.files.small(ctx, "ecosystems.txt", 1<<20)
	if err != nil {
		return nil, fmt.Errorf("the feed is not an OSV bucket (no ecosystems.txt): %w", err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		name := strings.TrimSpace(line)
		if name == "" || strings.ContainsAny(name, "/\\") || strings.HasPrefix(name, ".") {
			continue
		}
		if list = append(list, name); len(list) > maxEcosystems {
			return nil, fmt.Errorf("%w: ecosystems.txt lists more than %d ecosystems", tocsin.ErrInvalid, maxEcosystems)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: ecosystems.txt lists no ecosystem", tocsin.ErrInvalid)
	}
	return list, nil
}

// ecosystem takes the zip the first time and when much has changed, else only the records that did.
func (b *bucket) ecosystem(ctx context.Context, eco string, known Known, yield func(Entry) bool) error {
	zip := &archive{files: b.files, name: eco + "/all.zip", part: eco}
	listing, err := b.files.small(ctx, eco+"/modified_id.csv", maxListing)
	if missing(err) {
		return zip.each(ctx, yield)
	}
	if err != nil {
		return err
	}
	rows := parseListing(listing)
	var changed []string
	for _, r := range rows {
		// "Newer" is not asked: modified goes back, and lies in the future. What differs from what we have is read.
		if have, ok := known(r.id); !ok || r.modified.IsZero() || !have.Equal(r.modified) {
			changed = append(changed, r.id)
		}
	}
	if len(rows) == 0 || len(changed) > wholeZip || len(changed)*2 > len(rows) {
		return zip.each(ctx, yield)
	}
	fresh := map[string]Entry{}
	for _, id := range changed {
		e := Entry{ID: id, Path: eco + "/" + id + ".json"}
		e.Body, e.Err = b.files.small(ctx, e.Path, advisories.MaxRecord)
		switch {
		case missing(e.Err) && len(fresh) == 0:
			return zip.each(ctx, yield) // a mirror without single records
		case e.Err != nil && !missing(e.Err) && !errors.Is(e.Err, tocsin.ErrInvalid):
			return e.Err // the server, not the record
		}
		fresh[id] = e
	}
	for i, r := range rows {
		e, ok := fresh[r.id]
		if !ok {
			e = Entry{ID: r.id}
		}
		e.Part, e.Done, e.Total = eco, i+1, len(rows)
		if !yield(e) {
			return errStopped
		}
	}
	return nil
}

type row struct {
	modified time.Time
	id       string
}

// parseListing reads modified_id.csv: time, comma, id (in the file of all ecosystems with the ecosystem before it). A row
// whose time cannot be read gets the zero time, so that the record is fetched rather than lost. Of an id that is listed
// twice the first row counts.
func parseListing(b []byte) []row {
	var rows []row
	seen := map[string]bool{}
	for line := range bytes.Lines(b) {
		stamp, id, ok := strings.Cut(strings.TrimSpace(string(line)), ",")
		if id = id[strings.LastIndexByte(id, '/')+1:]; !ok || id == "" || seen[id] {
			continue
		}
		seen[id] = true
		t, err := time.Parse(time.RFC3339, stamp)
		if err != nil {
			t = time.Time{}
		}
		rows = append(rows, row{t.UTC(), id})
	}
	return rows
}
