package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/auth"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// A token is made, tells its text once and nowhere else, and is ended. The audit log has each once.
func TestATokensLife(t *testing.T) {
	w := newWorld(t)
	rec := w.wants(201, asked{as: "admin", method: "POST", path: "/v1/tokens", header: asJSON,
		body: `{"name":"ci","expires_at":"2026-06-01T00:00:00Z","grants":[{"access":"sender","group":"pay"}]}`}, `"created_by":"admin"`, `"access":"sender"`)
	var made NewToken
	if err := json.Unmarshal(rec.Body.Bytes(), &made); err != nil || !strings.HasPrefix(made.Token, "tcs_"+made.ID) {
		t.Fatalf("%+v, %v", made, err)
	}
	if got := rec.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	r := httptest.NewRequest("GET", "/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+made.Token)
	if p, err := w.api.parts.Keys.(*auth.Authenticator).Authenticate(r); err != nil || p.ID != made.ID {
		t.Errorf("%+v, %v", p, err)
	}
	w.wants(200, asked{as: "admin", path: "/v1/tokens"}, made.ID, "!"+made.Token, "!hash", "TOKEN-pay", "!TOKEN-web")
	w.wants(204, asked{as: "admin", method: "DELETE", path: "/v1/tokens/" + made.ID})
	w.wants(404, asked{as: "admin", method: "DELETE", path: "/v1/tokens/" + made.ID})
	w.wants(200, asked{as: "admin", path: "/v1/tokens"}, `"revoked_at":"2026-03-01`)
	w.wants(200, asked{as: "all-admin", path: "/v1/audit?who=admin"}, made.ID, "!"+made.Token)
	log, err := w.store.AuditLog(t.Context(), store.AuditQuery{Target: made.ID})
	if err != nil || len(log) != 2 || log[0].What != "token.revoked" || log[1].What != "token.created" || log[1].Request == "" || len(w.entries) > 0 {
		t.Errorf("%+v, %v, and %+v", log, err, w.entries)
	}
	everything, _ := json.Marshal(log)
	if secret := made.Token[20:]; strings.Contains(w.log.String(), secret) || strings.Contains(string(everything), secret) {
		t.Error("the text of the token is told")
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	w := newWorld(t)
	const good = `{"name":"ci","expires_at":"2026-06-01T00:00:00Z","grants":[{"access":"gate","group":"pay"},{"access":"gate","group":"pay"}]}`
	for name, c := range map[string]struct {
		from, to string
		status   int
		field    string
	}{
		"of everything":      {`gate","group":"pay"}]`, `gate"}]`, 403, "/grants/1"},
		"of another group":   {`"pay"}]`, `"web"}]`, 403, "/grants/1"},
		"of any one project": {`gate","group":"pay"}]`, `gate","project":"pay/shop"}]`, 403, "/grants/1"},
		"admin elsewhere":    {`"gate","group":"pay"}]`, `"admin","group":"PAY"}]`, 403, "/grants/1"},
		"no access":          {`"gate","group":"pay"}]`, `"root","group":"pay"}]`, 400, "/grants/1/access"},
		"a broken group":     {`"pay"}]`, `"pay\u202e"}]`, 400, "/grants/1"},
		"nothing":            {`{"access":"gate","group":"pay"},{"access":"gate","group":"pay"}`, ``, 400, ""},
		"too much":           {`"grants":[`, `"grants":[` + strings.Repeat(`{"access":"gate","group":"pay"},`, 100), 400, ""},
		"no name":            {`"ci"`, `" "`, 400, ""},
		"a name that hides":  {`"ci"`, `"c\u202ei"`, 400, ""},
		"over":               {`2026-06`, `2026-01`, 400, ""},
		"for ever":           {`2026-06`, `2028-06`, 400, ""},
		"no time":            {`"2026-06-01T00:00:00Z"`, `"soon"`, 400, "/expires_at"},
		"an id of its own":   {`"name"`, `"id":"x","name"`, 400, "/id"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			p := problem(t, w.wants(c.status, asked{as: "admin", method: "POST", path: "/v1/tokens", header: asJSON, body: strings.Replace(good, c.from, c.to, 1)}))
			if p.Field != c.field || p.Detail == "" {
				t.Errorf("%+v, want field %q", p, c.field)
			}
		})
	}
	w.t = t
	w.wants(415, asked{as: "admin", method: "POST", path: "/v1/tokens", body: good})
	if all, err := w.store.Tokens(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}

// A token of more than one's own group is not there, even where a part of it is.
func TestTokensOverGroupsAreHidden(t *testing.T) {
	w := newWorld(t)
	both := tocsin.APIToken{ID: "BOTH", Name: "both", Grants: []tocsin.Grant{{Access: tocsin.AccessGate, Group: "pay"}, {Access: tocsin.AccessGate, Group: "web"}}, ExpiresAt: noon.Add(time.Hour)}
	if err := w.store.AddToken(t.Context(), both, "h", tocsin.AuditEntry{At: noon}); err != nil {
		t.Fatal(err)
	}
	w.wants(200, asked{as: "admin", path: "/v1/tokens"}, "!BOTH")
	absent := problem(t, w.wants(404, asked{as: "admin", method: "DELETE", path: "/v1/tokens/NONE"}))
	hidden := problem(t, w.wants(404, asked{as: "admin", method: "DELETE", path: "/v1/tokens/BOTH"}))
	if hidden.RequestID = absent.RequestID; hidden != absent {
		t.Errorf("%+v, want %+v", hidden, absent)
	}
	w.wants(200, asked{as: "all-admin", path: "/v1/tokens"}, "BOTH")
	w.wants(204, asked{as: "all-admin", method: "DELETE", path: "/v1/tokens/BOTH"})
	var got []string
	for cursor := ""; ; {
		var page Page[tocsin.APIToken]
		if err := json.Unmarshal(w.wants(200, asked{as: "all-admin", path: "/v1/tokens?limit=1&cursor=" + cursor}).Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, token := range page.Items {
			got = append(got, token.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, []string{"TOKEN-pay", "TOKEN-web", "BOTH"}) {
		t.Errorf("%v", got)
	}
}

func TestPeopleAreChanged(t *testing.T) {
	w := newWorld(t)
	at := "/v1/people/ADA"
	put := func(status int, body string, texts ...string) {
		t.Helper()
		w.wants(status, asked{as: "all-admin", method: "PUT", path: at, body: body, header: asJSON}, texts...)
	}
	put(200, `{"grants":[{"access":"security","group":"pay"}],"disabled":false}`, `"access":"security"`, `"claimed":[{"access":"viewer"}]`)
	w.wants(200, asked{as: "all-admin", path: at}, `"access":"security"`)
	put(400, `{"disabled":true}`, "/grants")
	put(400, `{"grants":null,"disabled":true}`, "/grants")
	put(400, `{"grants":[{"access":"x"}],"disabled":true}`, "/grants/0/access")
	put(400, `{"grants":[]}`, "/disabled")
	put(400, `{"grants":[],"name":"x"}`, "/name")
	if _, err := w.store.Session(t.Context(), "s"); err != nil {
		t.Errorf("the session has ended: %v", err)
	}
	w.wants(204, asked{as: "all-admin", method: "POST", path: at + "/sign-out"})
	if _, err := w.store.Session(t.Context(), "s"); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("the session goes on: %v", err)
	}
	put(200, `{"grants":[],"disabled":true}`, `"disabled":true`, `"grants":[]`)
	for _, id := range []string{"EVE", "%00", "..%2FADA"} {
		at = "/v1/people/" + id
		put(404, `{"grants":[]}`)
		w.wants(404, asked{as: "all-admin", method: "POST", path: at + "/sign-out"})
		w.wants(404, asked{as: "all-admin", path: at})
	}
	var got []string
	log, err := w.store.AuditLog(t.Context(), store.AuditQuery{Target: "ADA"})
	for _, e := range log {
		got = append(got, e.What+" by "+e.Who)
	}
	if want := []string{"person.changed by all-admin", "sessions.ended by all-admin", "person.changed by all-admin"}; err != nil || !slices.Equal(got, want) || len(w.entries) > 0 {
		t.Errorf("%v, %v, and %+v", got, err, w.entries)
	}
}

func TestMe(t *testing.T) {
	w := newWorld(t)
	w.wants(200, asked{as: "gate", path: "/v1/me"}, `"name":"gate"`, `"may":["gate"]`, `"group":"pay"`)
	w.wants(200, asked{as: "bot-all-admin", path: "/v1/me"}, `"kind":"token"`, `"may":["gate","send","read","respond","manage","rule"]`)
}

// The audit log is read page by page, and who rules a group reads of its projects only.
func TestTheAuditLogIsRead(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		if err := w.store.Audit(t.Context(), tocsin.AuditEntry{At: noon.Add(time.Hour), Who: "Eve", WhoID: "EVE", What: fmt.Sprint("w", i), Project: "pay/shop"}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"as=all-admin&":                        "w2 w1 w0 rescanProject rescanProject token.created token.created person.signed_in",
		"as=admin&":                            "w2 w1 w0 rescanProject",
		"as=web-admin&":                        "rescanProject",
		"as=web-admin&project=pay/shop&":       "",
		"as=admin&what=w1&":                    "w1",
		"as=all-admin&who=EVE&":                "w2 w1 w0",
		"as=all-admin&who=Ada&":                "rescanProject rescanProject person.signed_in",
		"as=all-admin&project=web/site&":       "rescanProject",
		"as=admin&since=2026-03-01T12:30:00Z&": "w2 w1 w0",
	} {
		as, query, _ := strings.Cut(strings.TrimPrefix(query, "as="), "&")
		for _, limit := range []string{"1", "2", "500"} {
			var got []string
			for cursor := ""; ; {
				var page Page[tocsin.AuditEntry]
				if err := json.Unmarshal(w.wants(200, asked{as: as, path: "/v1/audit?" + query + "limit=" + limit + "&cursor=" + cursor}).Body.Bytes(), &page); err != nil {
					t.Fatal(err)
				}
				for _, e := range page.Items {
					got = append(got, e.What)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if !slices.Equal(got, strings.Fields(want)) {
				t.Errorf("%s as %s, by %s: %v, want %s", query, as, limit, got, want)
			}
		}
	}
	w.wants(400, asked{as: "admin", path: "/v1/audit?since=x"}, `"field":"since"`)
	w.wants(400, asked{as: "admin", path: "/v1/audit?cursor=x"}, `"field":"cursor"`)
}

func TestJobs(t *testing.T) {
	w := newWorld(t)
	w.wants(200, asked{as: "all-admin", path: "/v1/jobs?state=parked"}, `"id":7`, "it rains", "!feeds")
	w.wants(200, asked{as: "all-admin", path: "/v1/jobs?kind=feeds"}, `"id":8`, "!rains")
	w.wants(200, asked{as: "all-admin", path: "/v1/jobs?state=running"}, `"items":[]`)
	w.wants(204, asked{as: "all-admin", method: "POST", path: "/v1/jobs/7/retry"})
	for _, id := range []string{"9", "x", "-7", "0", "99999999999999999999"} {
		w.wants(404, asked{as: "all-admin", method: "POST", path: "/v1/jobs/" + id + "/retry"})
	}
	if !slices.Equal(w.retried, []int64{7}) || w.entries[0].What != "retryJob" || w.entries[0].On != "7" {
		t.Errorf("%v, %+v", w.retried, w.entries)
	}
}

// What others say of themselves is told with when to come back.
func TestErrorsThatPass(t *testing.T) {
	for err, want := range map[error]string{
		fmt.Errorf("x: %w", &tocsin.LimitedError{RetryAfter: 1500 * time.Millisecond}): "429 too-many-attempts 2",
		&tocsin.LimitedError{}: "429 too-many-attempts 1",
		fmt.Errorf("the issuer at 10.0.0.1: %w", tocsin.ErrUnavailable): "503 unavailable 5",
		busy("x"): "503 busy 2",
		&auth.Refusal{Kind: tocsin.ErrUnavailable, Reason: "10.0.0.1"}: "503 unavailable 5",
	} {
		p, h := describe(err, "id")
		if got := fmt.Sprintf("%d %s %s", p.Status, strings.TrimPrefix(p.Type, page), h.Get("Retry-After")); got != want || p.Fix == "" || strings.Contains(p.Detail, "10.0.0.1") {
			t.Errorf("%v: %s, want %s: %+v", err, got, want, p)
		}
	}
}
