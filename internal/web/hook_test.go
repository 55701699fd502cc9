package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

const hookSecret = "hush, hush"

func signature(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// hook is a webhook as GitHub sends it.
func hook(event, id, body string) asked {
	return asked{method: "POST", path: "/v1/hooks/github", body: body, header: map[string]string{
		"Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": id, "X-Hub-Signature-256": signature(hookSecret, body),
	}}
}

func pushOf(repository, ref string) string {
	return fmt.Sprintf(`{"ref":%q,"deleted":false,"commits":[{"id":"1","message":"x"}],"repository":{"full_name":%[2]q,"html_url":"https://git.example/%[2]s","default_branch":"main"}}`, ref, repository)
}

// A push has those projects looked at that follow the branch, once, however often it is delivered.
func TestPushes(t *testing.T) {
	w := newWorld(t)
	for slug, s := range map[string]tocsin.ProjectSource{
		"h-api":      {Kind: tocsin.SourceGitHub, Location: "Acme/Shop"},
		"h-branch":   {Kind: tocsin.SourceGitHub, Location: "acme/shop", Ref: "release/2"},
		"h-full":     {Kind: tocsin.SourceGitHub, Location: "acme/shop", Ref: "refs/heads/release/2"},
		"h-commit":   {Kind: tocsin.SourceGitHub, Location: "acme/shop", Ref: "0123456789012345678901234567890123456789"},
		"h-folder":   {Kind: tocsin.SourceGit, Location: "https://GIT.example/ACME/shop.git", Folder: "api"},
		"h-graph":    {Kind: tocsin.SourceGitHubSBOM, Location: "acme/SHOP"},
		"h-tag":      {Kind: tocsin.SourceGit, Location: "https://git.example/acme/shop", Ref: "v1"},
		"h-elsehost": {Kind: tocsin.SourceGit, Location: "https://mirror.example/acme/shop"},
		"h-deeper":   {Kind: tocsin.SourceGit, Location: "https://git.example/x/acme/shop"},
		"h-document": {Kind: tocsin.SourceURL, Location: "https://git.example/acme/shop"},
		"h-other":    {Kind: tocsin.SourceGitHub, Location: "acme/shop-2"},
	} {
		if err := w.store.PutProject(t.Context(), tocsin.Watched{Project: tocsin.Project{Slug: slug, Repository: "acme/shop"}, Source: s}, noon); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []struct{ body, want string }{
		{pushOf("acme/shop", "refs/heads/main"), "h-api h-folder h-graph"},
		{pushOf("ACME/SHOP", "refs/heads/main"), "h-api h-folder h-graph"},
		{pushOf("acme/shop", "refs/heads/release/2"), "h-branch h-full"},
		{pushOf("acme/shop", "refs/tags/v1"), "h-tag"},
		{pushOf("acme/shop", "refs/tags/main"), ""},
		{pushOf("acme/shop", "refs/heads/MAIN"), ""},
		{pushOf("acme/shop", "main"), ""},
		{pushOf("pay/shop", "refs/heads/main"), "pay/shop"},
		{pushOf("nobody/here", "refs/heads/main"), ""},
		{strings.Replace(pushOf("acme/shop", "refs/heads/main"), "false", "true", 1), ""},
		{strings.Replace(pushOf("acme/shop", "refs/heads/main"), `https://git.example/acme`, `https://git.example/evil`, 1), "h-api h-graph"},
		{strings.Replace(pushOf("acme/shop", "refs/heads/main"), `"x"`, `"\ud800 `+"\xff"+`"`, 1), "h-api h-folder h-graph"},
	} {
		w.looks = nil
		id := fmt.Sprint("push-", i)
		w.wants(202, hook("push", id, c.body), `"taken"`, "!h-")
		if !slices.Equal(w.looks, strings.Fields(c.want)) {
			t.Errorf("%s: %v, want %s", c.body, w.looks, c.want)
		}
		w.looks = nil
		w.wants(200, hook("push", id, c.body), `"seen"`)                                  // again
		w.wants(200, hook("push", "another", c.body), `"seen"`)                           // by a thief, who may give it another id
		w.wants(200, hook("push", id, pushOf("acme/shop", "refs/heads/other")), `"seen"`) // under a known id
		if len(w.looks) > 0 {
			t.Errorf("%s: again: %v", c.body, w.looks)
		}
	}
	if len(w.entries) > 0 {
		t.Errorf("nobody did anything: %+v", w.entries)
	}
}

// What failed is delivered again, and then done.
func TestFailedPushesMayComeAgain(t *testing.T) {
	w := newWorld(t)
	q := hook("push", "d-1", pushOf("pay/shop", "refs/heads/main"))
	w.fail = errors.New("it rains")
	w.wants(500, q, "!rains")
	w.fail = nil
	w.wants(202, q)
	if !slices.Equal(w.looks, []string{"pay/shop"}) {
		t.Errorf("%v", w.looks)
	}
	w.wants(200, q)
}

// Events that nothing is done about say so, each time they are delivered.
func TestOtherEvents(t *testing.T) {
	w := newWorld(t)
	w.wants(204, hook("ping", "p", `{"zen":"x"}`))
	for _, event := range []string{"repository", "star", "pull_request", "something_new"} {
		for range 2 {
			w.wants(202, hook(event, "d-"+strings.ReplaceAll(event, "_", "-"), pushOf("pay/shop", "refs/heads/main")), `"nothing"`, event)
		}
	}
	if len(w.looks) > 0 {
		t.Errorf("%v", w.looks)
	}
}

// What was not signed with the secret, or is no push, does nothing, and the answer has no secret in it.
func TestHooksThatMeanNoGood(t *testing.T) {
	body := pushOf("pay/shop", "refs/heads/main")
	good := signature(hookSecret, body)
	with := func(name, value string) asked {
		q := hook("push", "d-1", body)
		q.header = maps.Clone(q.header)
		q.header[name] = value
		return q
	}
	signed := func(body string) asked { return hook("push", "d-1", body) }
	changed := hook("push", "d-1", body)
	changed.body = strings.Replace(body, "pay/shop", "web/site", 1)
	added := hook("push", "d-1", body)
	added.body += " "
	sha1 := with("X-Hub-Signature-256", "")
	sha1.header["X-Hub-Signature"] = "sha1=" + strings.Repeat("a", 40)
	queried := hook("push", "d-1", body)
	queried.path += "?secret=x"
	huge := hook("push", "d-1", strings.Repeat(" ", maxHook)+body)
	for name, c := range map[string]struct {
		q      asked
		status int
		want   string
	}{
		"no signature":           {with("X-Hub-Signature-256", ""), 401, "SHA-256"},
		"sha1 only":              {sha1, 401, "SHA-256"},
		"sha1 in its place":      {with("X-Hub-Signature-256", "sha1="+strings.Repeat("a", 40)), 401, "SHA-256"},
		"no hex":                 {with("X-Hub-Signature-256", "sha256="+strings.Repeat("x", 64)), 401, "SHA-256"},
		"truncated":              {with("X-Hub-Signature-256", good[:len(good)-2]), 401, "SHA-256"},
		"empty digest":           {with("X-Hub-Signature-256", "sha256="), 401, "SHA-256"},
		"too long":               {with("X-Hub-Signature-256", good+"00"), 401, "SHA-256"},
		"another secret":         {with("X-Hub-Signature-256", signature("guess", body)), 401, "not signed with"},
		"no secret":              {with("X-Hub-Signature-256", signature("", body)), 401, "not signed with"},
		"a changed body":         {changed, 401, "not signed with"},
		"a longer body":          {added, 401, "not signed with"},
		"of another body":        {with("X-Hub-Signature-256", signature(hookSecret, "{}")), 401, "not signed with"},
		"a form":                 {with("Content-Type", "application/x-www-form-urlencoded"), 415, "application/json"},
		"packed":                 {with("Content-Encoding", "gzip"), 415, "application/json"},
		"no event":               {with("X-GitHub-Event", ""), 400, "X-GitHub-Event"},
		"an odd event":           {with("X-GitHub-Event", "push\" x"), 400, "X-GitHub-Event"},
		"an event in capitals":   {with("X-GitHub-Event", "PUSH"), 400, "X-GitHub-Event"},
		"an event with a path":   {with("X-GitHub-Event", "../push"), 400, "X-GitHub-Event"},
		"a long event":           {with("X-GitHub-Event", strings.Repeat("a", 65)), 400, "X-GitHub-Event"},
		"no id":                  {with("X-GitHub-Delivery", ""), 400, "X-GitHub-Delivery"},
		"an odd id":              {with("X-GitHub-Delivery", "a b"), 400, "X-GitHub-Delivery"},
		"a query":                {queried, 400, "no such parameter"},
		"huge":                   {huge, 413, fmt.Sprint(maxHook)},
		"no JSON":                {signed("payload=x"), 400, "no push"},
		"torn":                   {signed(body[:40]), 400, "no push"},
		"deep":                   {signed(`{"commits":` + strings.Repeat("[", 1<<20)), 400, "no push"},
		"deep and whole":         {signed(`{"commits":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`), 400, "no push"},
		"twice":                  {signed(strings.Replace(body, `"full_name"`, `"full_name":"a/b","full_name"`, 1)), 400, "no push"},
		"a list":                 {signed(`[]`), 400, "no push"},
		"no repository":          {signed(`{"ref":"refs/heads/main"}`), 400, "full_name"},
		"a name that climbs":     {signed(pushOf("../../etc", "refs/heads/main")), 400, "full_name"},
		"a name with a path":     {signed(pushOf("pay/shop/x", "refs/heads/main")), 400, "full_name"},
		"a name that climbs two": {signed(pushOf("pay/..", "refs/heads/main")), 400, "full_name"},
		"a pattern":              {signed(pushOf("%/%", "refs/heads/main")), 400, "full_name"},
		"a long name":            {signed(pushOf("pay/"+strings.Repeat("a", 1<<20), "refs/heads/main")), 400, "full_name"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.wants(c.status, c.q, c.want, "!"+hookSecret, "!"+strings.TrimPrefix(good, "sha256="))
			if len(w.looks) > 0 || strings.Contains(w.log.String(), hookSecret) {
				t.Errorf("%v: %s", w.looks, w.log)
			}
			w.wants(202, hook("push", "d-1", body), "taken") // what was refused is not taken for seen
		})
	}
	none := newWorld(t, func(o *Options) { o.HookSecret = secret.Value{} })
	none.wants(404, hook("push", "d-1", body))
	none.wants(404, with("X-Hub-Signature-256", signature("", body)))
}

// What a push has besides is passed over, however much it is.
func TestLargePushes(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	b.WriteString(`{"x":[`)
	for range 1 << 18 {
		b.WriteString(`{"a":[]},`)
	}
	b.WriteString(`0],` + pushOf("pay/shop", "refs/heads/main")[1:])
	w.wants(202, hook("push", "d-1", b.String()), "taken")
}

func TestHooksAreLimitedByAddress(t *testing.T) {
	from := netip.MustParseAddr("2001:db8::1")
	w := newWorld(t, func(o *Options) { o.Address = func(*http.Request) netip.Addr { return from } })
	q := asked{method: "POST", path: "/v1/hooks/github"}
	for range hookBurst {
		w.wants(415, q)
	}
	if rec := w.wants(429, q, "too-many-requests"); rec.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", rec.Header().Get("Retry-After"))
	}
	from = netip.MustParseAddr("2001:db8::2")
	w.wants(429, q) // of the same network
	from = netip.MustParseAddr("2001:db8:0:1::1")
	w.wants(415, q)
	w.wants(200, asked{as: "viewer", path: "/v1/feeds"}) // those who are signed in have their own
}
