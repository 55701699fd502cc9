package app

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// The routes are told as they stand in the file, and nothing by which one could write there.
func TestOutreach(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "notify.yaml")
	err := os.WriteFile(file, []byte(`notify: ours
version: 3
receivers:
  - {receiver: hook, webhook: {env: TEST_HOOK}, key: {env: TEST_KEY}, hours: mon-fri 09:00-17:00, zone: Europe/Berlin, limits: {hour: 4}}
routes:
  - {route: urgent, match: {urgency: [emergency]}, to: [hook], wait: 1m, repeat: 30m}
  - {route: rest, to: [hook], digest: mon-fri 09:00}
inhibit:
  - {when: {urgency: [emergency]}, mute: {urgency: [routine]}, same: group}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_HOOK", "https://hook.example/hunter2")
	t.Setenv("TEST_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	c := config.Config{Data: dir, Policies: []string{"emergency"}, Notify: file, Projects: []config.Project{
		{Project: tocsin.Project{Slug: "shop", Repository: "acme/shop", Criticality: tocsin.CriticalityHigh, Visibility: tocsin.VisibilityPrivate, OptIn: tocsin.OptIn{Issues: true}}},
	}}
	s, err := New(t.Context(), slog.New(slog.DiscardHandler), c, Options{Now: func() time.Time { return time.Unix(1e9, 0).UTC() }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := outreach{s}.Routing()
	if text, err := json.Marshal(got); err != nil || strings.Contains(string(text), "hunter2") || strings.Contains(string(text), "TEST_") {
		t.Errorf("%s, %v", text, err)
	}
	want := web.Routing{Name: "ours", Version: 3, Digest: got.Digest,
		Receivers: []web.RoutingReceiver{{Name: "hook", Channel: "webhook", Audience: tocsin.VisibilityPrivate, Hours: "mon-fri 09:00-17:00", Zone: "Europe/Berlin", PerHour: 4}},
		Routes: []web.RoutingRoute{
			{Name: "urgent", Match: "urgency=emergency", To: []string{"hook"}, Wait: "1m0s", Repeat: "30m0s"},
			{Name: "rest", To: []string{"hook"}, Digest: "mon-fri 09:00"},
		},
		Inhibits: []web.RoutingInhibit{{When: "urgency=emergency", Mute: "urgency=routine", Same: "group"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Digest == "" {
		t.Error(diff)
	}
	repositories := web.Repositories{Items: []web.RepositoryNeed{{Repository: "acme/shop", Visibility: tocsin.VisibilityPrivate, Issues: true}}}
	if diff := cmp.Diff(repositories, outreach{s}.Repositories()); diff != "" {
		t.Error(diff)
	}
	if _, err := (outreach{s}).CheckRepository(t.Context(), "acme/other"); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("a repository that is not ours to ask about: %v", err)
	}
	if _, err := (outreach{s}).CheckRepository(t.Context(), "acme/shop"); !errors.Is(err, tocsin.ErrConflict) || !strings.Contains(err.Error(), "sign in") {
		t.Errorf("without anything to sign in with: %v", err)
	}
}
