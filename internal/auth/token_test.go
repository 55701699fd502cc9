package auth

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

var gate = []tocsin.Grant{{Access: tocsin.AccessGate, Project: "api"}}

func TestTokenLife(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		ctx := t.Context()
		v, made, err := s.CreateToken(ctx, root, tocsin.TokenRequest{Name: "ci", Grants: gate, ExpiresAt: s.clock().Add(time.Hour), Request: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		text := v.Reveal()
		if !regexp.MustCompile(`^tcs_[A-Z2-7]{63}$`).MatchString(text) {
			t.Errorf("%q is not what scanners look for", text)
		}
		_, hash, err := s.store.Token(ctx, made.ID)
		if err != nil || len(hash) != 64 || strings.Contains(text, hash) || hash != digest(text) {
			t.Errorf("kept as %q, %v", hash, err)
		}
		p, err := s.bearer(t, text)
		if d := cmp.Diff(tocsin.Principal{Kind: tocsin.PrincipalToken, ID: made.ID, Name: "ci", Grants: gate}, p); d != "" || err != nil {
			t.Error(d, err)
		}
		used := func(want time.Time) {
			t.Helper()
			if got, _, err := s.store.Token(ctx, made.ID); err != nil || !got.UsedAt.Equal(want) {
				t.Errorf("used at %v, %v; want %v", got.UsedAt, err, want)
			}
		}
		first := s.clock()
		used(first)
		s.pass(noted - time.Second)
		if _, err := s.bearer(t, text); err != nil {
			t.Error(err)
		}
		used(first)
		s.pass(time.Second)
		if _, err := s.bearer(t, text); err != nil {
			t.Error(err)
		}
		used(s.clock())

		_, err = s.bearer(t, text[:20]+flip(text[20:21])+text[21:])
		refused(t, err, tocsin.ErrUnauthenticated, "checksum")
		_, err = s.bearer(t, text+"A")
		refused(t, err, tocsin.ErrUnauthenticated, "checksum")
		for at, word := range map[int]string{5: "not known", 30: "wrong secret"} {
			body := text[:at] + flip(text[at:at+1]) + text[at+1:sumStart]
			_, err = s.bearer(t, body+checksum(body))
			refused(t, err, tocsin.ErrUnauthenticated, word)
		}
		s.pass(time.Hour)
		_, err = s.bearer(t, text)
		refused(t, err, tocsin.ErrUnauthenticated, "expired")
		s.pass(-time.Hour)
		if err := s.RevokeToken(ctx, root, made.ID, "r2"); err != nil {
			t.Fatal(err)
		}
		_, err = s.bearer(t, text)
		refused(t, err, tocsin.ErrUnauthenticated, "revoked")
		log, err := s.store.AuditLog(ctx, store.AuditQuery{Target: made.ID})
		if err != nil || len(log) != 2 || log[0].What != "token.revoked" || log[1].What != "token.created" || log[1].Detail["grants"] != "gate of project api" || log[1].WhoID != "root" || log[1].Request != "r1" {
			t.Errorf("%+v, %v", log, err)
		}
	})
}

func flip(c string) string {
	if c == "A" {
		return "B"
	}
	return "A"
}

// TestTokenRequests: nobody gives what they do not rule, and no token is for ever.
func TestTokenRequests(t *testing.T) {
	s, ctx := newStage(t), t.Context()
	hour := s.clock().Add(time.Hour)
	web := tocsin.Principal{Kind: tocsin.PrincipalPerson, ID: "w", Name: "w", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin, Group: "web"}, {Access: tocsin.AccessSecurity}}}
	for name, c := range map[string]struct {
		by   tocsin.Principal
		q    tocsin.TokenRequest
		want error
	}{
		"within the group":  {web, tocsin.TokenRequest{Name: "x", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin, Group: "web", Project: "api"}}, ExpiresAt: hour}, nil},
		"everywhere":        {web, tocsin.TokenRequest{Name: "x", Grants: []tocsin.Grant{{Access: tocsin.AccessGate}}, ExpiresAt: hour}, tocsin.ErrForbidden},
		"project alone":     {web, tocsin.TokenRequest{Name: "x", Grants: gate, ExpiresAt: hour}, tocsin.ErrForbidden},
		"another group":     {web, tocsin.TokenRequest{Name: "x", Grants: []tocsin.Grant{{Access: tocsin.AccessGate, Group: "db"}}, ExpiresAt: hour}, tocsin.ErrForbidden},
		"a viewer":          {tocsin.Principal{Grants: []tocsin.Grant{{Access: tocsin.AccessSecurity}}}, tocsin.TokenRequest{Name: "x", Grants: gate, ExpiresAt: hour}, tocsin.ErrForbidden},
		"no name":           {root, tocsin.TokenRequest{Name: " ", Grants: gate, ExpiresAt: hour}, tocsin.ErrInvalid},
		"a hidden name":     {root, tocsin.TokenRequest{Name: "a\u202eb", Grants: gate, ExpiresAt: hour}, tocsin.ErrInvalid},
		"no grants":         {root, tocsin.TokenRequest{Name: "x", ExpiresAt: hour}, tocsin.ErrInvalid},
		"an unknown access": {root, tocsin.TokenRequest{Name: "x", Grants: []tocsin.Grant{{Access: "root"}}, ExpiresAt: hour}, tocsin.ErrInvalid},
		"no end":            {root, tocsin.TokenRequest{Name: "x", Grants: gate}, tocsin.ErrInvalid},
		"two years":         {root, tocsin.TokenRequest{Name: "x", Grants: gate, ExpiresAt: hour.AddDate(2, 0, 0)}, tocsin.ErrInvalid},
		"in the past":       {root, tocsin.TokenRequest{Name: "x", Grants: gate, ExpiresAt: hour.Add(-time.Hour)}, tocsin.ErrInvalid},
	} {
		if _, _, err := s.CreateToken(ctx, c.by, c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	_, made, err := s.CreateToken(ctx, root, tocsin.TokenRequest{Name: "x", Grants: gate, ExpiresAt: hour})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by   tocsin.Principal
		id   string
		want error
	}{"of another": {web, made.ID, tocsin.ErrForbidden}, "by nobody": {tocsin.Principal{}, made.ID, tocsin.ErrForbidden}, "none": {root, "x", tocsin.ErrNotFound}} {
		if err := s.RevokeToken(ctx, c.by, c.id, ""); !errors.Is(err, c.want) {
			t.Errorf("revoking %s: %v", name, err)
		}
	}
}

// TestCredentials: one, of a kind that we know.
func TestCredentials(t *testing.T) {
	s := newStage(t)
	v, _, err := s.CreateToken(t.Context(), root, tocsin.TokenRequest{Name: "ci", Grants: gate, ExpiresAt: s.clock().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	good := "Bearer " + v.Reveal()
	for name, c := range map[string]struct {
		headers, cookies []string
		query, word      string
	}{
		"none":              {word: "no credential"},
		"in the URL":        {query: "?access_token=" + v.Reveal(), word: "no credential"},
		"two headers":       {headers: []string{good, good}, word: "more than one"},
		"header and cookie": {headers: []string{good}, cookies: []string{"x"}, word: "more than one"},
		"two cookies":       {cookies: []string{"x", "y"}, word: "more than one"},
		"unknown session":   {cookies: []string{"x"}, word: "session"},
		"basic":             {headers: []string{"Basic " + v.Reveal()}, word: "Bearer"},
		"empty":             {headers: []string{""}, word: "Bearer"},
		"empty bearer":      {headers: []string{"Bearer"}, word: "JWT"},
		"nonsense":          {headers: []string{"Bearer \x00\xff.."}, word: "JWT"},
	} {
		r := httptest.NewRequest("GET", "/"+c.query, nil)
		for _, h := range c.headers {
			r.Header.Add("Authorization", h)
		}
		for _, v := range c.cookies {
			r.AddCookie(s.cookie(s.sessionCookie(), v, time.Hour))
		}
		_, err := s.Authenticate(r)
		t.Run(name, func(t *testing.T) { refused(t, err, tocsin.ErrUnauthenticated, c.word) })
		var refusal *Refusal
		if errors.As(err, &refusal) && (refusal.Anonymous != (len(c.headers)+len(c.cookies) == 0) || strings.Contains(refusal.Reason, v.Reveal())) {
			t.Errorf("%s: %+v", name, refusal)
		}
	}
	if n := s.issuer.asked(); n > 0 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

// TestSecretsAreComparedInConstantTime by inspection, since a test of the time itself would be a matter of luck.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	for file, want := range map[string]string{
		"token.go": "subtle.ConstantTimeCompare([]byte(want), []byte(digest(text)))",
		"oidc.go":  `subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(l.derive("state")))`,
	} {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v; want %s", file, err, want)
		}
	}
}

// TestFailedAttempts: an address that fails too often waits, its neighbours do not, and what is remembered is bounded.
func TestFailedAttempts(t *testing.T) {
	s := newStage(t)
	try := func(from, credential string) error {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = from
		r.Header.Set("Authorization", "Bearer "+credential)
		_, err := s.Authenticate(r)
		return err
	}
	v, _, err := s.CreateToken(t.Context(), root, tocsin.TokenRequest{Name: "ci", Grants: gate, ExpiresAt: s.clock().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for range burst {
		if err := try("[2001:db8::1]:9", "tcs_x"); !errors.Is(err, tocsin.ErrUnauthenticated) {
			t.Fatal(err)
		}
	}
	var limited *tocsin.LimitedError
	if err := try("[2001:db8::2]:9", v.Reveal()); !errors.As(err, &limited) || !errors.Is(err, tocsin.ErrLimited) || limited.RetryAfter != refill {
		t.Errorf("the same network: %v", err)
	}
	if err := try("[2001:db8:0:1::1]:9", v.Reveal()); err != nil {
		t.Errorf("another network: %v", err)
	}
	s.pass(refill)
	if err := try("[2001:db8::1]:9", v.Reveal()); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	for i := range maxAddresses + 10 {
		s.attempts.fail(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), s.clock())
	}
	if n := len(s.attempts.known); n != maxAddresses || s.attempts.order.Len() != n {
		t.Errorf("%d addresses are remembered", n)
	}
	if err := try("@", "tcs_x"); !errors.Is(err, tocsin.ErrUnauthenticated) {
		t.Errorf("without an address: %v", err)
	}
}

func TestOptions(t *testing.T) {
	good := func() Options {
		return Options{URL: "https://tocsin.example", Audience: audience, OIDC: &OIDC{Issuer: "https://id.example", ClientID: "c"},
			Pipelines: []Pipeline{{Issuer: "https://gitlab.example", Repository: "a/b", Grants: gate}}}
	}
	for name, c := range map[string]struct {
		change func(o *Options)
		word   string
	}{
		"good":              {func(*Options) {}, ""},
		"loopback":          {func(o *Options) { o.URL, o.OIDC.Issuer = "http://127.0.0.1:8080", "http://[::1]:1" }, ""},
		"plain":             {func(o *Options) { o.URL = "http://tocsin.example" }, "https"},
		"plain issuer":      {func(o *Options) { o.OIDC.Issuer = "http://id.example" }, "https"},
		"name of loopback":  {func(o *Options) { o.OIDC.Issuer = "http://localhost.evil.example" }, "https"},
		"password":          {func(o *Options) { o.OIDC.Issuer = "https://u:p@id.example" }, "https://host"},
		"path":              {func(o *Options) { o.URL += "/x" }, "path"},
		"redirect":          {func(o *Options) { o.OIDC.RedirectURL = "https://other.example/auth/callback" }, "redirect"},
		"no client":         {func(o *Options) { o.OIDC.ClientID = "" }, "client_id"},
		"group":             {func(o *Options) { o.OIDC.Grants = []GroupGrant{{"", tocsin.AccessViewer, ""}} }, "group"},
		"group, no claim":   {func(o *Options) { o.OIDC.Grants = []GroupGrant{{"x", tocsin.AccessViewer, ""}} }, "groups_claim"},
		"group access":      {func(o *Options) { o.OIDC.Grants = []GroupGrant{{"*", "x", ""}} }, "access"},
		"audience":          {func(o *Options) { o.Audience = "" }, "audience"},
		"people's audience": {func(o *Options) { o.Audience = "c" }, "audience"},
		"repository":        {func(o *Options) { o.Pipelines[0].Repository = "a/*b" }, "owner/name"},
		"all":               {func(o *Options) { o.Pipelines[0].Repository = "*" }, "owner/name"},
		"ref":               {func(o *Options) { o.Pipelines[0].Refs = []string{"main"} }, "refs/heads"},
		"bad glob":          {func(o *Options) { o.Pipelines[0].Refs = []string{"refs/["} }, "glob"},
		"no grants":         {func(o *Options) { o.Pipelines[0].Grants = nil }, "grants"},
		"pipeline access":   {func(o *Options) { o.Pipelines[0].Grants = []tocsin.Grant{{Access: "x"}} }, "access"},
		"pipeline issuer":   {func(o *Options) { o.Pipelines[0].Issuer = "gitlab.example" }, "issuer"},
	} {
		o := good()
		c.change(&o)
		_, err := New(nil, nil, o)
		if c.word == "" && err != nil || c.word != "" && (!errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(fmt.Sprint(err), c.word)) {
			t.Errorf("%s: %v, want %q", name, err, c.word)
		}
	}
}
