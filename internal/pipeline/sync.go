package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/tracing"
)

// The names of the public feeds. Any other name is a feed of our own, whose records are not public.
const (
	FeedOSV  = "osv"
	FeedKEV  = "kev"  // taken whole
	FeedEPSS = "epss" // taken whole
)

// A FeedSource says where one feed is read from.
type FeedSource struct {
	// Name is "kev", "epss", "osv", or any other for a feed of private OSV records.
	Name string
	// From is a URL, directory or file.
	From string
}

// breaker is the share of a feed's records that may change or vanish in one sync before a person is asked, and the
// number below which no share is large.
const (
	breakerShare = 10 // one in …
	breakerFloor = 200
)

// Sync reads feeds into the store.
type Sync struct {
	Store  *store.Store
	Client *http.Client
	// Dir is the data folder.
	Dir string
	Now func() time.Time
	// AcceptBulk lets through a change that is larger than the breaker allows.
	AcceptBulk bool
	// Progress, if set, is told how far a feed is.
	Progress func(name, part string, done, total int)
}

// IndexDir is where the index lies in a data folder.
func IndexDir(dir string) string { return filepath.Join(dir, "index") }

// Run syncs the feeds one by one and builds the index of all that is known then. A feed that fails keeps its old
// records and says so in its state, which every verdict shows; the error joins all such failures, and the snapshot is
// valid all the same. Where nothing is known yet there is no snapshot: an empty index would only hide that.
func (s Sync) Run(ctx context.Context, sources []FeedSource) (tocsin.Snapshot, error) {
	failures := s.Fetch(ctx, sources)
	if ctx.Err() != nil {
		return tocsin.Snapshot{}, ctx.Err()
	}
	known, err := s.Known(ctx)
	if err != nil || !known {
		return tocsin.Snapshot{}, errors.Join(failures, err)
	}
	snapshot, err := s.Build(ctx)
	return snapshot, errors.Join(failures, err)
}

// Fetch is [Sync.Run] without building the index. The error is the context's, or joins the failures of feeds.
func (s Sync) Fetch(ctx context.Context, sources []FeedSource) error {
	var failures []error
	for _, src := range sources {
		within, span := tracing.Start(ctx, tracing.NameFeed, tracing.Feed(src.Name))
		err := s.feed(within, src)
		span.End(err)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("feed %s: %w", src.Name, err))
		}
	}
	return errors.Join(failures...)
}

// Known says whether there is any advisory to build an index of.
func (s Sync) Known(ctx context.Context) (bool, error) {
	feeds, err := s.Store.Feeds(ctx)
	return slices.ContainsFunc(feeds, func(f tocsin.FeedState) bool { return f.Records > 0 && f.Name != FeedKEV && f.Name != FeedEPSS }), err
}

func (s Sync) feed(ctx context.Context, src FeedSource) error {
	return s.attempt(ctx, src, func(state tocsin.FeedState) error {
		switch src.Name {
		case FeedKEV, FeedEPSS:
			body, err := feed.Fetch(ctx, src.From, s.Client, documentLimit(src.Name))
			if err != nil {
				return err
			}
			return s.document(ctx, state, body, s.Now())
		default:
			source, err := feed.Open(src.From, s.Client, filepath.Join(s.Dir, "downloads"))
			if err != nil {
				return err
			}
			return s.records(ctx, state, source, s.Now())
		}
	})
}

// attempt syncs a feed from the state that it is in, and notes there if that fails.
func (s Sync) attempt(ctx context.Context, src FeedSource, sync func(tocsin.FeedState) error) error {
	states, err := s.Store.Feeds(ctx)
	if err != nil {
		return err
	}
	state := tocsin.FeedState{Name: src.Name}
	if i := slices.IndexFunc(states, func(f tocsin.FeedState) bool { return f.Name == src.Name }); i >= 0 {
		state = states[i]
	}
	state.From, state.Status, state.Reason = src.From, tocsin.FeedOK, ""
	err = sync(state)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if errors.Is(err, errPartial) {
		return err // its state was kept with what could be read
	}
	state.Status, state.Reason = tocsin.FeedFailed, firstLine(err)
	if errors.Is(err, errTripped) {
		state.Status = tocsin.FeedTripped
	}
	return errors.Join(err, s.Store.UpdateFeed(ctx, store.FeedUpdate{State: state, At: s.Now()}))
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func documentLimit(name string) int64 {
	if name == FeedKEV {
		return feed.MaxKEV
	}
	return feed.MaxEPSS
}

// document takes a catalogue whole, after checking that it can be read. It is as fresh as the time given.
func (s Sync) document(ctx context.Context, state tocsin.FeedState, body []byte, synced time.Time) (err error) {
	if state.Name == FeedKEV {
		var kev map[string]tocsin.KEV
		kev, err = feed.ParseKEV(body)
		state.Records = len(kev)
	} else {
		var epss map[string]tocsin.EPSS
		epss, err = feed.ParseEPSS(body)
		state.Records = len(epss)
	}
	if err != nil {
		return err
	}
	have, err := s.Store.DocumentDigest(ctx, state.Name, s.Now())
	if err != nil {
		return err
	}
	state.SyncedAt = synced
	u := store.FeedUpdate{State: state, At: s.Now()}
	if d := digest(body); d != have {
		u.Document, u.Digest = body, d
	}
	return s.Store.UpdateFeed(ctx, u)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// errPartial says that parts of a feed could not be read.
var errPartial = errors.New("read in part")

// errTripped says that a feed changed more than is plausible.
var errTripped = errors.New("the breaker tripped")

// records takes what changed in a feed of OSV records. What is then known is as fresh as the time given.
func (s Sync) records(ctx context.Context, state tocsin.FeedState, source feed.Source, synced time.Time) error {
	known, err := s.Store.KnownAdvisories(ctx, state.Name)
	if err != nil {
		return err
	}
	t := &take{sync: s, state: state, known: known, seen: map[string]bool{}, synced: synced}
	u := store.FeedUpdate{State: state, At: s.Now(), Changed: t.changes(ctx, source), Finish: t.finish}
	if err := s.Store.UpdateFeed(ctx, u); err != nil {
		return err
	}
	if len(t.parts) > 0 {
		return fmt.Errorf("%w: %w", errPartial, errors.Join(t.parts...))
	}
	return nil
}

// take is one sync of one feed of records.
type take struct {
	sync     Sync
	synced   time.Time
	state    tocsin.FeedState
	known    map[string]store.Known
	seen     map[string]bool
	added    int
	changed  int
	rejected []string
	parts    []error // parts of the feed that could not be read
}

// changes yields the records that are new or differ from what is known.
func (t *take) changes(ctx context.Context, source feed.Source) iter.Seq2[store.Revision, error] {
	return func(yield func(store.Revision, error) bool) {
		have := func(id string) (time.Time, bool) {
			k, ok := t.known[id]
			return k.Modified, ok
		}
		for e := range ahead(parsed(source.Records(ctx, have))) {
			if ctx.Err() != nil {
				yield(store.Revision{}, ctx.Err())
				return
			}
			if e.partErr != nil {
				t.parts = append(t.parts, e.partErr)
				continue
			}
			if t.sync.Progress != nil {
				t.sync.Progress(t.state.Name, e.Part, e.Done, e.Total)
			}
			if r, ok := t.revision(e); ok && !yield(r, nil) {
				return
			}
		}
	}
}

// entry is a record of a feed, read.
type entry struct {
	feed.Entry
	partErr  error // of a part of the feed
	advisory tocsin.Advisory
	digest   string
}

func parsed(records iter.Seq2[feed.Entry, error]) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for e, err := range records {
			r := entry{Entry: e, partErr: err}
			if err == nil && e.Err == nil && e.Body != nil {
				r.advisory, r.Err = advisories.Parse(e.Body)
				r.digest = digest(e.Body)
			}
			if !yield(r) {
				return
			}
		}
	}
}

// revision takes one entry. ok is false if there is nothing to keep.
func (t *take) revision(e entry) (store.Revision, bool) {
	if e.Err == nil && e.Body == nil { // as known
		t.seen[e.ID] = true
		return store.Revision{}, false
	}
	if e.Err != nil {
		// What we have of it stays: a record that cannot be read is not gone.
		t.seen[e.ID] = true
		t.rejected = append(t.rejected, fmt.Sprintf("%s: %v", e.Path, e.Err))
		return store.Revision{}, false
	}
	a := e.advisory
	if t.seen[a.ID] { // listed under several ecosystems
		return store.Revision{}, false
	}
	t.seen[a.ID] = true
	have, known := t.known[a.ID]
	r := store.Revision{ID: a.ID, Digest: e.digest, Modified: a.Modified, Body: e.Body}
	switch {
	case !known:
		t.added++
	case r.Digest == have.Digest:
		return r, false
	default:
		t.changed++
	}
	return r, true
}

// finish says what the sync came to, once all changes were yielded: which records are gone, and whether so much changed
// that a person should look first.
func (t *take) finish() (tocsin.FeedState, []string, error) {
	var gone []string
	if len(t.parts) == 0 { // a part that could not be read hides its records, it does not remove them
		for id := range t.known {
			if !t.seen[id] {
				gone = append(gone, id)
			}
		}
		slices.Sort(gone)
	}
	readable := len(t.seen) - len(t.rejected)
	n := t.changed + len(gone)
	tooMuch := n > breakerFloor && n*breakerShare > len(t.known) || len(gone) > 0 && len(gone) == len(t.known)
	switch {
	case len(t.seen) == 0 && len(t.parts) > 0:
		return t.state, nil, errors.Join(t.parts...)
	case readable == 0 && len(t.rejected) > 0:
		return t.state, nil, fmt.Errorf("%w: none of %d records can be read, first: %s", tocsin.ErrInvalid, len(t.rejected), t.rejected[0])
	case readable == 0:
		return t.state, nil, fmt.Errorf("%w: the feed holds no OSV records", tocsin.ErrInvalid)
	case tooMuch && !t.sync.AcceptBulk:
		return t.state, nil, fmt.Errorf("%w: %d of %d records would change and %d vanish; nothing was taken. If that is right, run again with --accept-bulk",
			errTripped, t.changed, len(t.known), len(gone))
	}
	t.state.Records, t.state.Rejected = readable, len(t.rejected)
	if len(t.rejected) > 0 {
		t.state.Reason = fmt.Sprintf("%d records could not be read, first: %s", len(t.rejected), t.rejected[0])
	}
	if len(t.parts) > 0 { // what was read is kept; the time of the last whole sync stays
		t.state.Status, t.state.Reason = tocsin.FeedFailed, firstLine(t.parts[0])
		return t.state, nil, nil
	}
	t.state.SyncedAt = t.synced
	return t.state, gone, nil
}
