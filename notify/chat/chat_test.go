package chat

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// service is one on the loopback that takes JSON, by the form of address that has no host of its own.
func service(t *testing.T, h http.HandlerFunc) *Sender {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s, err := New(secret.New("generic://"+strings.TrimPrefix(server.URL, "http://")+"/hunter2?disabletls=yes&template=json"), false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const evil = "@everyone @here <!channel> <@U123> <https://evil.example|click> [click](https://evil.example) www.evil.example evil.example `x` *b* _i_ __u__ ~s~ ||s|| #1 :tada: " +
	"&lt;!channel&gt; mailto:a@b.example javascript:x \x1b[31m\u202e\u2066\x00"

// TestSend: what arrives is the text, and none of it does anything but our own address.
func TestSend(t *testing.T) {
	var got struct {
		Message string `json:"message"`
	}
	s := service(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
	})
	n := tocsin.Notice{Subject: "EMERGENCY (critical): CVE-1 in 2 projects", Text: "do this\n" + evil + strings.Repeat("@x_", 1<<19), URL: "https://forge.example/acme/security/issues/1"}
	if err := s.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Message, "EMERGENCY (critical): CVE-1 in 2 projects\ndo this\n") || !strings.HasSuffix(got.Message, "\nhttps://forge.example/acme/security/issues/1") {
		t.Errorf("%q", got.Message)
	}
	if n := utf8.RuneCountInString(got.Message); n > 2000 {
		t.Errorf("%d characters", n)
	}
	harmless(t, strings.TrimSuffix(got.Message, n.URL))
}

var acts = regexp.MustCompile("@[A-Za-z0-9]|[<>`*~|]|://|\\]\\(|#[0-9]|&[a-z#]|:[A-Za-z_+]|[A-Za-z0-9]\\.[A-Za-z]|\x1b|\u202e|\u2066|\x00|\\b_\\B|__")

func harmless(t *testing.T, s string) {
	t.Helper()
	if found := acts.FindString(s); found != "" {
		t.Errorf("%q acts in %q", found, s)
	}
}

func FuzzStill(f *testing.F) {
	f.Add(evil)
	f.Add("@\u200beveryone :\u200b// _\u200b_")
	s := &Sender{}
	f.Fuzz(func(t *testing.T, text string) {
		harmless(t, s.Text(tocsin.Notice{Subject: text, Text: text, URL: "https://x/" + text + "@"}))
	})
}

// TestFailures: an error says what happened and not where.
func TestFailures(t *testing.T) {
	s := service(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	var e *tocsin.DeliveryError
	err := s.Send(t.Context(), tocsin.Notice{Subject: "s"})
	if !errors.As(err, &e) || e.Outcome != tocsin.OutcomeTransient || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "it answered 500") {
		t.Error(err)
	}
	for _, address := range []string{"hunter2", "slack://hunter2", "logger://", "smtp://a:hunter2@x/", "nothing://hunter2", ":hunter2"} {
		if _, err := New(secret.New(address), false); !errors.Is(err, tocsin.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"discord://token@123", "pagerduty:///0123456789abcdef0123456789abcdef", "ntfy://ntfy.example/topic", "matrix://u:p@m.example/"} {
		if s, err := New(secret.New(address), true); err != nil && !strings.HasPrefix(address, "matrix") {
			t.Errorf("%s: %v %v", address, s, err)
		}
	}
}
