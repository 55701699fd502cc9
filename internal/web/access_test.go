package web

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/store"
)

// accessRequests are how each route of the table is asked about the thing that a line of testdata/access.txt names.
func accessRequests(id, on string) asked {
	slug := map[string]string{"own": "pay%2Fshop", "other": "web%2Fsite", "absent": "pay%2Fnone"}[on]
	key := map[string]string{"own": "INC-pay-CVE-2026-1", "other": "INC-web-CVE-2026-1", "embargoed": "INC-pay-SECRET-pay", "absent": "INC-x"}[on]
	action := map[string]string{
		"own": "issue%2FINC-pay-CVE-2026-1%2Fpay%2Fshop", "other": "issue%2FINC-web-CVE-2026-1%2Fweb%2Fsite",
		"embargoed": "issue%2FINC-pay-SECRET-pay%2Fpay%2Fshop", "absent": "issue%2FINC-x",
	}[on]
	project := `{"criticality":"high","exposure":"public","visibility":"private","source":{"kind":"upload"},"group":"` + map[string]string{"own": "pay", "other": "web", "absent": "pay"}[on] + `"}`
	token := map[string]string{"own": "TOKEN-pay", "other": "TOKEN-web", "absent": "TOKEN-x"}[on]
	grant := map[string]string{"own": `"group":"pay"`, "other": `"group":"web"`, "everywhere": `"group":""`}[on]
	switch id {
	case "postToken":
		return asked{method: "POST", path: "/v1/tokens", body: `{"name":"ci","expires_at":"2026-06-01T00:00:00Z","grants":[{"access":"gate",` + grant + `}]}`, header: asJSON}
	case "putPerson":
		return asked{method: "PUT", path: "/v1/people/ADA", body: `{"grants":[],"disabled":true}`, header: asJSON}
	case "postCommand":
		return asked{method: "POST", path: "/v1/incidents/" + key + "/commands", body: `{"do":"take","role":"incident commander"}`, header: asJSON}
	case "postIncident":
		return asked{method: "POST", path: "/v1/incidents", header: asJSON,
			body: `{"playbook":"leaked-secret","title":"A token was in a log","reason":"seen by hand","severity":"high","group":"pay","projects":["` + strings.ReplaceAll(slug, "%2F", "/") + `"]}`}
	case "getRouting":
		return asked{path: "/v1/routes"}
	case "listRepositories":
		return asked{path: "/v1/github/repositories"}
	case "checkRepository":
		return asked{method: "POST", path: "/v1/github/check", body: `{"repository":"` + map[string]string{"absent": "pay/none"}[on] + map[bool]string{true: "pay/shop"}[on != "absent"] + `"}`, header: asJSON}
	case "postSilence":
		return asked{method: "POST", path: "/v1/silences", body: `{"match":"group=pay","until":"2026-03-02T00:00:00Z","reason":"moving house"}`, header: asJSON}
	case "postReplay":
		return asked{method: "POST", path: "/v1/replays", body: `{"policy":"quiet"}`, header: asJSON}
	case "getReplay", "getReplayPage":
		return asked{path: "/v1/replays/REPLAY1" + map[string]string{"getReplayPage": "/page"}[id]}
	case "deleteReplay":
		return asked{method: "DELETE", path: "/v1/replays/REPLAY1"}
	case "getPolicy", "getPolicyShadow":
		return asked{path: "/v1/policies/quiet" + map[string]string{"getPolicyShadow": "/shadow"}[id]}
	case "checkPolicy", "testPolicy", "explainPolicy":
		path := "/v1/policies/" + strings.TrimSuffix(id, "Policy")
		fields := map[string]string{"text": gateText}
		if id == "testPolicy" {
			fields["cases"] = gateCases
		} else if id == "explainPolicy" {
			fields["project"] = strings.ReplaceAll(slug, "%2F", "/")
		}
		return asked{method: "POST", path: path, body: draftOf(fields), header: asJSON}
	case "getPolicyChange":
		return asked{path: "/v1/policy-changes/CHANGE1"}
	case "postPolicyChange":
		return asked{method: "POST", path: "/v1/policy-changes", body: draftOf(map[string]string{"text": gateText, "cases": gateCases, "reason": "less noise"}), header: asJSON}
	case "judgePolicyChange":
		return asked{method: "POST", path: "/v1/policy-changes/CHANGE1/verdict", body: `{"verdict":"agree"}`, header: asJSON}
	case "getDrill":
		return asked{path: "/v1/drills/log4shell-2021"}
	case "postDrill":
		return asked{method: "POST", path: "/v1/drills/log4shell-2021/runs", body: `{}`, header: asJSON}
	case "getDrillRun":
		return asked{path: "/v1/drill-runs/DRILL1"}
	case "deleteSilence":
		return asked{method: "DELETE", path: "/v1/silences/s1"}
	case "retryJob":
		return asked{method: "POST", path: "/v1/jobs/7/retry"}
	case "postGitHub":
		return hook("push", "d-1", pushOf("pay/shop", "refs/heads/main"))
	case "postGate":
		path := "/v1/gate?name=package-lock.json"
		if slug != "" {
			path += "&project=" + slug
		}
		return asked{method: "POST", path: path, body: lockfile}
	case "postGate+store":
		return asked{method: "POST", path: "/v1/gate?name=package-lock.json&store=true&project=" + slug, body: lockfile}
	case "putProject":
		return asked{method: "PUT", path: "/v1/projects/" + slug, body: project, header: asJSON}
	case "deleteProject":
		return asked{method: "DELETE", path: "/v1/projects/" + slug}
	case "rescanProject":
		return asked{method: "POST", path: "/v1/projects/" + slug + "/rescan"}
	case "postInventory":
		return asked{method: "POST", path: "/v1/projects/" + slug + "/inventories?name=package-lock.json", body: lockfile}
	case "getAdvisory", "getAdvisoryRevisions":
		return asked{path: "/v1/advisories/" + map[string]string{"own": "GHSA-CVE-2026-1", "other": "SECRET-web", "embargoed": "SECRET-pay", "absent": "CVE-0"}[on] + map[string]string{"getAdvisoryRevisions": "/revisions"}[id]}
	case "getWho":
		return asked{path: "/v1/who?package=npm/left"}
	case "search":
		return asked{path: "/v1/search?q=" + map[string]string{"own": "pay", "other": "web", "embargoed": "secret"}[on]}
	case "approveAction", "vetoAction", "retryAction":
		return asked{method: "POST", path: "/v1/actions/" + action + "/" + strings.TrimSuffix(id, "Action")}
	}
	for _, r := range routes() {
		if r.id == id {
			method, path, _ := strings.Cut(r.pattern, " ")
			return asked{method: method, path: strings.NewReplacer("{slug}", slug, "incidents/{key}", "incidents/"+key, "actions/{key}", "actions/"+action, "tokens/{id}", "tokens/"+token,
				"people/{id}", "people/ADA").Replace(path)}
		}
	}
	return asked{}
}

// marks are what an answer about a thing has in it.
var marks = map[string]string{"own": "pay/shop", "other": "web/site", "embargoed": "SECRET"}

// settledFile is the database of a world, to be copied: making one takes longer than all that is asked of it.
func settledFile(t *testing.T) []byte {
	t.Helper()
	path := store.Path(t.TempDir())
	if w := newWorldIn(t, path); w.store.Close() != nil {
		t.Fatal("the world did not close")
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAccess walks every route for every access by the table that was written by hand.
func TestAccess(t *testing.T) {
	text, err := os.ReadFile("testdata/access.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]bool{}
	var columns []string
	shared, settled := newWorld(t), settledFile(t)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(line, "#"):
			continue
		case columns == nil:
			columns = fields[2:]
			continue
		case len(fields) != len(columns)+2:
			t.Fatalf("testdata/access.txt: %q has %d fields, want %d", line, len(fields), len(columns)+2)
		}
		id, on := fields[0], fields[1]
		name, _, _ := strings.Cut(id, "+")
		if rows[name] == nil {
			rows[name] = map[string]bool{}
		}
		rows[name][on] = true
		t.Run(id+"/"+on, func(t *testing.T) {
			for i, access := range columns {
				q := accessRequests(id, on)
				if q.path == "" {
					t.Fatalf("testdata/access.txt: there is no route %s", id)
				}
				if access != "none" {
					q.as = access
				}
				if access != "none" && on == "everywhere" {
					q.as = "all-" + access
				}
				w := shared
				if q.method != "GET" && q.method != "" { // what changes something has a world of its own
					own := store.Path(t.TempDir())
					if err := os.WriteFile(own, settled, 0o600); err != nil {
						t.Fatal(err)
					}
					w = openWorld(t, own)
				}
				w.t = t
				rec := w.ask(q)
				want := fields[i+2]
				got := strconv.Itoa(rec.Code)
				if want == "shown" || want == "hidden" {
					if got == "200" {
						got = map[bool]string{true: "shown", false: "hidden"}[strings.Contains(rec.Body.String(), marks[on])]
					}
				}
				if got != want {
					t.Errorf("%s: %s, want %s: %s", access, got, want, rec.Body)
				}
				if rec.Code >= 400 && rec.Code != 401 && on == "embargoed" && strings.Contains(rec.Body.String(), "SECRET") {
					t.Errorf("%s: the refusal tells of it: %s", access, rec.Body)
				}
			}
		})
	}
	for _, r := range routes() {
		want := []string{"-"}
		switch r.where {
		case theProject, newProject, aProject:
			want = []string{"own", "other", "absent"}
		case everywhere:
			want = []string{"own", "everywhere"}
		case theIncident, theAction:
			want = []string{"own", "other", "embargoed", "absent"}
		}
		for _, on := range want {
			if !rows[r.id][on] && len(rows[r.id]) == 0 || on != "-" && !rows[r.id][on] {
				t.Errorf("testdata/access.txt has no line for %s on %s", r.id, on)
			}
		}
	}
}

// What may not be seen is answered as what is not there, to the byte.
func TestHiddenIsAbsent(t *testing.T) {
	w := newWorld(t)
	body := func(as, path string) string {
		rec := w.ask(asked{as: as, path: path, header: map[string]string{"X-Request-Id": "the-same-id"}})
		if rec.Code != 404 {
			t.Errorf("%s as %s: %d: %s", path, as, rec.Code, rec.Body)
		}
		return rec.Body.String()
	}
	for absent, hidden := range map[string][]string{
		"/v1/projects/none":             {"/v1/projects/web%2Fsite", "/v1/projects/%00", "/v1/projects/..%2F..%2Fetc"},
		"/v1/projects/none/decisions":   {"/v1/projects/web%2Fsite/decisions"},
		"/v1/incidents/none":            {"/v1/incidents/INC-web-CVE-2026-1", "/v1/incidents/INC-pay-SECRET-pay", "/v1/incidents/INC-pay-SECRET-pay/timeline"},
		"/v1/actions/none":              {"/v1/actions/issue%2FINC-pay-SECRET-pay%2Fpay%2Fshop"},
		"/v1/advisories/none":           {"/v1/advisories/SECRET-pay", "/v1/advisories/GHSA-SECRET-pay", "/v1/advisories/SECRET-nobody"},
		"/v1/projects/none/inventories": {"/v1/projects/web%2Fsite/inventories"},
	} {
		want := body("viewer", absent)
		for _, path := range hidden {
			if got := body("viewer", path); got != want {
				t.Errorf("%s is told otherwise: %s, and not %s", path, got, want)
			}
		}
	}
}
