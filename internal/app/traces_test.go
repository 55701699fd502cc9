package app_test

import (
	"archive/tar"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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

// traces is a collector that remembers what spans are of, and each byte that it was sent.
type traces struct {
	mu   sync.Mutex
	all  strings.Builder
	told map[string]bool
}

func (c *traces) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var doc struct {
		ResourceSpans []struct {
			ScopeSpans []struct {
				Spans []struct {
					Name       string
					Attributes []struct {
						Key   string
						Value struct{ StringValue, IntValue string }
					}
				}
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Write(body)
	if json.Unmarshal(body, &doc) != nil || len(doc.ResourceSpans) != 1 || len(doc.ResourceSpans[0].ScopeSpans) != 1 {
		c.told["not OTLP"] = true
		return
	}
	for _, s := range doc.ResourceSpans[0].ScopeSpans[0].Spans {
		name := s.Name
		for _, a := range s.Attributes {
			if slices.Contains([]string{"tocsin.job", "tocsin.feed", "tocsin.action", "http.response.status_code"}, a.Key) {
				name += " " + a.Value.StringValue + a.Value.IntValue
			}
		}
		c.told[name] = true
	}
}

func (c *traces) heard(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told[name]
}

// TestTraces: a collector hears what a service does, and nothing of what it does it about.
func TestTraces(t *testing.T) {
	collector := &traces{told: map[string]bool{}}
	otel := httptest.NewServer(collector)
	defer otel.Close()
	w := newCrashWorld(t) // for its forge
	s := &served{t: t, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.dir, "feed"), 0o755); err != nil {
		t.Fatal(err)
	}
	one := filepath.Join(s.dir, "one.yaml")
	text := "policy: one\ngate: {default: fail}\nresponse:\n  default: none\n  rules:\n    - {name: one, when: 'advisory.id == \"GHSA-dddd-eeee-ffff\"', then: emergency, severity: critical, due: 3d, playbook: vulnerable-dependency, because: of it}\n"
	if err := os.WriteFile(one, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.record("GHSA-dddd-eeee-ffff", "flawedpackage", "2.0.0")
	s.lock("shop", "flawedpackage 1.0.0")
	s.adapt = func(c *config.Config, o *app.Options) {
		c.Policies = []string{one}
		c.Projects[0].Slug, c.Projects[0].Repository, c.Projects[0].OptIn.Issues = "hushedproject", "acme/api", true
		c.Coordination = config.Coordination{Repository: "acme/security", Visibility: tocsin.VisibilityPrivate}
		c.GitHub = config.GitHub{API: w.url, Token: secret.New("t")}
		c.Service = config.Service{URL: "http://localhost", Traces: config.Traces{URL: otel.URL + "/v1/traces", Header: "X-Key", Value: secret.New("collectorkey")}}
		o.Live, o.Rhythm.Traces = true, 50*time.Millisecond
	}
	s.start(store.Path(t.TempDir()))
	server, who, err := s.app.API(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin := tocsin.Principal{Name: "boss", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin}}}
	token, _, err := who.CreateToken(t.Context(), admin, tocsin.TokenRequest{Name: "tokenname", Grants: []tocsin.Grant{{Access: tocsin.AccessViewer}}, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string) (int, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		r.Header.Set("Tracestate", "v=tracestated")
		rec := httptest.NewRecorder()
		server.Handler.ServeHTTP(rec, r)
		return rec.Code, rec.Header().Get("Tocsin-Gate")
	}
	eventually(t, "there is an incident that was acted upon", func() bool { return collector.heard("deliver issue") })
	list, err := s.app.Store().Incidents(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%d incidents, %v", len(list), err)
	}
	incident := list[0].Key
	for path, want := range map[string]int{
		"/v1/projects/hushedproject/decisions?package=flawedpackage": 200, "/v1/incidents/" + url.PathEscape(incident): 200, "/v1/incidents/INC-none": 404,
		"/v1/advisories/GHSA-dddd-eeee-ffff": 200, "/nowhere/hushedproject": 404,
	} {
		if got, _ := ask(http.MethodGet, path, ""); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	if got, _ := ask("HUSHEDPROJECT", "/v1/gate", ""); got != http.StatusMethodNotAllowed {
		t.Errorf("no method: %d", got)
	}
	if got, gate := ask(http.MethodPost, "/v1/gate?name=package-lock.json&source=hushedproject", lock("flawedpackage 1.0.0")); got != http.StatusOK || gate != "fail" {
		t.Errorf("gate: %d %s", got, gate)
	}
	// What was there before does not count against a change, and what it brings does.
	for before, want := range map[string]string{"flawedpackage 1.0.0": "pass", "another 1.0.0": "fail"} {
		var body strings.Builder
		both := tar.NewWriter(&body)
		for name, text := range map[string]string{"base/package-lock.json": lock(before), "head/package-lock.json": lock("flawedpackage 1.0.0")} {
			if err := both.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(both, text) // what fails shows at its end
		}
		if err := both.Close(); err != nil {
			t.Fatal(err)
		}
		if got, gate := ask(http.MethodPost, "/v1/gate?name=change.tar&base=hushedproject", body.String()); got != http.StatusOK || gate != want {
			t.Errorf("gate of a change from %s: %d %s, want %s", before, got, gate, want)
		}
	}
	for _, name := range []string{
		"job sync", "job match", "job due", "job rescan", "job reconsider", "job deliver", "job clean", "feed osv", "index", "match", "judge",
		"POST /v1/gate 200", "GET /v1/projects/{slug}/decisions 200", "GET /v1/incidents/{key} 200", "GET /v1/incidents/{key} 404", "GET 404", "_OTHER 405",
	} {
		eventually(t, "it hears of "+name, func() bool { return collector.heard(name) })
	}
	s.stop()
	all := strings.ToLower(collector.all.String())
	for _, hidden := range []string{
		"hushedproject", "flawedpackage", "GHSA-dddd", incident, token.Reveal(), "tokenname", "collectorkey", "acme", "tracestated", s.dir, "nowhere", "1.0.0", "a flaw",
	} {
		if strings.Contains(all, strings.ToLower(hidden)) {
			t.Errorf("it hears of %q", hidden)
		}
	}
	if collector.heard("not OTLP") {
		t.Error("what it was sent cannot be read")
	}
}
