package app_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
)

// calling is the shipped governance with ada, who is called at once, and whoever comes after an hour.
func calling(t *testing.T, login string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "incidents", "governance", "default.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "governance.yaml")
	if err := os.WriteFile(file, []byte(string(text)+`
people:
  - {person: ada, id: "7", github: `+login+`}
escalation:
  - policy: all
    steps: [{all: [person ada]}, {after: 1h, all: [everyone]}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestEscalation: an emergency that nobody acknowledged has people called, once, by several processes and after a restart too; a governance
// that is wrong changes nothing.
func TestEscalation(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		s := &served{t: t, dir: t.TempDir()}
		for _, dir := range []string{"feed", "shop"} {
			if err := os.Mkdir(filepath.Join(s.dir, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		var c config.Config
		s.adapt = func(given *config.Config, _ *app.Options) {
			given.Coordination = config.Coordination{Repository: "acme/security", Visibility: tocsin.VisibilityPrivate}
			given.Governance = calling(t, "ada-l")
			c = *given
		}
		s.start(database)
		declare := func(title string) string {
			inc, err := s.app.Declare(t.Context(), tocsin.Declaration{By: tocsin.Actor{ID: "8", Name: "bea"}, Source: "test", Playbook: "vulnerable-dependency",
				Title: title, Reason: "seen", Severity: tocsin.LevelHigh})
			if err != nil {
				t.Fatal(err)
			}
			return inc.Key
		}
		// calls are the comments that call somebody, with their number of revisions.
		calls := func() (out []string) {
			rows, err := s.app.Store().Actions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				var p tocsin.CommentPayload
				if r.Action.Kind == tocsin.ActionComment {
					if err := json.Unmarshal(r.Action.Payload, &p); err != nil {
						t.Fatal(err)
					}
					out = append(out, r.Action.Key+" "+p.Body)
				}
			}
			return out
		}
		first := declare("a token was in a log")
		eventually(t, "a call", func() bool { return len(calls()) > 0 })
		if got := calls(); len(got) != 1 || !strings.HasPrefix(got[0], "comment/"+first+"/call-1 @ada-l: **you are called.**") {
			t.Errorf("%q", got)
		}

		wrong := c
		wrong.Governance = filepath.Join(s.dir, "none.yaml")
		if err := s.app.Reconfigure(t.Context(), wrong); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "reading governance") {
			t.Errorf("err = %v", err)
		}
		c.Governance = calling(t, "ada-new")
		if err := s.app.Reconfigure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		second := declare("another token")
		eventually(t, "a call by the new governance", func() bool { return len(calls()) > 1 })
		s.stop()
		s.start(database) // as it was first
		defer s.stop()
		third := declare("a third token")
		eventually(t, "a call after a restart", func() bool { return len(calls()) > 2 })
		got := strings.Join(calls(), "\n")
		for _, key := range []string{first + "/call-1 @ada-l", second + "/call-1 @ada-new", third + "/call-1 @ada-l"} {
			if strings.Count(got, key+":") != 1 {
				t.Errorf("%s:\n%s", key, got)
			}
		}
		if strings.Contains(got, "call-2") {
			t.Errorf("called again:\n%s", got)
		}
		inc, err := s.app.Handle(t.Context(), first, tocsin.Command{Do: tocsin.DoAck, By: tocsin.Actor{ID: "7", Name: "ada"}, Source: "test"})
		if err != nil || !inc.Escalation.NextAt.IsZero() || len(inc.Escalation.Calls) != 1 {
			t.Errorf("%+v, %v", inc.Escalation, err)
		}
	})
}
