package app_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// BenchmarkGate is one request for a verdict over the loopback, sender included: an SBOM of 411 components of the corpus, by the advisories
// of [benchData].
func BenchmarkGate(b *testing.B) {
	data := benchData(b)
	body, err := os.ReadFile(filepath.Join(corpus.Dir(b), "sboms", "open", "020-syft-huginn-1-3.cdx.json"))
	if err != nil {
		b.Fatal(err)
	}
	c := config.Config{Data: data, Policies: []string{"emergency", "release-gate"}, Service: config.Service{URL: "http://localhost"}}
	s, err := app.New(b.Context(), slog.New(slog.DiscardHandler), c, app.Options{Now: func() time.Time { return time.Now().UTC() }})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	server, who, err := s.API(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	admin := tocsin.Principal{Name: "bench", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin}}}
	token, _, err := who.CreateToken(b.Context(), admin, tocsin.TokenRequest{
		Name: "bench", Grants: []tocsin.Grant{{Access: tocsin.AccessGate}}, ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		b.Fatal(err)
	}
	http1 := httptest.NewServer(server.Handler)
	defer http1.Close()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequest(http.MethodPost, http1.URL+"/v1/gate?name=bom.cdx.json", bytes.NewReader(body))
			req.Header.Set("Authorization", "Bearer "+token.Reveal())
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Tocsin-Gate") == "" {
				b.Fatal(resp.Status, err)
			}
			resp.Body.Close()
		}
	})
}
