package pipeline_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// mirror is a folder of records and a data folder that syncs from it.
type mirror struct {
	t    *testing.T
	dir  string
	sync pipeline.Sync
	now  time.Time
}

func newMirror(t *testing.T) *mirror {
	t.Helper()
	m := &mirror{t: t, dir: t.TempDir(), now: first}
	data := t.TempDir()
	st, err := store.Open(t.Context(), store.Path(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	m.sync = pipeline.Sync{Store: st, Dir: data, Now: func() time.Time { return m.now }}
	return m
}

func (m *mirror) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mirror) remove(name string) {
	m.t.Helper()
	if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
		m.t.Fatal(err)
	}
}

func simple(id, fixed string) string {
	return fmt.Sprintf(`{"id":%q,"modified":"2026-04-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"x-%s"},
		"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":%q}]}]}]}`, id, strings.ToLower(id), fixed)
}

// run syncs an hour later than the last time.
func (m *mirror) run(sources ...pipeline.FeedSource) (tocsin.Snapshot, error) {
	m.t.Helper()
	m.now = m.now.Add(time.Hour)
	if len(sources) == 0 {
		sources = []pipeline.FeedSource{{Name: "osv", From: m.dir}}
	}
	return m.sync.Run(m.t.Context(), sources)
}

func (m *mirror) state(name string) tocsin.FeedState {
	m.t.Helper()
	x, skipped, err := advisories.OpenCurrent(pipeline.IndexDir(m.sync.Dir), advisories.OpenWhole)
	if err != nil || len(skipped) > 0 {
		m.t.Fatal(err, skipped)
	}
	defer x.Close()
	for _, f := range x.Snapshot().Feeds {
		if f.Name == name {
			return f
		}
	}
	m.t.Fatalf("no feed %s", name)
	return tocsin.FeedState{}
}

func (m *mirror) holds(id string) bool {
	m.t.Helper()
	x, _, err := advisories.OpenCurrent(pipeline.IndexDir(m.sync.Dir), advisories.OpenWhole)
	if err != nil {
		m.t.Fatal(err)
	}
	defer x.Close()
	found, err := x.Lookup("npm", "x-"+strings.ToLower(id))
	if err != nil {
		m.t.Fatal(err)
	}
	return len(found) > 0
}

func TestSyncTakesOnlyWhatChanged(t *testing.T) {
	m := newMirror(t)
	m.write("A.json", simple("A", "1"))
	m.write("B.json", simple("B", "1"))
	one, err := m.run()
	if err != nil || one.Records != 2 {
		t.Fatalf("%+v, %v", one, err)
	}
	two, err := m.run()
	if err != nil || two.ID != one.ID || !two.BuiltAt.After(one.BuiltAt) {
		t.Errorf("the same records gave %s then %s, %v", one.ID, two.ID, err)
	}
	before := m.now
	m.write("A.json", simple("A", "2"))
	m.remove("B.json")
	m.write("C.json", simple("C", "1"))
	three, err := m.run()
	if err != nil || three.ID == one.ID || !m.holds("A") || m.holds("B") || !m.holds("C") {
		t.Errorf("after a change: %+v, %v", three, err)
	}
	if f := m.state("osv"); f.Records != 2 || f.Status != tocsin.FeedOK || !f.SyncedAt.Equal(m.now) {
		t.Errorf("state %+v", f)
	}
	// The past is still there.
	var past []string
	then, err := m.sync.Store.Cursor(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range m.sync.Store.Advisories(t.Context(), then) {
		if err != nil {
			t.Fatal(err)
		}
		past = append(past, r.ID+strings.Split(string(r.Body), `"fixed":`)[1][:3])
	}
	if got := strings.Join(past, " "); got != `A"1" B"1"` {
		t.Errorf("as of the first day: %s", got)
	}
}

// TestBadRecordIsNotGone: what cannot be read keeps its last revision, and the feed says so.
func TestBadRecordIsNotGone(t *testing.T) {
	m := newMirror(t)
	m.write("A.json", simple("A", "1"))
	m.write("B.json", simple("B", "1"))
	if _, err := m.run(); err != nil {
		t.Fatal(err)
	}
	m.write("A.json", `{"id":"A","modified":`)
	if _, err := m.run(); err != nil {
		t.Fatal(err)
	}
	if f := m.state("osv"); !m.holds("A") || f.Rejected != 1 || !strings.Contains(f.Reason, "A.json") {
		t.Errorf("A is held: %v, state %+v", m.holds("A"), f)
	}
}

// TestBreaker: a feed that changes too much at once waits for a person, and nothing of it is taken.
func TestBreaker(t *testing.T) {
	m := newMirror(t)
	const n = 2500
	for i := range n {
		m.write(fmt.Sprintf("A%04d.json", i), simple(fmt.Sprintf("A%04d", i), "1"))
	}
	if _, err := m.run(); err != nil {
		t.Fatal(err)
	}
	synced := m.now
	for i := range n / 9 {
		if i%2 == 0 {
			m.remove(fmt.Sprintf("A%04d.json", i))
		} else {
			m.write(fmt.Sprintf("A%04d.json", i), simple(fmt.Sprintf("A%04d", i), "2"))
		}
	}
	_, err := m.run()
	if err == nil || !strings.Contains(err.Error(), "--accept-bulk") {
		t.Fatalf("err = %v", err)
	}
	if f := m.state("osv"); f.Status != tocsin.FeedTripped || !m.holds("A0000") || !f.SyncedAt.Equal(synced) {
		t.Errorf("state %+v, A0000 held: %v", f, m.holds("A0000"))
	}
	x, _, err := advisories.OpenCurrent(pipeline.IndexDir(m.sync.Dir), advisories.OpenWhole)
	if err != nil {
		t.Fatal(err)
	}
	if why := x.Snapshot().Stale(m.now); len(why) != 1 || !strings.Contains(why[0], "tripped") {
		t.Errorf("a tripped feed does not show on verdicts: %q", why)
	}
	x.Close()
	m.sync.AcceptBulk = true
	if _, err := m.run(); err != nil {
		t.Fatal(err)
	}
	if f := m.state("osv"); f.Status != tocsin.FeedOK || m.holds("A0000") {
		t.Errorf("after acceptance: %+v", f)
	}
}

func TestFailedFeedsKeepTheirRecords(t *testing.T) {
	m := newMirror(t)
	m.write("A.json", simple("A", "1"))
	kev := filepath.Join(m.dir, "kev")
	m.write("kev", `{"vulnerabilities":[{"cveID":"CVE-2026-1","dateAdded":"2026-01-01"}]}`)
	m.write("epss", "#model_version:x,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.5,0.9\n")
	all := []pipeline.FeedSource{{Name: "osv", From: m.dir}, {Name: "kev", From: kev}, {Name: "epss", From: filepath.Join(m.dir, "epss")}}
	s, err := m.run(all...)
	if err != nil || s.KEV != 1 || s.EPSS != 1 || s.Records != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	synced := m.now
	m.write("kev", `{"vulnerabilities":[]}`)
	m.remove("epss")
	s, err = m.run(append(all, pipeline.FeedSource{Name: "private", From: filepath.Join(m.dir, "nowhere")})...)
	if err == nil || !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("err = %v", err)
	}
	for _, name := range []string{"kev", "epss", "private"} {
		if !strings.Contains(err.Error(), "feed "+name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
		if f := m.state(name); f.Status != tocsin.FeedFailed || f.Reason == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if s.KEV != 1 || s.EPSS != 1 || s.Records != 1 {
		t.Errorf("what was known is gone: %+v", s)
	}
	if f := m.state("kev"); !f.SyncedAt.Equal(synced) {
		t.Errorf("a failed sync counts as one: %+v", f)
	}
	if f := m.state("osv"); f.Status != tocsin.FeedOK {
		t.Errorf("one bad feed took another with it: %+v", f)
	}
}

// TestTornMirror: a part that cannot be read hides its records, it does not remove them.
func TestTornMirror(t *testing.T) {
	m := newMirror(t)
	pack := func(eco string, ids ...string) {
		t.Helper()
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, id := range ids {
			w, err := z.Create(id + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(simple(id, "1"))); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(z.Close(), os.MkdirAll(filepath.Join(m.dir, eco), 0o755)); err != nil {
			t.Fatal(err)
		}
		m.write(eco+"/all.zip", b.String())
	}
	m.write("ecosystems.txt", "npm\nPyPI\n")
	pack("npm", "A", "B")
	pack("PyPI", "C")
	if _, err := m.run(); err != nil {
		t.Fatal(err)
	}
	pack("npm", "A", "D")
	m.write("PyPI/all.zip", "not a zip")
	if _, err := m.run(); err == nil || !strings.Contains(err.Error(), "PyPI") {
		t.Fatalf("err = %v", err)
	}
	for id, want := range map[string]bool{"A": true, "B": true, "C": true, "D": true} {
		if m.holds(id) != want {
			t.Errorf("%s held: %v", id, !want)
		}
	}
	if f := m.state("osv"); f.Status != tocsin.FeedFailed || !strings.Contains(f.Reason, "PyPI") {
		t.Errorf("state %+v", f)
	}
	pack("PyPI", "C")
	if _, err := m.run(); err != nil || m.holds("B") || m.state("osv").Status != tocsin.FeedOK {
		t.Errorf("after the repair: %v, B held %v", err, m.holds("B"))
	}
}

func TestSyncStopsWithItsContext(t *testing.T) {
	m := newMirror(t)
	m.write("A.json", simple("A", "1"))
	ctx, cancel := context.WithCancel(t.Context())
	m.sync.Progress = func(string, string, int, int) { cancel() }
	if _, err := m.sync.Run(ctx, []pipeline.FeedSource{{Name: "osv", From: m.dir}}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if known, err := m.sync.Store.KnownAdvisories(t.Context(), "osv"); err != nil || len(known) != 0 {
		t.Errorf("an interrupted sync left %v, %v", known, err)
	}
}

func TestEmptyFeedIsRefused(t *testing.T) {
	m := newMirror(t)
	m.write("README.md", "no records here")
	if _, err := m.run(); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "no OSV records") {
		t.Errorf("err = %v", err)
	}
}

// TestRubbishRemovesNothing: a feed of which nothing can be read, or nothing is left, has failed, however small it is.
func TestRubbishRemovesNothing(t *testing.T) {
	m := newMirror(t)
	m.write("A.json", simple("A", "1"))
	m.write("B.json", simple("B", "1"))
	if _, err := m.run(); err != nil {
		t.Fatal(err)
	}
	m.write("A.json", "{")
	m.write("B.json", "<html>")
	if _, err := m.run(); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "none of 2 records") {
		t.Errorf("err = %v", err)
	}
	m.remove("A.json")
	m.remove("B.json")
	m.write("C.json", simple("C", "1"))
	if _, err := m.run(); err == nil || !strings.Contains(err.Error(), "--accept-bulk") {
		t.Errorf("err = %v", err)
	}
	if f := m.state("osv"); !m.holds("A") || !m.holds("B") || f.Status == tocsin.FeedOK {
		t.Errorf("A held: %v, B held: %v, %+v", m.holds("A"), m.holds("B"), f)
	}
}

// TestZipBomb: a zip that promises more than is plausible is named as what it is, and leaves no index.
func TestZipBomb(t *testing.T) {
	m := newMirror(t)
	blank := bytes.Repeat([]byte(" "), 8<<20)
	var packed, b bytes.Buffer
	squeeze, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := squeeze.Write(blank); err != nil || squeeze.Close() != nil {
		t.Fatal(err)
	}
	z, of := zip.NewWriter(&b), crc32.ChecksumIEEE(blank)
	for i := range 160 {
		w, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("A%d.json", i), Method: zip.Deflate, CRC32: of, CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(blank))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(packed.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), os.MkdirAll(filepath.Join(m.dir, "npm"), 0o755)); err != nil {
		t.Fatal(err)
	}
	m.write("npm/all.zip", b.String())
	m.write("ecosystems.txt", "npm\n")
	if _, err := m.run(); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "times its size") {
		t.Errorf("err = %v", err)
	}
	if _, _, err := advisories.OpenCurrent(pipeline.IndexDir(m.sync.Dir), advisories.OpenWhole); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("an index was built of nothing: %v", err)
	}
}

// A small change is laid before the base of the index, many make a new base, and the content is the same either way.
func TestSmallChangesKeepTheBase(t *testing.T) {
	m := newMirror(t)
	for i := range 150 {
		id := fmt.Sprintf("N%d", i)
		m.write(id+".json", simple(id, "1"))
	}
	if _, err := m.run(); err != nil {
		t.Fatal(err)
	}
	base := func() string {
		t.Helper()
		x, _, err := advisories.OpenCurrent(pipeline.IndexDir(m.sync.Dir), advisories.OpenWhole)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		return x.Base()
	}
	first := base()
	m.write("N7.json", simple("N7", "2"))
	m.write("New.json", simple("New", "2"))
	m.remove("N8.json")
	small, err := m.run()
	if err != nil || base() != first || !m.holds("New") || !m.holds("N7") || m.holds("N8") || small.Records != 150 {
		t.Errorf("after 3 changes of 150: base %s, was %s; %+v, %v", base(), first, small, err)
	}
	// The same records in a store of their own, built anew.
	other := newMirror(t)
	for i := range 150 {
		if id := fmt.Sprintf("N%d", i); i != 7 && i != 8 {
			other.write(id+".json", simple(id, "1"))
		}
	}
	other.write("N7.json", simple("N7", "2"))
	other.write("New.json", simple("New", "2"))
	if anew, err := other.run(); err != nil || anew.ID != small.ID {
		t.Errorf("anew %s, changed %s, %v", anew.ID, small.ID, err)
	}
	// The index of another store is no base.
	if err := os.RemoveAll(pipeline.IndexDir(other.sync.Dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(pipeline.IndexDir(other.sync.Dir), os.DirFS(pipeline.IndexDir(m.sync.Dir))); err != nil {
		t.Fatal(err)
	}
	other.write("More.json", simple("More", "1"))
	if s, err := other.run(); err != nil || s.Records != 151 || !other.holds("More") {
		t.Errorf("with the index of another store: %+v, %v", s, err)
	}
	for i := range 10 {
		id := fmt.Sprintf("N%d", i+20)
		m.write(id+".json", simple(id, "2"))
	}
	if s, err := m.run(); err != nil || base() == first || s.Records != 150 || !m.holds("N25") {
		t.Errorf("after 13 changes of 150: the base is still %s; %+v, %v", first, s, err)
	}
}
