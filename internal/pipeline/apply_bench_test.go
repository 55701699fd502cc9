package pipeline_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// BenchmarkApply takes a thousand changed records into the store and the index: of the data folder that TOCSIN_BENCH_DATA
// names, which it changes, else of one with the corpus.
func BenchmarkApply(b *testing.B) {
	dir := os.Getenv("TOCSIN_BENCH_DATA")
	clock := time.Now().UTC()
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	fresh := dir == ""
	if fresh {
		dir = b.TempDir()
	}
	st, err := store.Open(b.Context(), store.Path(dir))
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	sync := pipeline.Sync{Store: st, Dir: dir, Now: now}
	if fresh {
		if _, err := sync.Run(b.Context(), []pipeline.FeedSource{{Name: pipeline.FeedOSV, From: filepath.Join(corpus.Dir(b), "osv")}}); err != nil {
			b.Fatal(err)
		}
	}
	at, err := st.Cursor(b.Context(), now())
	if err != nil {
		b.Fatal(err)
	}
	var changed []store.Revision
	for r, err := range st.Advisories(b.Context(), at) {
		if err != nil {
			b.Fatal(err)
		}
		if r.Feed == pipeline.FeedOSV && len(changed) < 1000 && strings.Contains(string(r.Body), `"summary"`) {
			changed = append(changed, r)
		}
	}
	for n := 0; b.Loop(); n++ {
		update := store.FeedUpdate{State: tocsin.FeedState{Name: pipeline.FeedOSV, Status: tocsin.FeedOK}, At: now()}
		update.Changed = func(yield func(store.Revision, error) bool) {
			for _, r := range changed {
				r.Body = []byte(strings.Replace(string(r.Body), `"summary"`, strings.Repeat(" ", n%7+1)+`"summary"`, 1))
				sum := sha256.Sum256(r.Body)
				r.Digest = hex.EncodeToString(sum[:])
				if !yield(r, nil) {
					return
				}
			}
		}
		if err := st.UpdateFeed(b.Context(), update); err != nil {
			b.Fatal(err)
		}
		if _, err := sync.Build(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
