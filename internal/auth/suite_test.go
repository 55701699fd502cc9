package auth

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
)

var _ Store = (*store.Store)(nil)

// A stage is a service with its store, its issuer, and a clock that stands still.
type stage struct {
	*Authenticator
	store  *store.Store
	issuer *fakeIssuer
	server *httptest.Server
	log    *bytes.Buffer

	mu  sync.Mutex
	now time.Time
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

const audience = "https://tocsin.example"

var root = tocsin.Principal{Kind: tocsin.PrincipalPerson, ID: "root", Name: "root", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin}}}

// newStage makes one on SQLite.
func newStage(t *testing.T, pipelines ...Pipeline) *stage {
	t.Helper()
	return stageOn(t, store.Path(t.TempDir()), pipelines...)
}

// onEach runs a test on SQLite, and on PostgreSQL where there is one.
func onEach(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, newStage(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, stageOn(t, postgres.Start(t).Database(t))) })
}

func stageOn(t *testing.T, where string, pipelines ...Pipeline) *stage {
	t.Helper()
	s := &stage{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), log: &bytes.Buffer{}}
	var err error
	if s.store, err = store.Open(t.Context(), where); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	s.issuer = newFakeIssuer(t, s.clock)
	mux := http.NewServeMux()
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	for i := range pipelines {
		if pipelines[i].Issuer == "" {
			pipelines[i].Issuer = s.issuer.URL
		}
	}
	s.Authenticator, err = New(slog.New(slog.NewTextHandler(s.log, nil)), s.store, Options{
		URL: s.server.URL, Now: s.clock, Show: show, Client: s.issuer.Client(), Pipelines: pipelines, Audience: audience,
		OIDC: &OIDC{Issuer: s.issuer.URL, ClientID: "tocsin", ClientSecret: secret.New("s3cret"), GroupsClaim: "groups",
			Grants: []GroupGrant{{"*", tocsin.AccessViewer, ""}, {"sec", tocsin.AccessSecurity, "web"}, {"ops", tocsin.AccessAdmin, ""}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/auth/", s.Handler())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { // whoever is known gets their name
		p, err := s.Authenticate(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(p.Name))
	})
	return s
}

// bearer authenticates by a header.
func (s *stage) bearer(t *testing.T, credential string) (tocsin.Principal, error) {
	t.Helper()
	r := httptest.NewRequest("GET", "/v1/projects", nil)
	r.Header.Set("Authorization", "Bearer "+credential)
	p, err := s.Authenticate(r)
	if err != nil && credential != "" && strings.Contains(err.Error(), credential) {
		t.Errorf("the error has the credential in it: %v", err)
	}
	return p, err
}

// refused checks an error: it tells nothing but that, and its reason has a word.
func refused(t *testing.T, err error, kind error, word string) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || !errors.Is(err, kind) {
		t.Errorf("%v, want a refusal that is %v", err, kind)
		return
	}
	if want := (&Refusal{Kind: kind}).Error(); r.Error() != want {
		t.Errorf("%q, want %q", r.Error(), want)
	}
	if !strings.Contains(r.Reason, word) {
		t.Errorf("the reason is %q, want %q in it", r.Reason, word)
	}
}

// show writes a page as those that people see do, without what is around it.
func show(w http.ResponseWriter, _ *http.Request, status int, p Page) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "%s first=%t token=%q", p.Text, p.First, p.Token)
}
