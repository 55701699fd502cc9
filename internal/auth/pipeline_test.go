package auth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

var send = []tocsin.Grant{{Access: tocsin.AccessSender, Project: "api"}}

// withGitLab makes a stage whose issuer is a GitLab.
func withGitLab(t *testing.T) *stage {
	t.Helper()
	return newStage(t, Pipeline{Repository: "group/api", RepositoryID: "22", Refs: []string{"refs/heads/main", "refs/tags/v*"}, Grants: send})
}

// gitlabJob are the claims of a job on the main branch.
func (s *stage) gitlabJob(over map[string]any) map[string]any {
	c := s.issuer.standard("project_path:group/api:ref_type:branch:ref:main", audience)
	for name, v := range map[string]any{"project_path": "group/api", "project_id": "22", "namespace_id": "7", "ref": "main", "ref_type": "branch", "ref_protected": "true", "pipeline_source": "push"} {
		c[name] = v
	}
	for name, v := range over {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return c
}

func TestPipelineToken(t *testing.T) {
	s := withGitLab(t)
	p, err := s.bearer(t, s.issuer.sign("one", s.gitlabJob(nil)))
	want := tocsin.Principal{Kind: tocsin.PrincipalPipeline, ID: s.issuer.URL + " project_path:group/api:ref_type:branch:ref:main", Name: "gitlab:group/api@refs/heads/main", Grants: send}
	if d := cmp.Diff(want, p); d != "" || err != nil {
		t.Error(d, err)
	}
	asked := s.issuer.asked()
	if _, err := s.bearer(t, s.issuer.sign("one", s.gitlabJob(map[string]any{"ref": "v1.2", "ref_type": "tag"}))); err != nil {
		t.Error(err)
	}
	if n := s.issuer.asked(); n != asked {
		t.Error("the issuer was asked again for the same key")
	}
}

// TestTokensThatAreNotBelieved: what is wrong with the token itself.
func TestTokensThatAreNotBelieved(t *testing.T) {
	s := withGitLab(t)
	rsaKey := s.issuer.keys["one"].Public().(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	none := func(claims map[string]any) string {
		body, _ := json.Marshal(claims)
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(body) + "."
	}
	over := func(name string, v any) string { return s.issuer.sign("one", s.gitlabJob(map[string]any{name: v})) }
	at := func(d time.Duration) int64 { return s.clock().Add(d).Unix() }
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := s.issuer.sign("one", s.gitlabJob(nil))
	jws, err := jose.ParseSigned(good, algorithms)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ raw, word string }{
		"alg none":                {none(s.gitlabJob(nil)), "JWT"},
		"HS256 with the RSA key":  {signWith(jose.HS256, der, "one", s.gitlabJob(nil)), "JWT"},
		"HS256 with a key of it":  {signWith(jose.HS256, sharedKey, "shared", s.gitlabJob(nil)), "JWT"},
		"RS512":                   {signWith(jose.RS512, s.issuer.keys["one"], "one", s.gitlabJob(nil)), "JWT"},
		"key of another":          {signWith(jose.RS256, other, "one", s.gitlabJob(nil)), "signature"},
		"key of another, no kid":  {signWith(jose.RS256, other, "", s.gitlabJob(nil)), "signature"},
		"key that is not there":   {signWith(jose.RS256, other, "two", s.gitlabJob(nil)), `no key "two"`},
		"another algorithm's key": {sign(newECKey(t), "one", s.gitlabJob(nil)), "signature"},
		"JSON serialisation":      {jws.FullSerialize(), "JWT"},
		"expired":                 {over("exp", at(-skew)), "expired"},
		"no exp":                  {over("exp", nil), "exp"},
		"exp is a text":           {over("exp", "never"), "claims"},
		"not valid yet":           {over("nbf", at(skew+time.Second)), "yet"},
		"nbf is a text":           {over("nbf", "x"), ""},
		"from the future":         {over("iat", at(skew+time.Second)), "yet"},
		"no iat":                  {over("iat", nil), "iat"},
		"audience of another":     {over("aud", "https://other.example"), "audience"},
		"audience of people":      {over("aud", "tocsin"), "audience"},
		"no audience":             {over("aud", nil), "audience"},
		"no repository":           {over("project_path", nil), "without repository"},
		"claims of GitHub":        {s.issuer.sign("one", map[string]any{"iss": s.issuer.URL, "aud": audience, "sub": "x", "iat": at(0), "exp": at(time.Minute), "repository": "group/api"}), "without repository"},
		"huge":                    {over("padding", strings.Repeat("x", maxJWT)), "bytes"},
		"same name twice":         {duplicate(s, good), "object"},
	} {
		_, err := s.bearer(t, c.raw)
		t.Run(name, func(t *testing.T) { refused(t, err, tocsin.ErrUnauthenticated, c.word) })
		s.attempts = newAttempts() // not to be limited
	}
	for name, raw := range map[string]string{
		"just not expired":  over("exp", at(-skew+time.Second)),
		"just valid":        over("nbf", at(skew)),
		"several audiences": over("aud", []string{"x", audience}),
		"no kid":            signWith(jose.RS256, s.issuer.keys["one"], "", s.gitlabJob(nil)),
	} {
		if _, err := s.bearer(t, raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// duplicate gives a token whose claims name one thing twice.
func duplicate(s *stage, good string) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: s.issuer.keys["one"], KeyID: "one"}}, nil)
	if err != nil {
		panic(err)
	}
	body, _ := base64.RawURLEncoding.DecodeString(strings.Split(good, ".")[1])
	jws, err := signer.Sign([]byte(strings.Replace(string(body), "{", `{"project_path":"other/x",`, 1)))
	if err != nil {
		panic(err)
	}
	raw, _ := jws.CompactSerialize()
	return raw
}

// TestOtherIssuers: whoever a token names is not asked for anything unless they are configured.
func TestOtherIssuers(t *testing.T) {
	s := withGitLab(t)
	var asked atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer inside.Close()
	for _, iss := range []any{inside.URL, s.issuer.URL + "/", s.issuer.URL + "@" + strings.TrimPrefix(inside.URL, "http://"), strings.ToUpper(s.issuer.URL), "", nil, 7} {
		_, err := s.bearer(t, s.issuer.sign("one", s.gitlabJob(map[string]any{"iss": iss})))
		refused(t, err, tocsin.ErrUnauthenticated, "no pipeline")
	}
	if asked.Load() > 0 || s.issuer.asked() > 0 {
		t.Errorf("%d and %d requests went out", asked.Load(), s.issuer.asked())
	}
}

// TestKeyRotation: a new key is found when it is first needed; an unknown one is not looked for all the time; one that was taken back ends.
func TestKeyRotation(t *testing.T) {
	s := withGitLab(t)
	old := s.issuer.sign("one", s.gitlabJob(map[string]any{"exp": s.clock().Add(48 * time.Hour).Unix()}))
	if _, err := s.bearer(t, old); err != nil {
		t.Fatal(err)
	}
	s.pass(pause)
	s.issuer.set(func() { s.issuer.keys = map[string]crypto.Signer{"two": newECKey(t)} })
	asked := s.issuer.asked()
	if _, err := s.bearer(t, s.issuer.sign("two", s.gitlabJob(nil))); err != nil {
		t.Errorf("the new key: %v", err)
	}
	_, err := s.bearer(t, old)
	refused(t, err, tocsin.ErrUnauthenticated, "no key")
	for range 5 {
		_, err := s.bearer(t, sign(newECKey(t), "x", s.gitlabJob(nil)))
		refused(t, err, tocsin.ErrUnauthenticated, "no key")
	}
	if n := s.issuer.asked() - asked; n != 2 { // discovery and keys, once
		t.Errorf("%d requests", n)
	}
}

// TestIssuerGoesDown: keys that are known hold for a day, unknown ones cannot be judged.
func TestIssuerGoesDown(t *testing.T) {
	for name, fail := range map[string]func(f *fakeIssuer){"down": func(f *fakeIssuer) { f.down = true }, "huge": func(f *fakeIssuer) { f.huge = true }} {
		t.Run(name, func(t *testing.T) {
			s := withGitLab(t)
			now := func() string { return s.issuer.sign("one", s.gitlabJob(nil)) }
			if _, err := s.bearer(t, now()); err != nil {
				t.Fatal(err)
			}
			s.issuer.set(func() { fail(s.issuer) })
			for _, d := range []time.Duration{fresh, time.Second, lasting - fresh - 2*time.Second} {
				s.pass(d)
				if _, err := s.bearer(t, now()); err != nil {
					t.Errorf("after %v: %v", d, err)
				}
			}
			_, err := s.bearer(t, sign(newECKey(t), "two", s.gitlabJob(nil)))
			refused(t, err, tocsin.ErrUnavailable, "does not answer")
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("not ready, but it can answer: %v", err)
			}
			s.pass(time.Second)
			_, err = s.bearer(t, now())
			refused(t, err, tocsin.ErrUnavailable, "does not answer")
			if err := s.Ready(t.Context()); !errors.Is(err, tocsin.ErrUnavailable) {
				t.Errorf("ready: %v", err)
			}
			s.issuer.set(func() { s.issuer.down, s.issuer.huge = false, false })
			s.pass(pause)
			if _, err := s.bearer(t, now()); err != nil {
				t.Errorf("up again: %v", err)
			}
		})
	}
}

// TestWhichJobs: what a job must be to get the grants of a pipeline, for both platforms.
func TestWhichJobs(t *testing.T) {
	const gh = "https://token.actions.githubusercontent.com"
	githubJob := claims{"repository": "acme/api", "repository_id": "74", "repository_owner_id": "65", "ref": "refs/heads/main", "ref_protected": "true", "event_name": "push", "sub": "repo:acme/api:ref:refs/heads/main"}
	gitlabJob := claims{"project_path": "acme/sub/api", "project_id": "22", "namespace_id": "7", "ref": "main", "ref_type": "branch", "pipeline_source": "push", "sub": "x"}
	verdict := []tocsin.Grant{{Access: tocsin.AccessGate, Project: "api"}}
	for name, c := range map[string]struct {
		p    Pipeline
		base claims
		over claims
		want []tocsin.Grant
	}{
		"repository":                {Pipeline{Repository: "acme/api"}, githubJob, nil, send},
		"owner":                     {Pipeline{Repository: "acme/*"}, githubJob, nil, send},
		"another repository":        {Pipeline{Repository: "acme/api"}, githubJob, claims{"repository": "acme/api2"}, nil},
		"another owner":             {Pipeline{Repository: "acme/api"}, githubJob, claims{"repository": "mallory/api"}, nil},
		"owner that begins alike":   {Pipeline{Repository: "acme/*"}, githubJob, claims{"repository": "acme-evil/api"}, nil},
		"another spelling":          {Pipeline{Repository: "acme/api"}, githubJob, claims{"repository": "Acme/api"}, nil},
		"ids":                       {Pipeline{Repository: "acme/api", RepositoryID: "74", OwnerID: "65"}, githubJob, nil, send},
		"registered again":          {Pipeline{Repository: "acme/api", RepositoryID: "74"}, githubJob, claims{"repository_id": "99"}, nil},
		"without id":                {Pipeline{Repository: "acme/api", RepositoryID: "74"}, githubJob, claims{"repository_id": nil}, nil},
		"owner registered again":    {Pipeline{Repository: "acme/*", OwnerID: "65"}, githubJob, claims{"repository_owner_id": "99"}, nil},
		"ref":                       {Pipeline{Repository: "acme/api", Refs: []string{"refs/heads/main"}}, githubJob, nil, send},
		"another ref":               {Pipeline{Repository: "acme/api", Refs: []string{"refs/heads/main"}}, githubJob, claims{"ref": "refs/heads/main2"}, nil},
		"tag of a branch's name":    {Pipeline{Repository: "acme/api", Refs: []string{"refs/heads/main"}}, githubJob, claims{"ref": "refs/tags/main"}, nil},
		"star stops":                {Pipeline{Repository: "acme/api", Refs: []string{"refs/heads/*"}}, githubJob, claims{"ref": "refs/heads/a/b"}, nil},
		"two stars do not":          {Pipeline{Repository: "acme/api", Refs: []string{"refs/heads/rel-*/**"}}, githubJob, claims{"ref": "refs/heads/rel-1/a/b"}, send},
		"environment":               {Pipeline{Repository: "acme/api", Environment: "prod"}, githubJob, claims{"environment": "prod"}, send},
		"no environment":            {Pipeline{Repository: "acme/api", Environment: "prod"}, githubJob, nil, nil},
		"protected":                 {Pipeline{Repository: "acme/api", Protected: true}, githubJob, nil, send},
		"not protected":             {Pipeline{Repository: "acme/api", Protected: true}, githubJob, claims{"ref_protected": "false"}, nil},
		"pull request":              {Pipeline{Repository: "acme/api"}, githubJob, claims{"event_name": "pull_request", "ref": "refs/pull/1/merge"}, verdict},
		"pull request, named":       {Pipeline{Repository: "acme/api", Events: []string{"pull_request"}}, githubJob, claims{"event_name": "pull_request"}, send},
		"fork, with our rights":     {Pipeline{Repository: "acme/api"}, githubJob, claims{"event_name": "pull_request_target"}, nil},
		"fork, by a second run":     {Pipeline{Repository: "acme/api"}, githubJob, claims{"event_name": "workflow_run"}, nil},
		"comment":                   {Pipeline{Repository: "acme/api"}, githubJob, claims{"event_name": "issue_comment"}, nil},
		"no event":                  {Pipeline{Repository: "acme/api"}, githubJob, claims{"event_name": nil}, nil},
		"fork, in the fork":         {Pipeline{Repository: "acme/api"}, githubJob, claims{"repository": "mallory/api", "event_name": "push"}, nil},
		"event that is not named":   {Pipeline{Repository: "acme/api", Events: []string{"release"}}, githubJob, nil, nil},
		"gitlab":                    {Pipeline{Repository: "acme/sub/api", Refs: []string{"refs/heads/main"}}, gitlabJob, nil, send},
		"gitlab group":              {Pipeline{Repository: "acme/*", OwnerID: "7"}, gitlabJob, nil, send},
		"gitlab tag":                {Pipeline{Repository: "acme/sub/api", Refs: []string{"refs/heads/main"}}, gitlabJob, claims{"ref_type": "tag"}, nil},
		"gitlab merge request":      {Pipeline{Repository: "acme/sub/api"}, gitlabJob, claims{"pipeline_source": "merge_request_event"}, verdict},
		"gitlab, unknown source":    {Pipeline{Repository: "acme/sub/api"}, gitlabJob, claims{"pipeline_source": "external_pull_request_event"}, nil},
		"gitlab, claims of another": {Pipeline{Repository: "acme/api"}, githubJob, claims{"repository": nil, "project_path": "acme/api"}, nil},
	} {
		c.p.Issuer, c.p.Grants = gh, send
		if c.base["project_path"] != nil {
			c.p.Issuer = "https://gitlab.example"
		}
		if err := c.p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		all := claims{}
		for _, from := range []claims{c.base, c.over} {
			for k, v := range from {
				all[k] = v
			}
		}
		got, reason := c.p.grants(jobOf(c.p.platform(), all))
		if d := cmp.Diff(c.want, got); d != "" || (reason == "") != (c.want != nil) {
			t.Errorf("%s: %s%s", name, reason, d)
		}
	}
	for issuer, want := range map[string]platform{gh: github, gh + "/acme": github, "https://ghes.example/_services/token": github, "https://token.actions.acme.ghe.com": github, "https://gitlab.com": gitlab} {
		if got := (Pipeline{Issuer: issuer}).platform(); got != want {
			t.Errorf("%s is %s", issuer, got)
		}
	}
}

// TestGrantsAddUp: a job in several pipelines gets what each gives; in none, it is refused with each reason.
func TestGrantsAddUp(t *testing.T) {
	s := newStage(t, Pipeline{Repository: "group/*", Grants: gate}, Pipeline{Repository: "group/api", Refs: []string{"refs/heads/main"}, Grants: send})
	if p, err := s.bearer(t, s.issuer.sign("one", s.gitlabJob(nil))); err != nil || len(p.Grants) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := s.bearer(t, s.issuer.sign("one", s.gitlabJob(map[string]any{"ref": "topic"}))); err != nil || !cmp.Equal(p.Grants, gate) {
		t.Errorf("%+v, %v", p, err)
	}
	_, err := s.bearer(t, s.issuer.sign("one", s.gitlabJob(map[string]any{"project_path": "else/x"})))
	refused(t, err, tocsin.ErrUnauthenticated, "gitlab:else/x@refs/heads/main is in no pipeline: group/*: another repository; group/api: another repository")
}

// TestWhatAnIssuerSaysOfItself: addresses that it names are held to the same rule as its own, and keys are for what they are for.
func TestWhatAnIssuerSaysOfItself(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *fakeIssuer)
		kind   error
		word   string
	}{
		"plain keys":      {func(f *fakeIssuer) { f.about = map[string]any{"jwks_uri": "http://inside.example/keys"} }, tocsin.ErrUnavailable, "want https"},
		"plain tokens":    {func(f *fakeIssuer) { f.about = map[string]any{"token_endpoint": "http://inside.example/token"} }, tocsin.ErrUnavailable, "want https"},
		"file":            {func(f *fakeIssuer) { f.about = map[string]any{"jwks_uri": "file:///etc/passwd"} }, tocsin.ErrUnavailable, "want https"},
		"no keys":         {func(f *fakeIssuer) { f.about = map[string]any{"jwks_uri": ""} }, tocsin.ErrUnavailable, "want https"},
		"another issuer":  {func(f *fakeIssuer) { f.about = map[string]any{"issuer": "https://other.example"} }, tocsin.ErrUnavailable, "did not match"},
		"encryption keys": {func(f *fakeIssuer) { f.use = "enc" }, tocsin.ErrUnauthenticated, "no key"},
		"keys of any use": {func(f *fakeIssuer) { f.use = "" }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := withGitLab(t)
			c.change(s.issuer)
			_, err := s.bearer(t, s.issuer.sign("one", s.gitlabJob(nil)))
			if c.kind != nil {
				refused(t, err, c.kind, c.word)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRenew: other pipelines are let in, the issuer that is down meanwhile locks nobody out, failed attempts count on, and what is wrong is
// refused.
func TestRenew(t *testing.T) {
	s := withGitLab(t)
	job := s.issuer.sign("one", s.gitlabJob(nil))
	if _, err := s.bearer(t, job); err != nil {
		t.Fatal(err)
	}
	asked := s.issuer.asked()
	o := s.o
	o.Audience = ""
	if _, err := s.Renew(o); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("err = %v", err)
	}
	o.Audience, o.Pipelines = audience, []Pipeline{{Issuer: s.issuer.URL, Repository: "group/api", RepositoryID: "22", Grants: gate}}
	before := s.Authenticator
	var err error
	if s.Authenticator, err = before.Renew(o); err != nil {
		t.Fatal(err)
	}
	if p, err := s.bearer(t, job); err != nil || !cmp.Equal(p.Grants, gate) {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := before.Authenticate(bearing(job)); err != nil || !cmp.Equal(p.Grants, send) {
		t.Errorf("the one before: %+v, %v", p, err)
	}
	if n := s.issuer.asked(); n != asked {
		t.Errorf("the issuer was asked %d times more", n-asked)
	}
	for range burst {
		_, _ = before.Authenticate(bearing("tcs_x"))
	}
	if _, err := s.bearer(t, job); !errors.Is(err, tocsin.ErrLimited) {
		t.Errorf("attempts are forgotten: %v", err)
	}
}

func bearing(credential string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+credential)
	return r
}
