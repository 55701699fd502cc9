package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

var asJSON = map[string]string{"Content-Type": "application/json"}

const aProjectBody = `{"group":"pay","criticality":"low","exposure":"internal","visibility":"private","source":{"kind":"git","location":"https://git.example/x","every":"6h"}}`

// A project is made, read, changed by who read it last, and ended.
func TestAProjectsLife(t *testing.T) {
	w := newWorld(t)
	at := "/v1/projects/pay%2Fnew"
	made := w.wants(201, asked{as: "security", method: "PUT", path: at, body: aProjectBody, header: asJSON}, `"slug":"pay/new"`, `"every":"6h0m0s"`, `"managed":"api"`)
	read := w.wants(200, asked{as: "viewer", path: at})
	tag := read.Header().Get("ETag")
	if tag == "" || made.Header().Get("ETag") != tag {
		t.Errorf("ETag %q when made, %q when read", made.Header().Get("ETag"), tag)
	}
	w.wants(304, asked{as: "viewer", path: at, header: map[string]string{"If-None-Match": `"x", W/` + tag}})
	put := func(status int, header, value string) string {
		t.Helper()
		return w.wants(status, asked{as: "security", method: "PUT", path: at, body: strings.Replace(aProjectBody, "low", "high", 1),
			header: map[string]string{"Content-Type": "application/json", header: value}}).Header().Get("ETag")
	}
	put(412, "If-None-Match", "*")
	put(412, "If-Match", `"other"`)
	if put(200, "If-Match", tag) == tag {
		t.Error("what changed has the same tag")
	}
	put(412, "If-Match", tag)
	w.wants(200, asked{as: "viewer", path: at}, `"criticality":"high"`)
	w.wants(202, asked{as: "sender", method: "POST", path: at + "/rescan"})
	w.wants(204, asked{as: "security", method: "DELETE", path: at})
	w.wants(404, asked{as: "security", method: "DELETE", path: at})
	put(412, "If-Match", "*")
	var kept []string
	for _, e := range w.entries {
		kept = append(kept, e.What+" "+e.On+" "+e.Name)
	}
	want := []string{"putProject pay/new security", "putProject pay/new security", "rescanProject pay/new sender", "deleteProject pay/new security"}
	if diff := cmp.Diff(want, kept); diff != "" || w.looks[0] != "pay/new" {
		t.Error(diff, w.looks)
	}
}

func TestProjectsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	if err := w.store.PutProject(t.Context(), tocsin.Watched{Project: tocsin.Project{Slug: "pay/file", Group: "pay"}, Managed: tocsin.ManagedFile}, noon); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path, from, to string
		status         int
		field          string
	}{
		"unknown field":       {"x", `"group"`, `"grp"`, 400, "/grp"},
		"unknown source":      {"x", `"every"`, `"evry"`, 400, "/source/evry"},
		"a number":            {"x", `"pay"`, `1`, 400, "/group"},
		"twice":               {"x", `"group":"pay"`, `"group":"pay","group":"web"`, 400, "/group"},
		"torn":                {"x", `}}`, `}`, 400, ""},
		"another slug":        {"x", `"group"`, `"slug":"y","group"`, 400, "/slug"},
		"a bad slug":          {"A", "", "", 400, ""},
		"a slug that climbs":  {"..%2Fx", "", "", 400, ""},
		"a path":              {"x", `"git","location":"https://git.example/x"`, `"path","location":"/etc"`, 400, "/source/kind"},
		"a local repository":  {"x", `https://git.example/x`, `/srv/git`, 400, "/source/location"},
		"a file address":      {"x", `https://git.example/x`, `file:///etc`, 400, "/source/location"},
		"a password":          {"x", `https://git.example/x`, `https://u:p@git.example/x`, 400, "/source/location"},
		"too often":           {"x", `6h`, `1s`, 400, "/source/every"},
		"reachability":        {"x", `"kind"`, `"reachability":true,"kind"`, 400, ""},
		"control characters":  {"x", `"pay"`, `"pay\u0000"`, 400, "/group"},
		"another group":       {"x", `"pay"`, `"web"`, 403, "/group"},
		"no group":            {"x", `"pay"`, `""`, 403, "/group"},
		"someone else's":      {"web%2Fsite", "", "", 403, ""},
		"of the file":         {"pay%2Ffile", "", "", 409, ""},
		"another criticality": {"x", `low`, `<b>`, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			p := problem(t, w.wants(c.status, asked{as: "security", method: "PUT", path: "/v1/projects/" + c.path, body: strings.Replace(aProjectBody, c.from, c.to, 1), header: asJSON}))
			if p.Field != c.field || p.Detail == "" {
				t.Errorf("%+v, want field %q", p, c.field)
			}
		})
	}
	w.t = t
	w.wants(415, asked{as: "security", method: "PUT", path: "/v1/projects/x", body: aProjectBody})
	w.wants(413, asked{as: "security", method: "PUT", path: "/v1/projects/x", body: `{"group":"` + strings.Repeat("x", 100<<10) + `"}`, header: asJSON})
	w.wants(409, asked{as: "security", method: "DELETE", path: "/v1/projects/pay%2Ffile"})
	w.wants(409, asked{as: "security", method: "POST", path: "/v1/projects/pay%2Ffile/rescan"})
	if len(w.entries) > 0 {
		t.Errorf("refused, and in the audit log: %+v", w.entries)
	}
}

// The same inventory in every form in which it may be sent is the same.
func TestUploadsAreIdempotent(t *testing.T) {
	w := newWorld(t)
	tree := tarred(t, entry{name: "./", kind: '5'}, entry{name: "./" + lockName, body: lockfile}, entry{name: "./README", body: "x"}, entry{name: "./node_modules/x/" + lockName, body: "{"})
	status := 201
	var first string
	for _, c := range []struct{ name, typ, encoding, body string }{
		{lockName, "", "", lockfile}, {lockName, "application/x-www-form-urlencoded", "", lockfile}, {lockName, "application/json", "gzip", gzipped(lockfile)},
		{lockName, "", "zstd", zstded(t, lockfile)}, {"", "application/x-tar", "", tree}, {"", "", "gzip", gzipped(tree)}, {"", "application/gzip", "", gzipped(tree)},
		{"all.tar.zst", "", "", zstded(t, tree)}, {"", "", "", tree},
	} {
		rec := w.wants(status, asked{as: "sender", method: "POST", path: "/v1/projects/pay%2Fshop/inventories?ref=main&build=https%3A%2F%2Fci.example%2F2&name=" + c.name, body: c.body,
			header: map[string]string{"Content-Type": c.typ, "Content-Encoding": c.encoding}})
		if first == "" {
			first, status = rec.Body.String(), 200
		}
		if rec.Body.String() != first {
			t.Errorf("%+v: %s, want %s", c, rec.Body, first)
		}
	}
	w.wants(200, asked{as: "viewer", path: "/v1/projects/pay%2Fshop/inventories/newest"}, `"left"`, lockName)
	w.wants(200, asked{as: "viewer", path: "/v1/who?package=pkg:npm/left@1.0.0&from=2026-03-01"}, "https://ci.example/2", `"ref":"main"`, `"by":"sender"`)
	for _, build := range []string{"javascript:alert(1)", "https://u:p@ci.example/", "x"} {
		w.wants(400, asked{as: "sender", method: "POST", path: "/v1/projects/pay%2Fshop/inventories?name=" + lockName + "&build=" + build, body: lockfile}, `"field":"build"`)
	}
}

func TestTheGateAnswersWithTheReport(t *testing.T) {
	w := newWorld(t)
	path := "/v1/gate?name=" + lockName
	rec := w.wants(200, asked{as: "gate", method: "POST", path: path, body: lockfile}, "!SECRET")
	r, err := report.Read(rec.Body)
	if err != nil || r.Gate != tocsin.GateFail || len(r.Targets[0].Decisions) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, want := range map[string]string{"Tocsin-Gate": "fail", "Tocsin-Exit-Code": "1", "Tocsin-Snapshot": "snap-1", "Tocsin-Policy": "sha256:p"} {
		if got := rec.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	w.wants(200, asked{as: "security", method: "POST", path: path + "&project=pay%2Fshop", body: lockfile}, "SECRET-pay")
	w.wants(200, asked{as: "responder", method: "POST", path: path + "&project=pay%2Fshop", body: lockfile}, "!SECRET")
	stopped := w.wants(422, asked{as: "gate", method: "POST", path: path + "&exit=true", body: lockfile}, "1 must not be released")
	if stopped.Header().Get("Tocsin-Exit-Code") != "1" {
		t.Error("the exit code is missing")
	}
	w.wants(200, asked{as: "gate", method: "POST", path: path + "&exit=true", body: cleanLockfile})
	torn := w.wants(422, asked{as: "gate", method: "POST", path: path + "&exit=true", body: "{"})
	if torn.Header().Get("Tocsin-Exit-Code") != "4" || torn.Header().Get("Tocsin-Gate") != "undecided" {
		t.Errorf("%v", torn.Header())
	}
	if len(w.entries) > 0 {
		t.Errorf("a verdict was kept: %+v", w.entries)
	}
	w.wants(400, asked{as: "sender", method: "POST", path: path + "&store=true", body: lockfile}, `"field":"project"`)
	w.wants(200, asked{as: "sender", method: "POST", path: path + "&store=true&project=pay%2Fshop", body: cleanLockfile})
	w.wants(200, asked{as: "viewer", path: "/v1/projects/pay%2Fshop/inventories/newest"}, `"right"`)
	if len(w.entries) != 1 || w.entries[0].What != "postGate" {
		t.Errorf("%+v", w.entries)
	}
}

func TestListsAreFiltered(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]int{
		"/v1/findings":                                           4,
		"/v1/findings?class=GHSA-CVE-2026-1":                     2,
		"/v1/findings?class=SECRET-web":                          1,
		"/v1/findings?ecosystem=npm&package=left":                4,
		"/v1/findings?package=right":                             0,
		"/v1/findings?gate=fail&status=affected":                 4,
		"/v1/findings?response=watch":                            0,
		"/v1/findings?project=pay/shop":                          2,
		"/v1/projects/pay%2Fshop/decisions":                      2,
		"/v1/projects?group=web":                                 1,
		"/v1/projects?criticality=high&source=git":               2,
		"/v1/projects?source=upload":                             0,
		"/v1/incidents?open=true":                                4,
		"/v1/incidents?open=false":                               0,
		"/v1/incidents?group=web&class=CVE-2026-1":               1,
		"/v1/incidents?project=pay/shop":                         2,
		"/v1/incidents?state=resolved":                           0,
		"/v1/actions?state=waiting&kind=issue":                   4,
		"/v1/actions?incident=INC-pay-CVE-2026-1":                1,
		"/v1/actions?project=web/site":                           2,
		"/v1/projects/pay%2Fshop/inventories":                    1,
		"/v1/who?package=npm/left":                               2,
		"/v1/who?package=npm/left@9":                             0,
		"/v1/who?package=NPM/left@1.0.0":                         2,
		"/v1/who?package=pypi/left":                              0,
		"/v1/who?package=npm/left&to=2026-02-28":                 0,
		"/v1/who?package=npm/left&from=2027-01-01&to=2027-02-01": 2,
		"/v1/policies":                                           2,
	} {
		for _, limit := range []string{"", "1"} { // at once, and page by page
			got, cursor := 0, ""
			for {
				at := path
				if limit != "" && !strings.HasPrefix(path, "/v1/policies") {
					at += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "limit=1&cursor=" + cursor
				}
				var page Page[json.RawMessage]
				if err := json.Unmarshal(w.wants(200, asked{as: "all-admin", path: at}).Body.Bytes(), &page); err != nil {
					t.Fatal(err)
				}
				got += len(page.Items)
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if got != want {
				t.Errorf("%s, limit %q: %d, want %d", path, limit, got, want)
			}
		}
	}
	for _, path := range []string{"/v1/findings?gate=no", "/v1/incidents?open=yes", "/v1/who", "/v1/who?package=left", "/v1/who?package=npm/left&from=x", "/v1/search?q=a",
		"/v1/who?package=npm/left&from=2026-02-01&to=2026-01-01", "/v1/who?package=pkg:nonsense", "/v1/who?package=nowhere/left", "/v1/projects?x=1"} {
		if p := problem(t, w.wants(400, asked{as: "all-admin", path: path})); p.Field == "" {
			t.Errorf("%s: %+v names no field", path, p)
		}
	}
}

// An incident that reaches into another group shows the projects that the asker may see, and says of the rest nothing.
func TestIncidentsOverGroupsShowTheirOwn(t *testing.T) {
	w := newWorld(t)
	inc, err := w.store.Incident(t.Context(), "INC-pay-CVE-2026-1")
	if err != nil {
		t.Fatal(err)
	}
	inc.Version = 2
	inc.Projects = append(inc.Projects, tocsin.IncidentProject{Slug: "web/site", Status: tocsin.ProjectAffected, Since: noon, Inventory: "i", Round: 1})
	a, err := tocsin.NewAction(tocsin.ActionIssue, "tracking/1", tocsin.IssuePayload{Title: "pay/shop and web/site"})
	if err != nil {
		t.Fatal(err)
	}
	a.Revision, a.Incident, a.Approvals = 1, inc.Key, 1
	events := []tocsin.IncidentEvent{
		{Incident: inc.Key, At: noon, Kind: tocsin.EventGrew, Actor: "tocsin", Project: "web/site", Text: "web/site joined", TLP: tocsin.TLPAmber},
		{Incident: inc.Key, At: noon, Kind: tocsin.EventSeverity, Actor: "tocsin", Text: "because of web/site", TLP: tocsin.TLPAmber},
	}
	if err := w.store.Commit(t.Context(), store.Outcome{Incidents: []tocsin.Incident{inc}, Events: events, Actions: []tocsin.Action{a}}); err != nil {
		t.Fatal(err)
	}
	at := "/v1/incidents/" + inc.Key
	for _, path := range []string{at, at + "/timeline", "/v1/incidents", "/v1/actions", "/v1/search?q=left", "/v1/incidents?project=web/site"} {
		w.wants(200, asked{as: "viewer", path: path}, "!web/site")
	}
	w.wants(200, asked{as: "web-viewer", path: at}, "web/site", "!pay/shop")
	w.wants(404, asked{as: "responder", method: "POST", path: "/v1/actions/tracking%2F1/veto"})
	w.wants(200, asked{as: "all-viewer", path: at + "/timeline"}, "because of web/site", "web/site joined", "opened: pay/shop")
	w.wants(200, asked{as: "all-responder", method: "POST", path: "/v1/actions/tracking%2F1/veto"}, `"state":"vetoed"`)
}

func TestApprovalsCountPeople(t *testing.T) {
	w := newWorld(t)
	at := "/v1/actions/issue%2FINC-pay-CVE-2026-1%2Fpay%2Fshop"
	w.wants(403, asked{as: "bot-responder", method: "POST", path: at + "/approve"}, "token")
	w.wants(200, asked{as: "responder", method: "POST", path: at + "/approve"}, `"state":"pending"`)
	w.wants(409, asked{as: "security", method: "POST", path: at + "/veto"}, "pending")
	secret := "/v1/actions/issue%2FINC-pay-SECRET-pay%2Fpay%2Fshop"
	w.wants(404, asked{as: "responder", method: "POST", path: secret + "/veto"})
	w.wants(200, asked{as: "bot-security", method: "POST", path: secret + "/veto"}, `"state":"vetoed"`)
	events, err := w.store.Timeline(t.Context(), "INC-pay-SECRET-pay")
	if err != nil || events[len(events)-1].Actor != "token:bot-security" {
		t.Errorf("%+v, %v", events, err)
	}
}
