package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/diff"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// judging is a service's engine that gives verdicts by a data folder, and does nothing else.
type judging struct {
	web.Engine
	data string
	set  policies.Set
}

func (j judging) Gate(ctx context.Context, g web.GateRequest) (r report.Report, err error) {
	err = app.WithIndex(slog.New(slog.DiscardHandler), j.data, func(x *advisories.Index) error {
		list, now := []pipeline.Source{{Origin: g.Inventory.Source, Inventory: &g.Inventory}}, time.Now().UTC()
		if g.Base != nil {
			list = append(list, pipeline.Source{Origin: g.Base.Name, Inventory: &g.Base.Inventory})
		}
		scanned, err := pipeline.Scan(ctx, list, x, j.set, now, nil)
		if err != nil {
			return err
		}
		s := scanned[0]
		if g.Base != nil {
			s = app.Change(s, scanned[1], g.Base.Name, diff.After(g.Base.At), x.Snapshot(), now)
		}
		r = report.Report{Tocsin: app.Version(), At: time.Now(), Gate: s.Gate, Snapshot: x.Snapshot(), Policies: j.set.Names(), PolicyDigest: j.set.Digest()}
		r.Targets = []report.Target{{
			Source: s.Inventory.Source, Inventory: s.Inventory.Digest, Packages: len(s.Inventory.Packages), Gate: s.Gate, Why: s.Why, Coverage: s.Inventory.Coverage,
			Decisions: s.Decisions, Contents: report.Contents{Packages: s.Inventory.Packages, Edges: s.Inventory.Edges},
		}}
		return nil
	})
	return r, err
}

// Authenticate knows one token.
func (judging) Authenticate(r *http.Request) (tocsin.Principal, error) {
	if r.Header.Get("Authorization") != "Bearer t0ken" {
		return tocsin.Principal{}, tocsin.ErrUnauthenticated
	}
	return tocsin.Principal{Kind: tocsin.PrincipalToken, Name: "ci", Grants: []tocsin.Grant{{Access: tocsin.AccessGate}}}, nil
}

// service is a Tocsin service by a data folder. It first answers as often as it is told that it is busy.
func service(t *testing.T, data string, busy int64) *httptest.Server {
	t.Helper()
	m, err := app.PoliciesByMode([]string{"release-gate"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Path(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	j := judging{data: data, set: m.Live}
	api, err := web.New(slog.New(slog.DiscardHandler), web.Parts{Auth: j, Engine: j}, s, web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var left atomic.Int64
	left.Store(busy)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if left.Add(-1) >= 0 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// A service comes to what a scan here does, in every format, and is asked again when it is busy.
func TestGateByAService(t *testing.T) {
	t.Setenv(tokenVariable, "t0ken")
	data := database(t)
	server := service(t, data, 2)
	dir := t.TempDir()
	put(t, dir, "app/package-lock.json", lock("left", "1.0.0"))
	put(t, dir, "node_modules/x/package-lock.json", lock("left", "1.0.0"))
	put(t, dir, "requirements.txt", "-r more.txt\n")
	put(t, dir, "more.txt", "flask==1.0\n")
	put(t, dir, "README.md", "x")

	decided := func(r result) []string {
		var doc report.Report
		if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
			t.Fatal(err, r.stdout)
		}
		var out []string
		for _, f := range doc.Targets[0].Coverage.Files {
			out = append(out, fmt.Sprint(f))
		}
		for _, d := range doc.Targets[0].Decisions {
			out = append(out, fmt.Sprintf("%s %s %s", d.Finding.Package, d.Finding.Class.ID, d.Gate))
		}
		return append(out, doc.Targets[0].Inventory)
	}
	here := call(t, "scan", "--data", data, "--format", "json", dir).wants(t, exitFailed)
	there := call(t, "gate", "--data", data, "--server", server.URL, "--format", "json", dir).wants(t, exitFailed)
	documented(t, there.stdout)
	if diff := cmp.Diff(decided(here), decided(there)); diff != "" {
		t.Error(diff)
	}
	for _, format := range report.Formats() {
		call(t, "gate", "--data", data, "--server", server.URL, "--format", format, dir).wants(t, exitFailed)
	}
	out := filepath.Join(t.TempDir(), "r.sarif")
	call(t, "gate", "--data", data, "--server", server.URL, "--report", "sarif="+out, dir).wants(t, exitFailed, "left")
	if b, err := os.ReadFile(out); err != nil || !strings.Contains(string(b), "GHSA-1") {
		t.Errorf("%v: %s", err, b)
	}
	call(t, "gate", "--data", data, "--server", server.URL, put(t, t.TempDir(), "package-lock.json", lock("left", "2.0.0"))).wants(t, exitPass)
	call(t, "gate", "--data", data, "--server", server.URL, put(t, t.TempDir(), "package-lock.json", "{")).wants(t, exitUndecided)
	call(t, "gate", "--data", data, "--server", server.URL, t.TempDir()).wants(t, exitNothing)
}

// TestGateOfAChangeByAService: a service comes to what a gate here does: code, reasons, and each finding with its change.
func TestGateOfAChangeByAService(t *testing.T) {
	t.Setenv(tokenVariable, "t0ken")
	data := database(t)
	server := service(t, data, 0)
	same := func(t *testing.T, code int, want string, paths ...string) {
		t.Helper()
		var said [2][]string
		for i, more := range [][]string{nil, {"--server", server.URL}} {
			args := append(append([]string{"gate", "--data", data, "--base", "main"}, more...), paths...)
			call(t, args...).wants(t, code, want)
			r := call(t, append(args, "--format", "json")...).wants(t, code)
			documented(t, r.stdout)
			var doc report.Report
			if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
				t.Fatal(err, r.stdout)
			}
			said[i] = append(said[i], string(doc.Gate))
			for _, one := range doc.Targets {
				said[i] = append(said[i], append([]string{one.Source, one.Inventory, string(one.Gate)}, one.Why...)...)
				for _, d := range one.Decisions {
					said[i] = append(said[i], fmt.Sprint(d.Finding.Package, d.Finding.Class.ID, d.Gate, d.Change))
				}
			}
		}
		if d := cmp.Diff(said[0], said[1]); d != "" {
			t.Errorf("(-here +there)\n%s", d)
		}
	}
	for name, c := range gateChanges() {
		t.Run(name, func(t *testing.T) {
			dir := branch(t, map[string]string{"app/package-lock.json": c.before})
			put(t, dir, "app/package-lock.json", c.after)
			same(t, c.code, c.want, filepath.Join(dir, "app"))
		})
	}
	// A change cannot bring a base of its own, and files are compared each with itself.
	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0"), "web/package-lock.json": lock("right", "1.0.0")})
	for _, name := range []string{"base/package-lock.json", "head/package-lock.json", "new/package-lock.json", "web/package-lock.json"} {
		put(t, dir, name, lock("left", "1.0.0"))
	}
	same(t, exitFailed, "1 introduced", filepath.Join(dir, "web"), filepath.Join(dir, "base"))
	same(t, exitPass, "0 introduced, 0 made worse, 0 newly disclosed, 1 pre-existing", filepath.Join(dir, "package-lock.json"))
	same(t, exitFailed, "1 introduced", filepath.Join(dir, "new", "package-lock.json"))
	call(t, "gate", "--data", data, "--base", "main", "--server", server.URL, branch(t, map[string]string{"README": "x"})).wants(t, exitNothing)
}

func TestGateByAServiceThatRefuses(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	server := service(t, data, 0)
	gate := func(code int, want string, args ...string) {
		t.Helper()
		r := call(t, append([]string{"gate", "--data", data, "--server"}, args...)...).wants(t, code, want)
		if strings.Contains(r.stdout+r.stderr, "s3cret") {
			t.Error("the token is shown")
		}
	}
	t.Setenv(tokenVariable, "")
	gate(exitUsage, "give the token as $TOCSIN_TOKEN", server.URL, dir)
	gate(exitUndecided, "only the embedded landmark", server.URL, "--token-file", put(t, t.TempDir(), "token", "t0ken\n"), "--format", "json", dir)
	t.Setenv(tokenVariable, "s3cret")
	gate(exitUsage, "not signed in", server.URL, dir)
	t.Setenv(tokenVariable, "t0ken")
	gate(exitUsage, "no such thing", server.URL, "--project", "none", dir)
	gate(exitUsage, "exclude each other", server.URL, "--baseline", "main.json", dir)
	gate(exitUsage, "no Git repository", server.URL, "--base", "main", dir)
	gate(exitUsage, "exclude each other", server.URL, "--policy", "release-gate", dir)
	gate(exitUsage, "--store needs --project", server.URL, "--store", dir)
	gate(exitUsage, "not found", server.URL, filepath.Join(dir, "none"))
	for _, address := range []string{"tocsin.example", "https://u:s3cret@tocsin.example", "ftp://x", "https://x?token=s3cret"} {
		gate(exitUsage, "want an address", address, dir)
	}
	gate(exitUndecided, "503", service(t, data, 1<<30).URL, dir)
	gate(exitPass, "passed by --on-undecided", service(t, data, 1<<30).URL, "--on-undecided", "pass", dir)
	for status, want := range map[int]int{http.StatusMovedPermanently: exitUsage, http.StatusOK: exitUndecided, http.StatusInternalServerError: exitUndecided} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>hello"))
		}))
		gate(want, "", other.URL, dir)
		other.Close()
	}
}

func TestGateWhereNobodyAnswers(t *testing.T) {
	server := service(t, t.TempDir(), 0)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	client := verdicts()
	client.RetryMax = 0
	_, err = (&remoteGate{}).ask(t.Context(), client, at, secret.New("s3cret"), t.TempDir(), base{})
	if err == nil || code(err) != exitUndecided || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}
