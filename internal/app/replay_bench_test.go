package app_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/scanner"
)

// BenchmarkReplay replays twelve months over 1,000 projects, whose dependencies of each month are real lockfiles of the corpus:
// one iteration reads the advisories, matches and evaluates the packs. The data folder is that of TOCSIN_BENCH_DATA, else
// one with the corpus.
func BenchmarkReplay(b *testing.B) {
	ctx := b.Context()
	root := corpus.Dir(b)
	dir := benchData(b)
	until := time.Date(2026, 8, 23, 0, 0, 0, 0, time.UTC)
	projects := monthly(b, filepath.Join(root, "lockfiles", "open"), 1000, until)
	set, err := app.Policies([]string{"emergency", "release-gate"})
	if err != nil {
		b.Fatal(err)
	}
	books, err := playbooks.Shipped()
	if err != nil {
		b.Fatal(err)
	}
	var r replay.Result
	for b.Loop() {
		x, err := app.OpenIndex(slog.New(slog.DiscardHandler), dir)
		if err != nil {
			b.Fatal(err)
		}
		h := replay.History{Projects: projects}
		if err := app.PastAdvisories(ctx, store.Path(dir), x, &h); err != nil {
			b.Fatal(err)
		}
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
		course, err := replay.Prepare(ctx, h, replay.Window{Since: until.AddDate(-1, 0, 0), Until: until}, nil)
		if err != nil {
			b.Fatal(err)
		}
		if r, err = course.Run(ctx, set, books, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(r.Incidents)), "incidents")
	b.ReportMetric(float64(r.Basis.Inventories), "inventories")
	b.ReportMetric(float64(r.Basis.Packages), "packages")
}

// monthly gives projects that have another of the real lockfiles each month.
func monthly(b *testing.B, dir string, n int, until time.Time) []replay.Project {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		b.Fatal(err)
	}
	var real []tocsin.Inventory
	for _, f := range files {
		inv, err := scanner.Scan(b.Context(), os.DirFS(filepath.Dir(f)), scanner.Options{Paths: []string{filepath.Base(f)}})
		if err != nil {
			b.Fatal(err)
		}
		if len(inv.Packages) >= 100 && len(inv.Packages) <= 1000 {
			real = append(real, inv)
		}
	}
	var out []replay.Project
	for i := range n {
		p := replay.Project{Project: tocsin.Project{Slug: fmt.Sprintf("p%d", i), Criticality: "medium", Exposure: "public", Visibility: "private", Group: fmt.Sprintf("g%d", i%20)}, Exact: true}
		if i%10 == 0 {
			p.Criticality = "high"
		}
		for month := range 13 {
			inv := real[(i+(month+i)/6)%len(real)] // another one every half year
			inv.Project, inv.TakenAt = p.Slug, until.AddDate(-1, month, -i%28)
			p.Inventories = append(p.Inventories, inv)
		}
		out = append(out, p)
	}
	return out
}

// benchData is the data folder that TOCSIN_BENCH_DATA names, else one with the advisories of the corpus.
func benchData(b *testing.B) string {
	b.Helper()
	if dir := os.Getenv("TOCSIN_BENCH_DATA"); dir != "" {
		return dir
	}
	dir := b.TempDir()
	st, err := store.Open(b.Context(), store.Path(dir))
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	sync := pipeline.Sync{Store: st, Dir: dir, Now: func() time.Time { return time.Now().UTC() }}
	if _, err := sync.Run(b.Context(), []pipeline.FeedSource{{Name: pipeline.FeedOSV, From: filepath.Join(corpus.Dir(b), "osv")}}); err != nil {
		b.Fatal(err)
	}
	return dir
}
