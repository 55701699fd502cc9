package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// opened is what the demonstration says once somebody can come in.
var opened = pattern.Lazy(`Open (http://127\.0\.0\.1:\d+) and sign in`)

// TestDemoServe: the demonstration opens in the midst of an emergency, and who signs in as ada is who commands it.
func TestDemoServe(t *testing.T) {
	h := openHouse(t)
	base := h.base
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: time.Minute}
	read := func(resp *http.Response, err error) (*url.URL, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v\n%s", resp.Request.URL, resp.Status, err, text)
		}
		return resp.Request.URL, string(text)
	}
	get := func(path string, into any) {
		t.Helper()
		if _, text := read(client.Get(base + path)); into != nil {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatalf("%s: %v\n%s", path, err, text)
			}
		}
	}
	at, page := read(client.Get(base + "/auth/login?next=/v1/me"))
	if !strings.Contains(page, "Commands the emergency") || !strings.Contains(page, `value="u-1"`) {
		t.Errorf("the page of the issuer:\n%s", page)
	}
	read(client.PostForm(at.String(), url.Values{"person": {"u-1"}}))
	var me web.Me
	if get("/v1/me", &me); me.Name != "ada" || !me.MaySomewhere(tocsin.MayManage) {
		t.Errorf("%+v", me)
	}
	var list struct{ Items []tocsin.Incident }
	get("/v1/incidents?limit=100", &list)
	states := map[string]tocsin.Incident{}
	for _, i := range list.Items {
		states[i.Key] = i
	}
	if i := states[over]; i.State != tocsin.StateReviewed || len(i.Review.Actions) != 2 {
		t.Errorf("the emergency of last month is %s: %+v", i.State, i.Review)
	}
	i := states[running]
	if i.State != tocsin.StateContained || i.Role(tocsin.RoleCommander).Holder != (tocsin.Actor{ID: me.ID, Name: "ada"}) {
		t.Errorf("it is %s, led by %+v, and ada is %s", i.State, i.Role(tocsin.RoleCommander), me.ID)
	}
	if r := i.Role(tocsin.RoleRelease); r.Holder.ID != "" || r.Offered.Name != "grace" {
		t.Errorf("the role that is offered: %+v", r)
	}
	if until := time.Until(i.NextUpdate); until <= 0 || until > time.Hour {
		t.Errorf("the next update is due in %s", until)
	}
	status := map[tocsin.ProjectStatus]int{}
	for _, p := range i.Projects {
		status[p.Status]++
	}
	if status[tocsin.ProjectAffected] != 2 || status[tocsin.ProjectPatched] != 1 {
		t.Errorf("projects: %v", status)
	}
	if m := i.Messages[len(i.Messages)-1]; m.Audience != tocsin.AudiencePublic || !m.SentAt.IsZero() {
		t.Errorf("the message that waits: %+v", m)
	}
	var actions struct {
		Items []struct {
			Action    tocsin.Action
			State     tocsin.ActionState
			Approvals []any
		}
	}
	if get("/v1/actions?kind=advisory-draft&state=waiting&incident="+running, &actions); len(actions.Items) != 1 {
		t.Errorf("%d drafts wait", len(actions.Items))
	}
	code, text := h.end()
	if code != exitPass {
		t.Errorf("it ended with %d", code)
	}
	if !strings.Contains(text, "Ctrl-C") || !strings.Contains(text, "barbara") {
		t.Errorf("it said:\n%s", text)
	}
	for line := range strings.Lines(h.stderr.String()) { // the job engine, told to end while it begins, says so
		if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "context canceled") {
			t.Errorf("it complained: %s", line)
		}
	}
}

// TestDemoServeRefuses: nobody else reaches what needs no password.
func TestDemoServeRefuses(t *testing.T) {
	for _, at := range []string{"0.0.0.0:0", ":8080", "192.0.2.1:80", "localhost:0", "[::]:0"} {
		call(t, "demo", "--serve", "--listen", at).wants(t, exitUsage, "without a password")
	}
	call(t, "demo", "--serve", "--listen", "here").wants(t, exitUsage, "want address:port")
	call(t, "demo", "--listen", "127.0.0.1:9").wants(t, exitUsage, "--listen is for --serve")
}
