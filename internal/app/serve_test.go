package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/jobs"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// brisk is a service that does everything at once.
var (
	brisk     = app.Rhythm{Due: time.Second, Match: time.Second, Deliver: time.Second, Escalate: time.Second, Reconsider: time.Second, Look: 100 * time.Millisecond}
	briskJobs = jobs.Options{Poll: 50 * time.Millisecond, Beat: 500 * time.Millisecond}
)

// A served is a service that runs in this process, with a feed that the test writes.
type served struct {
	t    *testing.T
	dir  string
	app  *app.Service
	stop func()
	// adapt changes what start begins with; nil: nothing.
	adapt func(*config.Config, *app.Options)
	// log takes the log beside the test; nil: nothing does.
	log io.Writer
}

func (s *served) record(id, name, fixed string) {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{
		"schema_version": "1.7.0", "id": id, "modified": time.Now().UTC().Format(time.RFC3339), "published": "2026-01-01T00:00:00Z", "summary": "a flaw",
		"severity": []any{map[string]any{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
		"affected": []any{map[string]any{"package": map[string]any{"ecosystem": "npm", "name": name}, "ranges": []any{
			map[string]any{"type": "SEMVER", "events": []any{map[string]any{"introduced": "0"}, map[string]any{"fixed": fixed}}},
		}}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "feed", id+".json"), text, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) lock(project, packages string) {
	s.t.Helper()
	dir := filepath.Join(s.dir, project)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package-lock.json"), []byte(lock(packages)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// eventually waits for what the service does in its own time.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func onBoth(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel() // most of it is waiting
		test(t, store.Path(t.TempDir()))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgres.Start(t).Database(t))
	})
}

func (s *served) start(database string) {
	s.t.Helper()
	c := config.Config{
		Data: filepath.Join(s.dir, "data"), Interval: time.Second, Policies: []string{"emergency", "release-gate"},
		Advisories: []config.Feed{{Name: "osv", From: filepath.Join(s.dir, "feed")}},
		Projects: []config.Project{{
			Project: tocsin.Project{Slug: "shop", Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic, Visibility: tocsin.VisibilityPrivate},
			Source:  tocsin.ProjectSource{Kind: tocsin.SourcePath, Location: filepath.Join(s.dir, "shop"), Every: time.Second},
		}},
	}
	o := app.Options{
		Now: func() time.Time { return time.Now().UTC() }, Rhythm: brisk, Jobs: briskJobs,
		Open: func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, database) },
	}
	if s.adapt != nil {
		s.adapt(&c, &o)
	}
	log := s.t.Output()
	if s.log != nil {
		log = io.MultiWriter(log, s.log)
	}
	var err error
	s.app, err = app.New(s.t.Context(), slog.New(slog.NewTextHandler(log, nil)), c, o)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.app.Serve(ctx) }()
	s.stop = func() {
		s.t.Helper()
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
		if err := s.app.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

// standing is what is decided about a project, as "class package".
func (s *served) standing(project string) string {
	s.t.Helper()
	list, err := s.app.Store().Standing(s.t.Context(), project)
	if err != nil {
		s.t.Fatal(err)
	}
	out := ""
	for _, d := range list {
		out += fmt.Sprintln(d.Finding.Class.ID, d.Finding.Package)
	}
	return out
}

// TestServe: a project's files, an inventory that is sent, and an advisory each reach their decisions in their own time; what was
// there is there after a restart.
func TestServe(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBoth(t, func(t *testing.T, database string) {
		s := &served{t: t, dir: t.TempDir()}
		if err := os.Mkdir(filepath.Join(s.dir, "feed"), 0o755); err != nil {
			t.Fatal(err)
		}
		s.record("GHSA-aaaa-aaaa-aaaa", "lodash", "4.17.21")
		s.lock("shop", "lodash 4.17.20, chalk 5.0.0")
		s.start(database)
		eventually(t, "the folder is read and judged", func() bool { return s.standing("shop") == "GHSA-aaaa-aaaa-aaaa lodash@4.17.20\n" })

		s.lock("shop", "lodash 4.17.21, chalk 5.0.0")
		eventually(t, "the repair is seen", func() bool { return s.standing("shop") == "" })

		ctx := t.Context()
		sent := tocsin.Watched{Project: tocsin.Project{Slug: "sent"}, Source: tocsin.ProjectSource{Kind: tocsin.SourceUpload}, Managed: tocsin.ManagedAPI}
		if err := s.app.Store().PutProject(ctx, sent, time.Now()); err != nil {
			t.Fatal(err)
		}
		inv := tocsin.Inventory{Project: "sent", Source: "ci", TakenAt: time.Now().UTC(), Packages: []tocsin.Package{{Ecosystem: "npm", Name: "chalk", Version: "5.0.0"}}}
		inv.Seal()
		for i, want := range []bool{true, false} {
			b := tocsin.Build{Project: "sent", At: time.Now().UTC(), Inventory: inv.Digest, Ref: fmt.Sprint(i)}
			if fresh, err := s.app.Take(ctx, "sent", inv, b); err != nil || fresh != want {
				t.Fatalf("fresh %v, %v", fresh, err)
			}
		}
		who, err := s.app.Store().Who(ctx, store.WhoQuery{Sight: store.Sight{All: true}, Ecosystem: "npm", Name: "chalk", To: time.Now().UTC()})
		if err != nil || len(who) != 2 || who[0].Project != "sent" || who[0].Total != 2 {
			t.Errorf("%+v, %v", who, err)
		}
		s.record("GHSA-bbbb-bbbb-bbbb", "chalk", "5.0.1")
		for _, project := range []string{"shop", "sent"} {
			eventually(t, "the advisory reaches "+project, func() bool { return s.standing(project) == "GHSA-bbbb-bbbb-bbbb chalk@5.0.0\n" })
		}
		verdict, err := s.app.Gate(ctx, web.GateRequest{Inventory: inv})
		if err != nil || len(verdict.Targets[0].Decisions) != 1 || verdict.Snapshot.ID == "" || verdict.Gate == tocsin.GatePass {
			t.Errorf("%+v, %v", verdict, err)
		}
		s.stop()

		s.record("GHSA-cccc-cccc-cccc", "chalk", "5.0.2")
		s.start(database)
		eventually(t, "what came while it was down is seen", func() bool {
			return s.standing("sent") == "GHSA-bbbb-bbbb-bbbb chalk@5.0.0\nGHSA-cccc-cccc-cccc chalk@5.0.0\n"
		})
		s.stop()
	})
}
