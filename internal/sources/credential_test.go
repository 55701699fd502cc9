package sources

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/secret"
)

func TestCredentialCovers(t *testing.T) {
	c := Credential{URL: "https://git.example.com/acme/", Value: secret.New("Bearer x")}
	for at, want := range map[string]bool{
		"https://git.example.com/acme/shop.git/info/refs": true, "https://GIT.example.com/acme": true, "https://git.example.com/acme/x?y=z": true,
		"http://git.example.com/acme/shop": false, "https://git.example.com/acme2/shop": false, "https://git.example.com/acme/../other": false,
		"https://git.example.com/acme/%2e%2e/other": false, "https://git.example.com:8443/acme/shop": false, "https://example.com/acme/shop": false,
		"https://git.example.com.evil.example/acme/shop": false, "https://git.example.com/": false, `https://git.example.com/acme\..\other`: false,
	} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.covers(u); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// TestCredentials: they are shown below their address only, not to where it redirects, and are never told.
func TestCredentials(t *testing.T) {
	const value = "Bearer hunter2-hunter2"
	var elsewhere []string
	other, _ := secure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte("public"))
	}))
	base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/acme/away":
			http.Redirect(w, r, other+"/acme/go.sum", http.StatusFound)
		case r.URL.Path == "/acme/up":
			http.Redirect(w, r, "/other/go.sum", http.StatusFound)
		case r.URL.Path == "/acme/no":
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"message":"not with ` + r.Header.Get("Authorization") + `"}`))
		case (r.Header.Get("Authorization") == value) == strings.HasPrefix(r.URL.Path, "/acme/"):
			_, _ = w.Write([]byte("seen"))
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	o.Credentials = []Credential{{URL: base + "/acme/", Value: secret.New(value)}}
	for _, path := range []string{"/acme/go.sum", "/other/go.sum", "/acme/up"} {
		tree, err := Open(t.Context(), Source{Kind: KindURL, Location: base + path}, o)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		closed(t, tree, o)
	}
	if tree, err := Open(t.Context(), Source{Kind: KindURL, Location: base + "/acme/away"}, o); err == nil {
		closed(t, tree, o)
	}
	for _, seen := range elsewhere {
		if seen != "" {
			t.Error("the credential was shown elsewhere")
		}
	}
	if err := fails(t, Source{Kind: KindURL, Location: base + "/acme/no"}, o); strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
