package app_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// journal is a log that is written and read at once.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestReload: how often feeds are synced, and who may sign in, follow the configuration; what is wrong in it changes nothing, and what needs
// a restart is named.
func TestReload(t *testing.T) {
	s := &served{t: t, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.dir, "feed"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.record("GHSA-aaaa-aaaa-aaaa", "lodash", "4.17.21")
	s.lock("shop", "lodash 4.17.20")
	var c config.Config
	var log journal
	s.log = &log
	s.adapt = func(given *config.Config, _ *app.Options) {
		given.Interval, given.Service = 24*time.Hour, config.Service{Listen: "127.0.0.1:1", URL: "http://localhost"}
		c = *given
	}
	s.start(store.Path(t.TempDir()))
	defer s.stop()
	server, _, err := s.app.API(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signIn := func() int {
		rec := httptest.NewRecorder()
		server.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "http://localhost/auth/login", nil))
		return rec.Code
	}
	eventually(t, "the first sync", func() bool { return s.standing("shop") == "GHSA-aaaa-aaaa-aaaa lodash@4.17.20\n" })
	if got := signIn(); got != http.StatusNotFound {
		t.Errorf("nobody can sign in, and the page answers %d", got)
	}

	wrong := c
	wrong.Interval, wrong.Access.OIDC = time.Second, &config.OIDC{Issuer: "http://id.example.org", ClientID: "x"}
	if err := s.app.Reconfigure(t.Context(), wrong); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "access") {
		t.Errorf("err = %v", err)
	}
	wrong = c
	wrong.Policies, wrong.Access.OIDC = []string{"none"}, &config.OIDC{Issuer: "https://127.0.0.1:1", ClientID: "x", ClientSecret: secret.New("y")}
	if err := s.app.Reconfigure(t.Context(), wrong); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("err = %v", err)
	}
	if got := signIn(); got != http.StatusNotFound {
		t.Errorf("a configuration that is wrong lets in: %d", got)
	}
	s.record("GHSA-bbbb-bbbb-bbbb", "lodash", "4.17.21")
	if strings.Contains(log.String(), "next start") {
		t.Errorf("log:\n%s", log.String())
	}

	c.Interval, c.Access.OIDC = time.Second, &config.OIDC{Issuer: "https://127.0.0.1:1", ClientID: "x", ClientSecret: secret.New("y")}
	c.Service.Listen, c.Service.Metrics, c.GitHub.Token = "127.0.0.1:2", "127.0.0.1:3", secret.New("hunter2")
	if err := s.app.Reconfigure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GHSA-bbbb-bbbb-bbbb", "GHSA-cccc-cccc-cccc"} { // at once, and again after a second
		eventually(t, "a sync by the new interval", func() bool { return strings.Contains(s.standing("shop"), want) })
		s.record("GHSA-cccc-cccc-cccc", "lodash", "4.17.21")
	}
	if got := signIn(); got == http.StatusNotFound {
		t.Error("nobody can sign in by the new configuration")
	}
	if text := log.String(); strings.Count(text, "next start") != 1 || !strings.Contains(text, `keys="[serve.listen serve.metrics github]"`) || strings.Contains(text, "hunter2") {
		t.Errorf("log:\n%s", text)
	}
}
