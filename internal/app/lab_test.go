package app_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// A desk asks a service over HTTP, by one token for each access.
type desk struct {
	t      *testing.T
	h      http.Handler
	tokens map[string]string
}

func (s *served) desk(grants map[string]tocsin.Grant) *desk {
	s.t.Helper()
	server, who, err := s.app.API(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	d := &desk{t: s.t, h: server.Handler, tokens: map[string]string{}}
	admin := tocsin.Principal{Name: "boss", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin}}}
	for name, g := range grants {
		token, _, err := who.CreateToken(s.t.Context(), admin, tocsin.TokenRequest{Name: name, Grants: []tocsin.Grant{g}, ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			s.t.Fatal(err)
		}
		d.tokens[name] = token.Reveal()
	}
	return d
}

// wants asks, with a form or a JSON body if there is one, and looks for texts in the answer; after "!" they must not be there.
func (d *desk) wants(as, method, path string, body any, status int, texts ...string) string {
	d.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	switch b := body.(type) {
	case url.Values:
		r = httptest.NewRequest(method, path, strings.NewReader(b.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case nil:
	default:
		text, err := json.Marshal(b)
		if err != nil {
			d.t.Fatal(err)
		}
		r = httptest.NewRequest(method, path, strings.NewReader(string(text)))
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+d.tokens[as])
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, r)
	got := rec.Body.String()
	if rec.Code != status {
		d.t.Errorf("%s %s as %s: %d, want %d: %.2000s", method, path, as, rec.Code, status, got)
	}
	for _, text := range texts {
		if without, ok := strings.CutPrefix(text, "!"); ok && strings.Contains(got, without) || !ok && !strings.Contains(got, text) {
			d.t.Errorf("%s %s as %s: want %q in %.6000s", method, path, as, text, got)
		}
	}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") && len(got) > 100_000 {
		d.t.Errorf("%s %s has %d bytes", method, path, len(got))
	}
	return rec.Header().Get("Location")
}

// A laboratory is a service with one project, a flaw in it that all know of and one under embargo, a policy in the shadow that has tests, and one without.
func newLaboratory(t *testing.T) (*served, *desk) {
	t.Helper()
	s := &served{t: t, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.dir, "feed"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"loud.yaml":      strings.Replace(loudPolicy, "policy: loud\n", "policy: loud\nabout: Everything is an issue.\n", 1),
		"loud_test.yaml": "policy: loud\ncases:\n  - {name: any, want: {response: issue}}\n",
		"other.yaml":     "policy: other\ngate: {default: pass}\n",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// What is known from a feed of our own only is under embargo.
	s.record("ACME-2026-1", "chalk", "5.0.1")
	if err := errors.Join(os.Mkdir(filepath.Join(s.dir, "own"), 0o755), os.Rename(filepath.Join(s.dir, "feed", "ACME-2026-1.json"), filepath.Join(s.dir, "own", "ACME-2026-1.json"))); err != nil {
		t.Fatal(err)
	}
	s.record("GHSA-aaaa-aaaa-aaaa", "lodash", "4.17.21")
	s.lock("shop", "lodash 4.17.20, chalk 5.0.0")
	s.adapt = func(c *config.Config, o *app.Options) {
		c.Policies = []string{"release-gate", "emergency", filepath.Join(s.dir, "loud.yaml"), filepath.Join(s.dir, "other.yaml")}
		c.Projects[0].Group = "pay"
		c.Advisories = append(c.Advisories, config.Feed{Name: "own", From: filepath.Join(s.dir, "own")})
		c.Service = config.Service{URL: "http://localhost"}
	}
	s.start(store.Path(t.TempDir()))
	d := s.desk(map[string]tocsin.Grant{
		"viewer": {Access: tocsin.AccessViewer}, "pay": {Access: tocsin.AccessViewer, Group: "pay"}, "web": {Access: tocsin.AccessViewer, Group: "web"}, "gate": {Access: tocsin.AccessGate},
		"security": {Access: tocsin.AccessSecurity},
	})
	eventually(t, "the folder is read and judged", func() bool { return strings.Count(s.standing("shop"), "\n") == 2 })
	return s, d
}

// TestLab: what people and programs do in the lab, and who may.
func TestLab(t *testing.T) {
	s, d := newLaboratory(t)
	defer s.stop()
	for name, story := range map[string]func(*testing.T, *desk){"policies": policyPages, "editor": policyLab, "replays": replayPages} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			story(t, d)
		})
	}
}

// policyPages: what is loaded is told with its text, its tests and how it fares in the shadow.
func policyPages(_ *testing.T, d *desk) {
	d.wants("pay", "GET", "/policies", nil, 200, "Everything is an issue.", "agreed on 0 of 1 finding", "release-gate", `href="/policies/loud?mode=shadow"`)
	d.wants("pay", "GET", "/policies/loud?mode=shadow", nil, 200, "!ACME-2026-1")
	d.wants("security", "GET", "/policies/loud?mode=shadow", nil, 200, "GHSA-aaaa-aaaa-aaaa", "ACME-2026-1")
	d.wants("web", "GET", "/policies", nil, 200, "nothing that you see yet")
	d.wants("gate", "GET", "/policies", nil, 403)
	d.wants("pay", "GET", "/policies/loud?mode=shadow", nil, 200, "all hold", "1 case.", `data-n="1">policy: loud`, "GHSA-aaaa-aaaa-aaaa", `href="/policies/loud/edit?mode=shadow"`, "One more")
	d.wants("web", "GET", "/policies/loud?mode=shadow", nil, 200, "It differed nowhere that you can see.", "!GHSA-aaaa")
	d.wants("web", "GET", "/policies/emergency", nil, 200, "all hold", "malware-corroborated")
	d.wants("web", "GET", "/policies/other", nil, 200, "There are none beside it.")
	d.wants("web", "GET", "/policies/none", nil, 404)
	d.wants("web", "GET", "/v1/policies/other", nil, 200, `"text":"policy: other`, `!"cases"`)
}

// policyLab: what is typed stays, what is wrong is told with its line, and a finding is explained both ways.
func policyLab(t *testing.T, d *desk) {
	d.wants("pay", "GET", "/policies/lab", nil, 200, "policy: team", `data-check="/v1/policies/check"`, `!id="answer"`)
	d.wants("pay", "GET", "/policies/lab?project=shop&class=CVE-1&package=left", nil, 200, `name="project" value="shop"`, `name="class" value="CVE-1"`, `name="package" value="left"`)
	d.wants("pay", "GET", "/policies/loud/edit?mode=shadow", nil, 200, "Everything is an issue.", "name: any")
	d.wants("pay", "GET", "/policies/none/edit", nil, 404)
	try := func(as string, status int, do, text string, more url.Values, wants ...string) {
		t.Helper()
		f := url.Values{"do": {do}, "text": {strings.ReplaceAll(text, "\n", "\r\n")}}
		for name, v := range more {
			f[name] = v
		}
		d.wants(as, "POST", "/policies/lab", f, status, wants...)
	}
	bad := "policy: x\n# <b>&\ngate:\n  default: pass\n  rules:\n    - {name: r, when: 'advisory.kve', then: fail, because: b}\n"
	for _, do := range []string{"check", "test", "explain", "wat"} {
		try("pay", 200, do, bad, nil, "1 thing wrong", `<a href="#L6">line 6, column`, `id="L6"`, "did you mean kev?", "# &lt;b&gt;&amp;", "!<b>")
	}
	good := strings.Replace(bad, "kve", "kev", 1)
	try("pay", 200, "check", good, nil, "The types are right")
	try("pay", 200, "test", good, url.Values{"cases": {"policy: x\ncases:\n  - {name: a, want: {gate: fail}}\n"}}, "1 failed", `id="answer" tabindex="-1" aria-labelledby="h-answer" data-tone="bad"`, "cases:3: a: gate: want &#34;fail&#34;, got &#34;pass&#34;", "gate: r")
	try("pay", 200, "test", good, url.Values{"cases": {"policy: x\ncases: 3\n"}}, "The cases cannot be read", `id="C2"`)
	try("pay", 200, "explain", "policy: x\nresponse: {default: hold}\n", url.Values{"project": {"shop"}, "class": {"GHSA-aaaa-aaaa-aaaa"}}, "lodash 4.17.20", "x: response", "Decided now", "With this policy", `data-tone="warn">hold`)
	try("pay", 404, "explain", good, url.Values{"project": {"shop"}, "package": {"chalk"}}, "no finding like that", "# &lt;b&gt;&amp;", `value="chalk"`)
	try("pay", 404, "explain", good, url.Values{"project": {"shop"}, "class": {"ACME-2026-1"}}, "no finding like that")
	try("security", 200, "explain", good, url.Values{"project": {"shop"}, "class": {"ACME-2026-1"}}, "chalk 5.0.0")
	try("web", 404, "explain", good, url.Values{"project": {"shop"}}, "There is no such thing")
	try("pay", 400, "explain", good, nil, "which project has the finding")
	try("gate", 403, "check", good, nil)
	try("pay", 413, "check", strings.Repeat("a", 70_000), nil, "too large")
	try("pay", 400, "check", strings.Repeat("a", 200_000), nil)
	d.wants("pay", "POST", "/v1/policies/explain", web.PolicyQuestion{Text: good, Project: "shop"}, 200, `"gate_rule":"release-gate/`, `"more":0`)
}

// replayPages: a policy is replayed over what the service kept, beside what is in force, and only by those who see all of it.
func replayPages(t *testing.T, d *desk) {
	text := "policy: strict\nlet: [{name: floor, be: 0.5}]\ngate:\n  default: pass\n  rules:\n    - {name: high, when: 'advisory.epss >= floor() || finding.status == \"affected\"', then: fail, because: b}\nresponse:\n  default: none\n  rules:\n    - {name: all, when: 'finding.status == \"affected\"', then: emergency, severity: high, playbook: vulnerable-dependency, because: of it}\n"
	d.wants("pay", "GET", "/replays", nil, 403)
	d.wants("pay", "POST", "/replays", url.Values{"policy": {"emergency enforce"}}, 403)
	d.wants("viewer", "GET", "/replays?policy=loud&mode=shadow", nil, 200, "Nothing was replayed yet", `<option value="loud shadow" selected>`)
	d.wants("viewer", "POST", "/replays", url.Values{"text": {"policy: <x>"}, "days": {"90"}}, 400, "policy: &lt;x&gt;", "decides nothing", `value="90"`)
	d.wants("viewer", "POST", "/replays", url.Values{"policy": {"emergency enforce"}, "days": {"many"}}, 400, "no number of days", `<option value="emergency enforce" selected>`)
	d.wants("viewer", "POST", "/replays", url.Values{"policy": {"emergency enforce"}, "number": {"likely_epss"}, "from": {"low"}}, 400, "no number.")

	at := d.wants("viewer", "POST", "/replays", url.Values{"text": {strings.ReplaceAll(text, "\n", "\r\n")}, "days": {"30"}}, 303)
	whole := d.wants("security", "POST", "/replays", url.Values{"text": {text}, "days": {"30"}}, 303)
	swept := d.wants("viewer", "POST", "/replays", url.Values{"text": {text}, "since": {"2026-01-01"}, "number": {"floor"}, "from": {"0.1"}, "to": {"0.9"}}, 303)
	over := func(path string) bool {
		var r web.Replay
		req := httptest.NewRequest("GET", "/v1"+path, nil)
		req.Header.Set("Authorization", "Bearer "+d.tokens["security"])
		rec := httptest.NewRecorder()
		d.h.ServeHTTP(rec, req)
		if err := json.Unmarshal(rec.Body.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		return r.State.Over()
	}
	eventually(t, "all are replayed", func() bool { return over(at) && over(whole) && over(swept) })
	d.wants("viewer", "GET", at, nil, 200, "<strong>1</strong>", "gained", "GHSA-aaaa-aaaa-aaaa", "!http-equiv", "Forget it", "!under embargo", "!ACME-2026-1")
	d.wants("viewer", "GET", "/replays", nil, 200, "strict", "done")
	d.wants("viewer", "GET", swept, nil, 200, "floor at other values", "The file has 0.5.", "<th scope=\"row\">0.9</th>", "!under embargo")
	d.wants("security", "GET", whole, nil, 200, "<strong>2</strong>", "under embargo", "ACME-2026-1")
	for _, path := range []string{whole, whole + "/page", "/v1" + whole} {
		d.wants("viewer", "GET", path, nil, 404)
	}
	d.wants("viewer", "GET", "/replays", nil, 200, "!"+whole)
	d.wants("viewer", "GET", at+"/page", nil, 200, "<style>", "GHSA-aaaa-aaaa-aaaa", "!ACME-2026-1", "!<script", "! style=")
	d.wants("viewer", "GET", swept+"/page", nil, 200, "<polyline")
	d.wants("pay", "GET", at, nil, 403)
	d.wants("pay", "GET", at+"/page", nil, 403)
	d.wants("viewer", "POST", whole, nil, 303) // as if it were gone already
	d.wants("security", "GET", whole, nil, 200)
	d.wants("nobody", "GET", at+"/page", nil, 303)
	d.wants("viewer", "POST", at, nil, 303)
	d.wants("viewer", "GET", at, nil, 404)
	d.wants("viewer", "GET", at+"/page", nil, 404)
}
