package auth

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/oidctest"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// A browser keeps cookies and, if asked, stops before it goes back to the service with a code.
type browser struct {
	*http.Client
	t    *testing.T
	stop string // a path at which not to go on
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t}
	b.Client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if b.stop != "" && r.URL.Path == b.stop {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

// open gives the status, the page, and where it ended or was told to go.
func (b *browser) open(address string) (int, string, *url.URL) {
	b.t.Helper()
	resp, err := b.Get(address)
	return b.read(resp, err)
}

func (b *browser) post(address string, form url.Values, header ...string) (int, string, *url.URL) {
	b.t.Helper()
	r, err := http.NewRequest("POST", address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.Do(r)
	return b.read(resp, err)
}

func (b *browser) read(resp *http.Response, err error) (int, string, *url.URL) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	at := resp.Request.URL
	if to, err := resp.Location(); err == nil {
		at = to
	}
	return resp.StatusCode, string(body), at
}

// cookieOf gives the value of a cookie that a browser has for a service.
func (b *browser) cookieOf(s *stage, name string) string {
	u, _ := url.Parse(s.server.URL)
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func TestSignIn(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		b := newBrowser(t)
		status, body, at := b.open(s.server.URL + "/auth/login?next=" + url.QueryEscape("/projects?q=a"))
		if status != 200 || body != "ada" || at.RequestURI() != "/projects?q=a" {
			t.Fatalf("%d %q at %s\n%s", status, body, at, s.log)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(s.cookie(s.sessionCookie(), b.cookieOf(s, "tocsin"), time.Hour))
		p, err := s.Authenticate(r)
		if err != nil {
			t.Fatal(err)
		}
		want := tocsin.Principal{Kind: tocsin.PrincipalPerson, ID: p.ID, Name: "ada", Grants: []tocsin.Grant{{Access: tocsin.AccessViewer}, {Access: tocsin.AccessSecurity, Group: "web"}}}
		if d := cmp.Diff(want, p); d != "" {
			t.Error(d)
		}
		if people, err := s.store.People(t.Context()); err != nil || len(people) != 1 || people[0].Email != "ada@example.org" || people[0].Issuer != s.issuer.URL {
			t.Errorf("%+v, %v", people, err)
		}
		// What is given here holds at once, beside what follows from groups.
		if err := s.ChangePerson(t.Context(), root, p.ID, []tocsin.Grant{{Access: tocsin.AccessAdmin, Group: "db"}}, false, ""); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Authenticate(r); err != nil || !p.May(tocsin.MayRule, tocsin.Project{Group: "db"}) || !p.May(tocsin.MayManage, tocsin.Project{Group: "web"}) || p.May(tocsin.MayRule, tocsin.Project{}) {
			t.Errorf("%+v, %v", p, err)
		}
		// A page of another site posts with the cookie.
		evil := httptest.NewRequest("POST", "/v1/projects", nil)
		evil.AddCookie(s.cookie(s.sessionCookie(), b.cookieOf(s, "tocsin"), time.Hour))
		evil.Header.Set("Sec-Fetch-Site", "cross-site")
		if _, err := s.Authenticate(evil); !errors.Is(err, tocsin.ErrForbidden) {
			t.Errorf("cross-site: %v", err)
		}
		if status, _, _ := b.post(s.server.URL+"/auth/logout", nil, "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
			t.Errorf("signed out by another site: %d", status)
		}
		if status, body, _ := b.open(s.server.URL + "/"); status != 200 || body != "ada" {
			t.Errorf("%d %s", status, body)
		}
		if status, _, _ := b.open(s.server.URL + "/auth/logout"); status != http.StatusMethodNotAllowed {
			t.Errorf("signed out by GET: %d", status)
		}
		if status, _, _ := b.post(s.server.URL+"/auth/logout", nil); status != http.StatusUnauthorized {
			t.Errorf("not signed out: %d", status)
		}
		_, err = s.Authenticate(r)
		refused(t, err, tocsin.ErrUnauthenticated, "session")
		log, err := s.store.AuditLog(t.Context(), store.AuditQuery{WhoID: p.ID})
		if err != nil || len(log) != 2 || log[0].What != "session.ended" || log[1].What != "person.signed_in" || log[1].Who != "ada" {
			t.Errorf("%+v, %v", log, err)
		}
		if strings.Contains(s.log.String(), "s3cret") {
			t.Error("the log has the client's secret")
		}
	})
}

// TestSignInAttacks: each is refused, and leaves no session.
func TestSignInAttacks(t *testing.T) {
	param := func(change func(q url.Values)) func(*stage, *browser, *url.URL) {
		return func(_ *stage, _ *browser, back *url.URL) {
			q := back.Query()
			change(q)
			back.RawQuery = q.Encode()
		}
	}
	claim := func(name string, v any) func(*stage, *browser, *url.URL) {
		return func(s *stage, _ *browser, _ *url.URL) { s.issuer.set(func() { s.issuer.claims[name] = v }) }
	}
	spoil := func(f func(s *stage, raw string) string) func(*stage, *browser, *url.URL) {
		return func(s *stage, _ *browser, _ *url.URL) {
			s.issuer.set(func() { s.issuer.spoil = func(raw string) string { return f(s, raw) } })
		}
	}
	for name, c := range map[string]struct {
		attack func(s *stage, b *browser, back *url.URL)
		status int
		word   string
	}{
		"nothing":         {func(*stage, *browser, *url.URL) {}, 200, ""},
		"no state":        {param(func(q url.Values) { q.Del("state") }), 401, "state"},
		"wrong state":     {param(func(q url.Values) { q.Set("state", "x") }), 401, "state"},
		"another's code":  {param(func(q url.Values) { q.Set("code", "x") }), 401, "invalid_grant"},
		"no code":         {param(func(q url.Values) { q.Del("code") }), 401, "invalid_grant"},
		"mixed up":        {param(func(q url.Values) { q.Set("iss", "https://other.example") }), 401, "other.example"},
		"refused there":   {param(func(q url.Values) { q.Set("error", "access_denied") }), 401, "access_denied"},
		"another browser": {func(_ *stage, b *browser, _ *url.URL) { b.Jar, _ = cookiejar.New(nil) }, 401, "0 logins"},
		"forged cookie": {func(s *stage, b *browser, back *url.URL) {
			b.Jar.SetCookies(back, []*http.Cookie{s.cookie(s.loginCookie(), "x.y", time.Minute)})
		}, 401, "not ours"},
		"another verifier": {func(s *stage, b *browser, back *url.URL) { // an attacker's own login, with the code of another
			l := login{random(sessionSize), "/"}
			b.Jar.SetCookies(back, []*http.Cookie{s.cookie(s.loginCookie(), l.String(), time.Minute)})
			back.RawQuery = url.Values{"code": {back.Query().Get("code")}, "state": {l.derive("state")}}.Encode()
		}, 401, "invalid_grant"},
		"wrong nonce":     {claim("nonce", "x"), 401, "nonce"},
		"no nonce":        {claim("nonce", nil), 401, "nonce"},
		"wrong issuer":    {claim("iss", "https://other.example"), 401, "different provider"},
		"wrong audience":  {claim("aud", "other"), 401, "audience"},
		"expired":         {claim("exp", 1), 401, "expired"},
		"no end":          {claim("exp", nil), 401, "exp"},
		"later":           {claim("nbf", 1<<40), 401, "not valid yet"},
		"no subject":      {claim("sub", ""), 401, "subject"},
		"odd subject":     {claim("sub", "a\x00"), 401, "subject"},
		"another script":  {claim("sub", "аda"), 401, "subject"},
		"no token":        {spoil(func(*stage, string) string { return "" }), 401, "JWT"},
		"a changed token": {spoil(func(_ *stage, raw string) string { return raw[:len(raw)-8] + "AAAAAAAA" }), 401, "signature"},
		"huge token":      {spoil(func(_ *stage, raw string) string { return raw + strings.Repeat("A", maxJWT) }), 401, "bytes"},
		"huge answer":     {spoil(func(_ *stage, raw string) string { return strings.Repeat("A", 2*maxAnswer) }), 503, "token endpoint"},
		"symmetric": {spoil(func(s *stage, raw string) string {
			return signWith(jose.HS256, sharedKey, "shared", s.issuer.standard("ada", "tocsin"))
		}), 401, "JWT"},
		"issuer down": {func(s *stage, _ *browser, _ *url.URL) { s.issuer.set(func() { s.issuer.down = true }) }, 503, "502"},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := newStage(t), newBrowser(t)
			b.stop = "/auth/callback"
			_, _, back := b.open(s.server.URL + "/auth/login")
			if back.Path != "/auth/callback" {
				t.Fatal(back)
			}
			b.stop = ""
			c.attack(s, b, back)
			status, body, _ := b.open(back.String())
			if status != c.status {
				t.Errorf("status %d, want %d: %s", status, c.status, s.log)
			}
			if c.status == 200 {
				// The same answer once more: it was good once.
				if status, _, _ := b.open(back.String()); status != 401 {
					t.Errorf("replayed: %d", status)
				}
				return
			}
			if b.cookieOf(s, "tocsin") != "" {
				t.Error("there is a session")
			}
			if b.cookieOf(s, "tocsin-login") != "" {
				t.Error("the login goes on")
			}
			if !strings.Contains(s.log.String(), c.word) || strings.Contains(body, c.word) {
				t.Errorf("want %q in the log and not on the page:\n%s\n%s", c.word, s.log, body)
			}
		})
	}
}

// TestReplayedWithTheCookie: a thief has the whole answer and the cookie of the login. The issuer gives nothing for a code twice.
func TestReplayedWithTheCookie(t *testing.T) {
	s, b := newStage(t), newBrowser(t)
	b.stop = "/auth/callback"
	_, _, back := b.open(s.server.URL + "/auth/login")
	b.stop = ""
	stolen := s.cookie(s.loginCookie(), b.cookieOf(s, "tocsin-login"), time.Minute)
	if status, _, _ := b.open(back.String()); status != 200 {
		t.Fatal(s.log)
	}
	thief := newBrowser(t)
	thief.Jar.SetCookies(back, []*http.Cookie{stolen})
	if status, _, _ := thief.open(back.String()); status != 401 || thief.cookieOf(s, "tocsin") != "" {
		t.Errorf("%d", status)
	}
}

// TestSessionFixation: a session that was known before the sign-in is not the one after it, and ends if it was one.
func TestSessionFixation(t *testing.T) {
	s, b := newStage(t), newBrowser(t)
	u, _ := url.Parse(s.server.URL)
	b.Jar.SetCookies(u, []*http.Cookie{s.cookie("tocsin", "planted", time.Hour)})
	b.open(s.server.URL + "/auth/login")
	first := b.cookieOf(s, "tocsin")
	if first == "planted" || len(first) < 43 {
		t.Fatalf("session %q", first)
	}
	b.open(s.server.URL + "/auth/login")
	if second := b.cookieOf(s, "tocsin"); second == first {
		t.Error("not rotated")
	}
	if _, err := s.store.Session(t.Context(), digest(first)); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("the session before goes on: %v", err)
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, s *stage, id string)
		word   string
	}{
		"used": {func(t *testing.T, s *stage, _ string) { s.pass(idle) }, ""},
		"idle": {func(t *testing.T, s *stage, _ string) { s.pass(idle + 1) }, "expired"},
		"signed out": {func(t *testing.T, s *stage, id string) {
			if err := s.SignOut(t.Context(), root, id, ""); err != nil {
				t.Error(err)
			}
		}, "session"},
		"disabled": {func(t *testing.T, s *stage, id string) {
			if err := s.ChangePerson(t.Context(), root, id, nil, true, ""); err != nil {
				t.Error(err)
			}
		}, "session"},
		"dropped": {func(t *testing.T, s *stage, id string) {
			s.pass(idle + time.Second)
			if err := s.DropExpired(t.Context()); err != nil {
				t.Error(err)
			}
		}, "session"},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := newStage(t), newBrowser(t)
			b.open(s.server.URL + "/auth/login")
			secret := b.cookieOf(s, "tocsin")
			p, err := s.fromSession(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			c.change(t, s, p.ID)
			if _, err = s.fromSession(t.Context(), secret); c.word != "" {
				refused(t, err, tocsin.ErrUnauthenticated, c.word)
				return
			}
			// It goes on while it is used, but not beyond its day.
			for range 3 {
				if err != nil {
					t.Fatal(err)
				}
				s.pass(absolute / 4)
				_, err = s.fromSession(t.Context(), secret)
			}
			refused(t, err, tocsin.ErrUnauthenticated, "expired")
		})
	}
}

// TestDisabledPersonSignsIn: the issuer knows them, we do not let them in, and the audit log says so.
func TestDisabledPersonSignsIn(t *testing.T) {
	s, b := newStage(t), newBrowser(t)
	b.open(s.server.URL + "/auth/login")
	p, err := s.fromSession(t.Context(), b.cookieOf(s, "tocsin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ChangePerson(t.Context(), p, p.ID, nil, false, ""); !errors.Is(err, tocsin.ErrForbidden) {
		t.Errorf("changes herself: %v", err)
	}
	if err := s.SignOut(t.Context(), p, "another", ""); !errors.Is(err, tocsin.ErrForbidden) {
		t.Errorf("signs another out: %v", err)
	}
	if err := s.ChangePerson(t.Context(), root, p.ID, nil, true, ""); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := b.open(s.server.URL + "/auth/login"); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
	if log, err := s.store.AuditLog(t.Context(), store.AuditQuery{What: "person.refused"}); err != nil || len(log) != 1 {
		t.Errorf("%+v, %v", log, err)
	}
}

// TestCookies: what browsers are told about them.
func TestCookies(t *testing.T) {
	for url, want := range map[string]string{
		"https://tocsin.example": "__Host-tocsin=v; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax",
		"http://localhost:8080":  "tocsin=v; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax",
	} {
		a, err := New(nil, nil, Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.cookie(a.sessionCookie(), "v", time.Hour).String(); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

func TestNextIsLocal(t *testing.T) {
	for next, want := range map[string]string{
		"/projects/a?b=c": "/projects/a?b=c", "": "/", "projects": "/", "//evil.example": "/", "///evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/",
		"https:evil.example": "/", "https://evil.example": "/", "javascript:alert(1)": "/", "/\t/evil.example": "/", "/\n/evil.example": "/", "/auth/logout": "/",
		"/a\u2028b": "/", " /a": "/", "/%zz": "/", "/" + strings.Repeat("a", 2000): "/",
	} {
		if got := local(next); got != want {
			t.Errorf("%q: %q, want %q", next, got, want)
		}
	}
	s, b := newStage(t), newBrowser(t)
	for _, next := range []string{"//evil.example", "https:evil.example"} {
		if _, _, at := b.open(s.server.URL + "/auth/login?next=" + url.QueryEscape(next)); at.String() != s.server.URL+"/" {
			t.Errorf("%s leads to %s", next, at)
		}
	}
}

// TestIssuerIsDownAtFirst: the service starts, says so, and people come in once it is up. It is not asked all the time meanwhile.
func TestIssuerIsDownAtFirst(t *testing.T) {
	s, b := newStage(t), newBrowser(t)
	s.issuer.set(func() { s.issuer.down = true })
	for range 3 {
		if err := s.Ready(t.Context()); !errors.Is(err, tocsin.ErrUnavailable) || !strings.Contains(err.Error(), s.issuer.URL) {
			t.Errorf("ready: %v", err)
		}
	}
	if status, _, _ := b.open(s.server.URL + "/auth/login"); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	if n := s.issuer.asked(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.issuer.set(func() { s.issuer.down, s.issuer.methods = false, []string{"client_secret_post"} })
	s.pass(pause)
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if status, body, _ := b.open(s.server.URL + "/auth/login"); status != 200 || body != "ada" {
		t.Errorf("%d %s %s", status, body, s.log)
	}
}

func TestFirstLink(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		old, err := s.FirstLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		link, err := s.FirstLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		token := func(link string) url.Values {
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			return u.Query()
		}
		b := newBrowser(t)
		for range 2 { // looking at it changes nothing
			if status, body, _ := b.open(link); status != 200 || !strings.Contains(body, `first=true token="`+token(link).Get("token")+`"`) || b.cookieOf(s, "tocsin") != "" {
				t.Errorf("%d %s", status, body)
			}
		}
		for name, form := range map[string]url.Values{"old": token(old), "none": {}, "huge": {"token": {strings.Repeat("x", maxForm)}}} {
			if status, _, _ := b.post(s.server.URL+"/auth/first", form); status != 401 {
				t.Errorf("%s: %d", name, status)
			}
		}
		if status, _, _ := b.post(s.server.URL+"/auth/first", token(link), "Sec-Fetch-Site", "cross-site"); status != 403 {
			t.Errorf("from another site: %d", status)
		}
		if status, _, _ := b.post(s.server.URL+"/auth/first?"+token(link).Encode(), nil); status != 401 {
			t.Errorf("in the URL: %d", status)
		}
		var in atomic.Int64
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				if status, body, _ := newBrowser(t).post(s.server.URL+"/auth/first", token(link)); status == 200 && body == "first admin" {
					in.Add(1)
				} else if status != 401 {
					t.Errorf("%d %s", status, body)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("%d came in", in.Load())
		}
		log, err := s.store.AuditLog(t.Context(), store.AuditQuery{What: "first_link.refused"})
		if err != nil || len(log) != 2+1+5 {
			t.Errorf("%d refusals are in the log, %v", len(log), err)
		}
		// With an admin from a group there is no link any more.
		s.issuer.set(func() { s.issuer.claims["groups"] = "ops" })
		if status, _, _ := b.open(s.server.URL + "/auth/login"); status != 200 {
			t.Fatal(s.log)
		}
		if link, err := s.FirstLink(t.Context()); err != nil || link != "" {
			t.Errorf("%q, %v", link, err)
		}
	})
}

// disabling is a store in which each person was disabled a moment ago, while their session is still there.
type disabling struct{ Store }

func (d disabling) Session(ctx context.Context, hash string) (tocsin.Session, error) {
	v, err := d.Store.Session(ctx, hash)
	v.Person.Disabled = true
	return v, err
}

// TestCookieOfADisabledPerson is refused even where a session outlived the change.
func TestCookieOfADisabledPerson(t *testing.T) {
	s, b := newStage(t), newBrowser(t)
	b.open(s.server.URL + "/auth/login")
	s.Authenticator.store = disabling{s.store}
	_, err := s.fromSession(t.Context(), b.cookieOf(s, "tocsin"))
	refused(t, err, tocsin.ErrUnauthenticated, "disabled")
}

// TestSignInByPage: somebody is chosen on the page of a whole issuer, which signs as most do, and as some.
func TestSignInByPage(t *testing.T) {
	s := newStage(t)
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256} {
		for _, word := range []secret.Value{secret.New("s 3:cret"), {}} {
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			issuer, err := oidctest.Start(oidctest.Options{
				ClientID: "tocsin", ClientSecret: word, Redirect: server.URL + "/auth/callback", Now: s.clock, Algorithm: algorithm,
				People: []oidctest.Person{{Subject: "1", Name: "ada"}, {Subject: "2", Name: "grace", Email: "grace@example.org", Groups: []string{"sec"}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			a, err := New(slog.New(slog.NewTextHandler(s.log, nil)), s.store, Options{URL: server.URL, Now: s.clock, Show: show, OIDC: &OIDC{
				Issuer: issuer.URL(), ClientID: "tocsin", ClientSecret: word, GroupsClaim: "groups", Grants: []GroupGrant{{"sec", tocsin.AccessSecurity, "web"}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			var found tocsin.Principal
			mux.Handle("/auth/", a.Handler())
			mux.HandleFunc("/projects", func(_ http.ResponseWriter, r *http.Request) { found, err = a.Authenticate(r) })
			b := newBrowser(t)
			status, page, at := b.open(server.URL + "/auth/login?next=/projects")
			if status != 200 || !strings.Contains(page, "grace") || !strings.HasPrefix(at.String(), issuer.URL()) {
				t.Fatalf("%d at %s\n%s", status, at, page)
			}
			if status, _, at := b.post(at.String(), url.Values{"person": {"2"}}); status != 200 || err != nil || at.Path != "/projects" {
				t.Errorf("%s: %d at %s, %v\n%s", algorithm, status, at, err, s.log)
			}
			if d := cmp.Diff([]tocsin.Grant{{Access: tocsin.AccessSecurity, Group: "web"}}, found.Grants); d != "" || found.Name != "grace" || found.ID == "" {
				t.Errorf("%+v", found)
			}
			if err := issuer.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
