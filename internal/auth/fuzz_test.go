package auth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzLocal: whatever is asked for, a browser stays with the service, which reads "\" as "/" and leaves tabs and line ends out.
func FuzzLocal(f *testing.F) {
	for _, next := range []string{"/a?b=c#d", "//evil", "/\\evil", "https:evil", "/\t/evil", "/..//evil", "/.//evil", "/%2f/evil", "/a/../..//evil"} {
		f.Add(next)
	}
	base, err := url.Parse("https://tocsin.example/auth/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := local(next)
		seen := strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(got)
		to, err := base.Parse(seen)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme || !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Errorf("%q gives %q, which is %v, %v", next, got, to, err)
		}
	})
}

// nowhere is a network that is not there.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.ErrUnsupported }

// FuzzBearer: what is no token is refused, without a panic.
func FuzzBearer(f *testing.F) {
	body := tokenPrefix + strings.Repeat("A", sumStart-len(tokenPrefix))
	for _, text := range []string{"Bearer a.b.c", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer {}", "bearer", body + checksum(body), "Bearer " + body} {
		f.Add(text)
	}
	a, err := New(nil, nil, Options{URL: "https://tocsin.example", Client: &http.Client{Transport: nowhere{}}, Audience: audience, Pipelines: []Pipeline{{Issuer: "https://gitlab.example", Repository: "a/b", Grants: gate}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if _, token, ok := strings.Cut(header, " "); ok && len(token) == tokenLength && checksum(token[:sumStart]) == token[sumStart:] {
			return // the store would be asked
		}
		var refusal *Refusal
		if _, err := a.fromBearer(t.Context(), header); !errors.As(err, &refusal) {
			t.Errorf("%q: %v", header, err)
		}
	})
}
