package store

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/postgres"
)

// BenchmarkUpdateFeed is what a feed costs that brings 50,000 records to an empty database, and then each of them anew.
func BenchmarkUpdateFeed(b *testing.B) {
	const records = 50_000
	body := make([]byte, 1500) // as large as an advisory, and as hard to pack
	for i, r := 0, rand.New(rand.NewPCG(1, 1)); i < len(body); i++ {
		body[i] = "abcdefghijklmnop"[r.IntN(16)]
	}
	all := func(at time.Time) iter.Seq2[Revision, error] {
		return func(yield func(Revision, error) bool) {
			for i := range records {
				if !yield(Revision{ID: fmt.Sprintf("GHSA-%08d", i), Digest: fmt.Sprintf("%d-%064d", at.Unix(), i), Modified: at, Body: body}, nil) {
					return
				}
			}
		}
	}
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			var first, anew time.Duration
			for b.Loop() {
				where := Path(b.TempDir())
				if kind == "postgres" {
					where = postgres.Start(b).Database(b)
				}
				s, err := Open(b.Context(), where)
				if err != nil {
					b.Fatal(err)
				}
				for n, took := range []*time.Duration{&first, &anew} {
					at, began := day.AddDate(0, 0, n), time.Now()
					if err := s.UpdateFeed(b.Context(), FeedUpdate{State: tocsin.FeedState{Name: "osv"}, At: at, Changed: all(at)}); err != nil {
						b.Fatal(err)
					}
					*took += time.Since(began)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(first.Seconds()/float64(b.N), "s/first")
			b.ReportMetric(anew.Seconds()/float64(b.N), "s/anew")
		})
	}
}
