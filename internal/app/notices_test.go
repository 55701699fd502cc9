package app

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
)

// TestNotices: an emergency is told once whatever is started or loaded anew, again while nobody takes it, and no error names an address.
func TestNotices(t *testing.T) {
	var down atomic.Bool
	var got []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		var e struct{ Data tocsin.Notice }
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &e); err != nil {
			t.Error(err)
		}
		got = append(got, e.Data.Subject)
	}))
	defer hook.Close()
	dir := t.TempDir()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "notify.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const text = `notify: x
version: 1
receivers: [{receiver: hook, webhook: {env: TEST_HOOK}, key: {env: TEST_KEY}}]
routes: [{route: all, to: [hook], repeat: 30m}]
`
	write(text)
	t.Setenv("TEST_HOOK", hook.URL+"/hunter2")
	t.Setenv("TEST_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	c := config.Config{Data: dir, Policies: []string{"emergency"}, Notify: filepath.Join(dir, "notify.yaml"), Fetch: config.Fetch{Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	start := func() *Service {
		t.Helper()
		s, err := New(t.Context(), slog.New(slog.DiscardHandler), c, Options{Live: true, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start()
	want := func(subjects ...string) {
		t.Helper()
		if err := s.notice(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.dispatcher().Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "|") != strings.Join(subjects, "|") {
			t.Errorf("at %s: %q, want %q", now.Format("15:04"), got, subjects)
		}
		got = nil
	}
	want()
	now = now.Add(time.Minute)
	inc, err := s.Declare(t.Context(), tocsin.Declaration{By: tocsin.Actor{ID: "7", Name: "ada"}, Title: "A key leaked", Reason: "It was in a log.", Severity: tocsin.LevelHigh, Playbook: "leaked-secret"})
	if err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	want()
	rows, err := s.store.Actions(t.Context())
	if err != nil || len(rows) == 0 || rows[len(rows)-1].State != tocsin.ActionPending || strings.Contains(rows[len(rows)-1].Error, "hunter2") || !strings.Contains(rows[len(rows)-1].Error, "500") {
		t.Errorf("%+v %v", rows, err)
	}
	down.Store(false)
	now = now.Add(time.Minute)
	want("EMERGENCY (high): A key leaked")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start()
	defer s.Close()
	want()
	write(strings.ReplaceAll(text, "route: all", "route: other"))
	if err := s.Configure(c); err != nil {
		t.Fatal(err)
	}
	want()
	write(strings.ReplaceAll(text, "TEST_KEY", "TEST_NONE"))
	if err := s.Configure(c); err == nil || !strings.Contains(err.Error(), "receiver hook: environment variable TEST_NONE is not set") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	now = now.Add(40 * time.Minute)
	want("NO ANSWER YET: EMERGENCY (high): A key leaked")
	if _, err := s.Handle(t.Context(), inc.Key, tocsin.Command{Do: tocsin.DoAck, By: tocsin.Actor{ID: "7", Name: "ada"}}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(40 * time.Minute)
	want()
}
