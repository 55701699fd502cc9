package webhook

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/netguard"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const testKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // of the published vectors

// TestVector: the signature is that of the specification.
func TestVector(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(testKey, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	sign(h, raw, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

// sender posts to a handler on the loopback.
func sender(t *testing.T, h http.HandlerFunc) *Sender {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	open := netguard.Transport(netguard.Allow{Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(open.CloseIdleConnections)
	s, err := New(secret.New(server.URL+"/hook?token=hunter2"), secret.New(testKey), "https://tocsin.example", open)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSend: what arrives is a CloudEvent that can be checked, the same for each attempt, whatever the names in it are.
func TestSend(t *testing.T) {
	var ids []string
	s := sender(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e event
		if err := json.Unmarshal(body, &e); err != nil {
			t.Error(err)
		}
		want := http.Header{}
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(testKey, "whsec_"))
		sign(want, raw, e.ID, noon, body)
		if got := r.Header.Get("Webhook-Signature"); got != want.Get("Webhook-Signature") || r.Header.Get("Webhook-Id") != e.ID {
			t.Errorf("%v", r.Header)
		}
		if e.Version != "1.0" || e.Type != Type || e.Source != "https://tocsin.example" || e.Subject != "INC-1" || !e.Time.Equal(noon) || e.Data.Text != "<script>\n@everyone" ||
			r.Header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || strings.Contains(e.ID, "INC") {
			t.Errorf("%+v", e)
		}
		ids = append(ids, e.ID)
	})
	n := tocsin.Notice{Receiver: "hook", Subject: "s", Text: "<script>\n@everyone", Items: []tocsin.NoticeItem{{Incident: "INC-1", Upto: 1}}}
	for range 2 {
		if err := s.Send(t.Context(), "notice/hook/INC-1/1", n, noon); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) != 2 || ids[0] != ids[1] {
		t.Error(ids)
	}
}

// TestFailures: what may help later is tried again, redirects are not followed, and no error names the address.
func TestFailures(t *testing.T) {
	for code, want := range map[int]tocsin.Outcome{
		500: tocsin.OutcomeTransient, 429: tocsin.OutcomeTransient, 404: tocsin.OutcomeTransient, 410: tocsin.OutcomePermanent, 302: tocsin.OutcomePermanent,
	} {
		hits := 0
		s := sender(t, func(w http.ResponseWriter, _ *http.Request) {
			hits++
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Location", "/other")
			w.WriteHeader(code)
		})
		err := s.Send(t.Context(), "k", tocsin.Notice{}, noon)
		var e *tocsin.DeliveryError
		if !errors.As(err, &e) || e.Outcome != want || hits != 1 || strings.Contains(err.Error(), "hunter2") || (code == 429 && e.RetryAfter != 7*time.Second) {
			t.Errorf("%d: %v, %d requests", code, err, hits)
		}
	}
	s := sender(t, func(http.ResponseWriter, *http.Request) { t.Error("reached") })
	s.client.Transport = netguard.Transport(netguard.Allow{})
	err := s.Send(t.Context(), "k", tocsin.Notice{}, noon)
	var e *tocsin.DeliveryError
	if !errors.As(err, &e) || e.Outcome != tocsin.OutcomePermanent || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	s, err = New(secret.New("http://127.0.0.1:1/hunter2"), secret.New(testKey), "x", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	if err = s.Send(t.Context(), "k", tocsin.Notice{}, noon); !errors.As(err, &e) || e.Outcome != tocsin.OutcomeUnclear || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range [][2]string{
		{"http://hunter2.example/", testKey}, {"ftp://hunter2.example/", testKey}, {"https://a:hunter2@x.example", testKey}, {"hunter2", testKey},
		{"https://x.example", "hunter2"}, {"https://x.example", "whsec_aHVudGVyMg=="},
	} {
		if _, err := New(secret.New(tt[0]), secret.New(tt[1]), "x", nil); !errors.Is(err, tocsin.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", tt, err)
		}
	}
}
