package oidctest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin/internal/browser"
	"github.com/tocsin-dev/tocsin/internal/oidctest"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

const redirect = "http://127.0.0.1:9/auth/callback"

var people = []oidctest.Person{
	{Subject: "s-ada", Name: "ada", Email: "ada@shop.example", Groups: []string{"security"}, May: "everything but rule people and tokens", About: "Leads the answer to emergencies."},
	{Subject: "s-<b>", Name: `<b>"bob"</b>`, May: "look", About: strings.Repeat("averylongwordwithoutaspace", 8)},
}

// wanted is what a client asks with; changes are pairs.
func wanted(changes ...string) string {
	q := url.Values{
		"client_id": {"tocsin"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"st"}, "nonce": {"n"},
		"code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, // RFC 7636, appendix B
	}
	for n := 0; n+1 < len(changes); n += 2 {
		q.Set(changes[n], changes[n+1])
	}
	return "/authorize?" + q.Encode()
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func start(t *testing.T, o oidctest.Options) *oidctest.Issuer {
	t.Helper()
	o.People, o.ClientID, o.Redirect = people, "tocsin", redirect
	i, err := oidctest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

var stays = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func send(t *testing.T, method, at string, form url.Values, user, word string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, at, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		r.SetBasicAuth(user, word)
	}
	resp, err := stays.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// code is what choosing ada gives.
func code(t *testing.T, i *oidctest.Issuer) string {
	t.Helper()
	resp, body := send(t, "POST", i.URL()+wanted(), url.Values{"person": {"s-ada"}}, "", "")
	to, err := resp.Location()
	if err != nil {
		t.Fatalf("%d %s: %v", resp.StatusCode, body, err)
	}
	if q := to.Query(); !strings.HasPrefix(to.String(), redirect+"?") || q.Get("state") != "st" || q.Get("iss") != i.URL() {
		t.Errorf("sent to %s", to)
	}
	return to.Query().Get("code")
}

// TestRefusals: what a real issuer does not take, this one does not either. Success is tested by those who sign in with it.
func TestRefusals(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	i := start(t, oidctest.Options{ClientSecret: secret.New("s3cret"), Now: func() time.Time { return now }})
	for name, path := range map[string]string{
		"another client": wanted("client_id", "other"), "another address": wanted("redirect_uri", "http://evil.example/"), "an implicit flow": wanted("response_type", "token"),
		"no openid": wanted("scope", "email"), "a plain challenge": wanted("code_challenge_method", "plain"), "no challenge": wanted("code_challenge", ""),
	} {
		for _, method := range []string{"GET", "POST"} {
			if resp, _ := send(t, method, i.URL()+path, url.Values{"person": {"s-ada"}}, "", ""); resp.StatusCode != 400 || resp.Header.Get("Location") != "" {
				t.Errorf("%s by %s: %d", name, method, resp.StatusCode)
			}
		}
	}
	if resp, _ := send(t, "POST", i.URL()+wanted(), url.Values{"person": {"nobody"}}, "", ""); resp.StatusCode != 400 {
		t.Errorf("a stranger: %d", resp.StatusCode)
	}
	good := func() url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {code(t, i)}, "code_verifier": {verifier}, "redirect_uri": {redirect}}
	}
	for _, c := range []struct {
		name, field, value, word string
		wait                     time.Duration
		want                     string
	}{
		{"all is right", "", "", "s3cret", 0, `"id_token":"`},
		{"another word", "", "", "other", 0, "invalid_client"},
		{"two words", "client_secret", "s3cret", "s3cret", 0, "invalid_client"},
		{"another grant", "grant_type", "password", "s3cret", 0, "unsupported_grant_type"},
		{"another verifier", "code_verifier", "x", "s3cret", 0, "invalid_grant"},
		{"another address", "redirect_uri", "http://127.0.0.1:9/", "s3cret", 0, "invalid_grant"},
		{"a made-up code", "code", "x", "s3cret", 0, "invalid_grant"},
		{"an old code", "", "", "s3cret", time.Minute, "invalid_grant"},
	} {
		form := good()
		if c.field != "" {
			form.Set(c.field, c.value)
		}
		now = now.Add(c.wait)
		if resp, body := send(t, "POST", i.URL()+"/token", form, "tocsin", c.word); !strings.Contains(body, c.want) || resp.StatusCode == 200 != (c.want == `"id_token":"`) {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, body)
		}
		if c.want == `"id_token":"` {
			if _, body := send(t, "POST", i.URL()+"/token", form, "tocsin", "s3cret"); !strings.Contains(body, "invalid_grant") {
				t.Errorf("a code was good twice: %s", body)
			}
		}
	}
	form := good()
	form.Set("client_id", "tocsin")
	form.Set("client_secret", "s3cret")
	if _, body := send(t, "POST", i.URL()+"/token", form, "", ""); !strings.Contains(body, `"id_token":"`) {
		t.Errorf("a secret in the form: %s", body)
	}
	form = good()
	form.Set("client_id", "tocsin")
	if _, body := send(t, "POST", i.URL()+"/token", form, "", ""); !strings.Contains(body, "invalid_client") {
		t.Errorf("no secret: %s", body)
	}
}

func TestDiscovery(t *testing.T) {
	i := start(t, oidctest.Options{})
	if !strings.HasPrefix(i.URL(), "http://127.0.0.1:") {
		t.Errorf("it listens at %s", i.URL())
	}
	_, body := send(t, "GET", i.URL()+"/.well-known/openid-configuration", nil, "", "")
	var said map[string]any
	if err := json.Unmarshal([]byte(body), &said); err != nil || said["issuer"] != i.URL() || said["token_endpoint"] != i.URL()+"/token" {
		t.Errorf("%v %s", err, body)
	}
	if _, body := send(t, "GET", i.URL()+"/keys", nil, "", ""); !strings.Contains(body, `"kty":"RSA"`) || strings.Contains(body, `"d":`) {
		t.Errorf("keys %s", body)
	}
	for name, o := range map[string]oidctest.Options{
		"no redirect":   {ClientID: "a"},
		"no client":     {Redirect: redirect},
		"one name":      {ClientID: "a", Redirect: redirect, People: []oidctest.Person{people[0], people[0]}},
		"an odd method": {ClientID: "a", Redirect: redirect, Algorithm: "HS256"},
	} {
		if _, err := oidctest.Start(o); err == nil {
			t.Errorf("%s: it started", name)
		}
	}
}

// TestPage: people see who there is on a phone, nothing that anybody wrote is markup, and the browser has nothing to complain of under
// the page's own policy.
func TestPage(t *testing.T) {
	i := start(t, oidctest.Options{})
	resp, body := send(t, "GET", i.URL()+wanted("state", `"><script>`), nil, "", "")
	policy := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "form-action 'self' http://127.0.0.1:9;", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy is %q, want %q in it", policy, want)
		}
	}
	for _, want := range []string{"<strong>ada</strong>", "May: everything but rule people and tokens", "Leads the answer to emergencies.", "&lt;b&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if strings.Contains(body, "<b>") || strings.Contains(body, "<script>") {
		t.Errorf("somebody wrote markup:\n%s", body)
	}
	policy = strings.Replace(policy, "; frame-ancestors 'none'", "", 1) // only a header may say that
	page := strings.Replace(body, "<head>", `<head><meta http-equiv="Content-Security-Policy" content="`+policy+`">`, 1)
	if seen := browser.Look(t, []byte(page), 390); seen.Wider > 0 || len(seen.Complaints) > 0 || seen.Title == "" {
		t.Errorf("title %q, %d pixels too wide, console %q", seen.Title, seen.Wider, seen.Complaints)
	}
}
