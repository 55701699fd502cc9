package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	reflector "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-dev/tocsin"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// enums are the types of text that have a few values only.
var enums = map[reflect.Type][]string{
	reflect.TypeFor[tocsin.Gate]():              byGate.one,
	reflect.TypeFor[tocsin.Response]():          byResponse.one,
	reflect.TypeFor[tocsin.Status]():            byStatus.one,
	reflect.TypeFor[tocsin.Managed]():           words(tocsin.ManagedAPI, tocsin.ManagedFile),
	reflect.TypeFor[tocsin.SourceKind]():        words(tocsin.SourceUpload, tocsin.SourcePath, tocsin.SourceURL, tocsin.SourceGit, tocsin.SourceGitHub, tocsin.SourceGitHubSBOM),
	reflect.TypeFor[tocsin.Kind]():              words(tocsin.KindFlaw, tocsin.KindMalware, tocsin.KindUnmaintained, tocsin.KindPin, tocsin.KindEvent),
	reflect.TypeFor[tocsin.IncidentState]():     words(tocsin.StateHold, tocsin.StateDetected, tocsin.StateMobilised, tocsin.StateContained, tocsin.StateFixValidated, tocsin.StateResolved, tocsin.StateReviewed, tocsin.StateStoodDown, tocsin.StateReopened, tocsin.StateMerged),
	reflect.TypeFor[tocsin.ActionState]():       words(tocsin.ActionWaiting, tocsin.ActionPending, tocsin.ActionSending, tocsin.ActionDone, tocsin.ActionFailed, tocsin.ActionVetoed, tocsin.ActionSuperseded),
	reflect.TypeFor[tocsin.Access]():            words(tocsin.AccessGate, tocsin.AccessSender, tocsin.AccessViewer, tocsin.AccessResponder, tocsin.AccessSecurity, tocsin.AccessAdmin),
	reflect.TypeFor[tocsin.Permission]():        words(permissions...),
	reflect.TypeFor[tocsin.PolicyVerdict]():     words(tocsin.AgreePolicy, tocsin.DeclinePolicy, tocsin.WithdrawPolicy),
	reflect.TypeFor[tocsin.PolicyChangeState](): words(tocsin.PolicyProposed, tocsin.PolicyAgreed, tocsin.PolicyDeclined, tocsin.PolicyWithdrawn),
	reflect.TypeFor[tocsin.FileStatus]():        words(tocsin.FileRead, tocsin.FilePartial, tocsin.FileFailed),
}

var generic = regexp.MustCompile(`^Page\[.*[./](\w+)\]$`)

// drawing makes the document of the table. Strict schemas take no field that the types do not have: they are for the tests, since what
// is added later must not break those who read.
type drawing struct {
	strict  bool
	schemas map[string]json.RawMessage
}

// schema gives the reference to the schema of a Go type.
func (d *drawing) schema(v any) map[string]any {
	r := &reflector.Reflector{
		AllowAdditionalProperties: !d.strict, Anonymous: true,
		Mapper: func(typ reflect.Type) *reflector.Schema {
			list, ok := enums[typ]
			if !ok {
				return nil
			}
			s := &reflector.Schema{Type: "string"}
			for _, v := range list {
				s.Enum = append(s.Enum, v)
			}
			return s
		},
		Namer: func(typ reflect.Type) string {
			if m := generic.FindStringSubmatch(typ.Name()); m != nil {
				return m[1] + "Page"
			}
			if strings.HasSuffix(typ.PkgPath(), "tocsin") && (typ.Name() == "Project" || typ.Name() == "Finding" || typ.Name() == "Advisory") {
				return "Root" + typ.Name()
			}
			if strings.HasSuffix(typ.PkgPath(), "internal/replay") && !strings.HasPrefix(typ.Name(), "Shadow") {
				return "Replayed" + typ.Name()
			}
			return typ.Name()
		},
	}
	s := r.Reflect(v)
	for name, def := range s.Definitions {
		if name == "ProjectInput" { // the address has the slug, and to opt in to nothing is to say nothing
			def.Required = slices.DeleteFunc(def.Required, func(f string) bool { return f == "slug" || f == "opt_in" })
		}
		b, err := json.Marshal(def)
		if err != nil {
			panic(err)
		}
		b = bytes.ReplaceAll(b, []byte(`"#/$defs/`), []byte(`"#/components/schemas/`))
		if was, ok := d.schemas[name]; ok && !bytes.Equal(was, b) {
			panic("two types are called " + name)
		}
		d.schemas[name] = b
	}
	if s.Ref == "" {
		return map[string]any{}
	}
	return map[string]any{"$ref": strings.Replace(s.Ref, "#/$defs/", "#/components/schemas/", 1)}
}

func (d *drawing) body(v any) map[string]any {
	switch v.(type) {
	case reportBody:
		return map[string]any{"type": "object", "description": "The JSON report of tocsin scan, as docs/report.schema.json describes it."}
	case json.RawMessage:
		return map[string]any{"type": "object"}
	default:
		return d.schema(v)
	}
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

func draw(strict bool, examples map[string]json.RawMessage) map[string]any {
	d := &drawing{strict: strict, schemas: map[string]json.RawMessage{}}
	problems := map[string]any{"description": "It is refused, or failed.", "content": map[string]any{"application/problem+json": map[string]any{"schema": d.schema(Problem{})}}}
	paths := map[string]map[string]any{}
	for _, r := range routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		op := map[string]any{"operationId": r.id, "summary": r.about, "x-permission": string(r.needs), "x-permission-of": string(r.where)}
		if r.where == open || r.where == signed {
			op["security"] = []any{}
		}
		if r.needs == "" {
			delete(op, "x-permission")
		}
		var params []any
		for _, m := range inPath.FindAllStringSubmatch(path, -1) {
			params = append(params, map[string]any{"name": m[1], "in": "path", "required": true, "schema": map[string]any{"type": "string"}, "description": "with a slash in it as %2F"})
		}
		for _, p := range r.query {
			s := map[string]any{"type": "string"}
			switch {
			case p.one != nil:
				s["enum"] = p.one
			case p.typ == paramNumber:
				s = map[string]any{"type": "integer", "minimum": 1, "maximum": maxPage}
			case p.typ == paramBool:
				s = map[string]any{"type": "boolean"}
			}
			params = append(params, map[string]any{"name": p.name, "in": "query", "description": p.about, "schema": s})
		}
		if params != nil {
			op["parameters"] = params
		}
		switch {
		case r.in != nil:
			op["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": d.body(r.in)}}}
		case r.raw:
			file := map[string]any{"description": "A lockfile, manifest or SBOM, packed with gzip or zstd or not."}
			op["requestBody"] = map[string]any{"required": true, "content": map[string]any{
				"application/octet-stream": file, "application/json": file, "application/x-tar": map[string]any{"description": "Several files under their paths."},
				mediaInventory: map[string]any{"schema": d.body(InventoryInput{})},
			}}
		}
		answers := map[string]any{"default": problems}
		for status, v := range r.out {
			a := map[string]any{"description": http.StatusText(status)}
			if v != nil {
				content := map[string]any{"schema": d.body(v)}
				if e, ok := examples[r.id]; ok && (status == http.StatusOK || len(r.out) == 1) {
					content["example"] = e
				}
				a["content"] = map[string]any{"application/json": content}
			}
			answers[strconv.Itoa(status)] = a
		}
		op["responses"] = answers
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(method)] = op
	}
	return map[string]any{
		"openapi": "3.1.0", "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
		"info": map[string]any{"title": "Tocsin", "version": "1", "description": "The alarm bell of a software portfolio. docs/api.md tells how to use it with curl.",
			"license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"}},
		"servers":  []any{map[string]any{"url": "/"}},
		"security": []any{map[string]any{"token": []any{}}}, "paths": paths,
		"components": map[string]any{"schemas": d.schemas, "securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}}},
	}
}

// strictly compiles the strict document once: what is asked in any test is checked by it.
var strictly = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	text, err := json.Marshal(draw(true, nil))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("openapi.json", doc); err != nil {
		return nil, err
	}
	out := map[string]*jsonschema.Schema{}
	for _, r := range routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		at := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
		for status := range r.out {
			if r.out[status] == nil {
				continue
			}
			where := "openapi.json#/paths/" + at + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(status) + "/content/application~1json/schema"
			if out[r.pattern+" "+strconv.Itoa(status)], err = c.Compile(where); err != nil {
				return nil, err
			}
		}
	}
	out["problem"], err = c.Compile("openapi.json#/components/schemas/Problem")
	return out, err
})

// documented checks an answer by the document.
func (w *world) documented(r *http.Request, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	schemas, err := strictly()
	if err != nil {
		w.t.Fatal(err)
	}
	if rec.Code == http.StatusNotModified || rec.Code == http.StatusNoContent || r.Method == http.MethodHead {
		return
	}
	key := "problem"
	if rec.Code < 400 {
		_, pattern := w.api.mux.Handler(r)
		key = pattern + " " + strconv.Itoa(rec.Code)
	}
	s, ok := schemas[key]
	if !ok {
		w.t.Errorf("%s %s: %d is not in the document", r.Method, r.URL, rec.Code)
		return
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(rec.Body.Bytes()))
	if err != nil {
		w.t.Errorf("%s %s: no JSON: %v", r.Method, r.URL, err)
		return
	}
	if err := s.Validate(body); err != nil {
		w.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
}

// exampleRequests are those whose answers the document shows. They are asked in this order, by somebody who may everything.
func exampleRequests() map[string][]asked {
	slug, incident, action := "/v1/projects/pay%2Fshop", "/v1/incidents/INC-pay-CVE-2026-1", "/v1/actions/issue%2FINC-pay-CVE-2026-1%2Fpay%2Fshop"
	get := func(path string) []asked { return []asked{{path: path}} }
	post := func(path, body string) []asked { return []asked{{method: "POST", path: path, body: body}} }
	return map[string][]asked{
		"postGate":     post("/v1/gate?name=package-lock.json", lockfile),
		"listProjects": get("/v1/projects?group=pay"), "getProject": get(slug),
		"putProject":    {{method: "PUT", path: slug, body: aProjectBody, header: asJSON}},
		"deleteProject": {{method: "DELETE", path: "/v1/projects/web%2Fsite"}}, "rescanProject": post(slug+"/rescan", ""),
		"postInventory":   append(post(slug+"/inventories?name=package-lock.json", lockfile), post(slug+"/inventories?name=package-lock.json", lockfile)...),
		"listInventories": get(slug + "/inventories"), "newestInventory": get(slug + "/inventories/newest"), "listDecisions": get(slug + "/decisions?class=CVE-2026-1"),
		"listFindings": get("/v1/findings?class=CVE-2026-1"), "getAdvisory": get("/v1/advisories/GHSA-CVE-2026-1"), "getAdvisoryRevisions": get("/v1/advisories/GHSA-CVE-2026-1/revisions"), "getWho": get("/v1/who?package=npm/left@1.0.0&from=2026-02-01"),
		"search": get("/v1/search?q=left"), "listIncidents": get("/v1/incidents?class=CVE-2026-1"), "getIncident": get(incident), "getTimeline": get(incident + "/timeline"), "getOutlook": get(incident + "/outlook"),
		"getOverview":   get("/v1/overview"),
		"listPlaybooks": get("/v1/playbooks"), "listPublic": get("/v1/public/incidents"), "listResponders": get("/v1/responders"),
		"postCommand": {accessRequests("postCommand", "own")}, "postIncident": {accessRequests("postIncident", "own")},
		"getPublicIncident": get("/v1/public/incidents/INC-pay-CVE-2026-1"), "getIncidentAdvisory": get(incident + "/advisory?format=openvex"),
		"getPublicAdvisory": get("/v1/public/incidents/INC-pay-CVE-2026-1/advisory?revision=1"),
		"listLessons":       get("/v1/lessons?q=log"), "getRetrospective": get("/v1/retrospective?from=2026-01-01&every=month"),
		"listActions": get("/v1/actions?project=pay/shop"), "getAction": get(action), "approveAction": post(action+"/approve", ""), "vetoAction": post(action+"/veto", ""), "retryAction": post(action+"/retry?anew=true", ""),
		"getMe": get("/v1/me"), "listTokens": get("/v1/tokens"), "listPeople": get("/v1/people"), "getPerson": get("/v1/people/ADA"),
		"postToken":   {accessRequests("postToken", "own")},
		"deleteToken": {{method: "DELETE", path: "/v1/tokens/TOKEN-pay"}},
		"putPerson":   {{method: "PUT", path: "/v1/people/ADA", body: `{"grants":[{"access":"responder","group":"pay"}],"disabled":false}`, header: asJSON}},
		"signOut":     post("/v1/people/ADA/sign-out", ""), "listAudit": get("/v1/audit?project=pay/shop"),
		"listJobs": get("/v1/jobs?state=parked"), "retryJob": post("/v1/jobs/7/retry", ""),
		"postGitHub": {hook("push", "d-1", pushOf("pay/shop", "refs/heads/main")), hook("push", "d-1", pushOf("pay/shop", "refs/heads/main"))},
		"listDrills": get("/v1/drills"), "getDrill": get("/v1/drills/log4shell-2021"), "postDrill": {accessRequests("postDrill", "own")}, "listDrillRuns": get("/v1/drill-runs"), "getDrillRun": get("/v1/drill-runs/DRILL1"),
		"listNotices": get("/v1/notices?receiver=chat"), "listSilences": get("/v1/silences"), "getRouting": get("/v1/routes"), "listRepositories": get("/v1/github/repositories"), "checkRepository": {accessRequests("checkRepository", "own")}, "postSilence": {accessRequests("postSilence", "own")}, "deleteSilence": {accessRequests("deleteSilence", "own")},
		"getPolicy": get("/v1/policies/release-gate"), "getPolicyShadow": get("/v1/policies/quiet/shadow"), "checkPolicy": {accessRequests("checkPolicy", "")}, "testPolicy": {accessRequests("testPolicy", "")},
		"explainPolicy":     {accessRequests("explainPolicy", "own")},
		"listPolicyChanges": get("/v1/policy-changes"), "getPolicyChange": get("/v1/policy-changes/CHANGE1"), "postPolicyChange": {accessRequests("postPolicyChange", "")}, "judgePolicyChange": {accessRequests("judgePolicyChange", "")},
		"postReplay": {accessRequests("postReplay", "")}, "listReplays": get("/v1/replays"), "getReplay": get("/v1/replays/REPLAY1"), "getReplayPage": get("/v1/replays/REPLAY1/page"),
		"deleteReplay": {accessRequests("deleteReplay", "")},
		"listPolicies": get("/v1/policies"), "listFeeds": get("/v1/feeds"), "getHealth": get("/healthz"), "getReadiness": get("/readyz"), "getOpenAPI": get("/v1/openapi.json"),
	}
}

// madeUp is what is another each time.
var madeUp = regexp.MustCompile(`"(tcs_|)[A-Z2-7]{16,63}"`)

// TestDocument: openapi.json is what the table and the types say, with examples that the handlers gave.
func TestDocument(t *testing.T) {
	examples, requests := map[string]json.RawMessage{}, exampleRequests()
	for _, r := range routes() {
		if len(requests[r.id]) == 0 {
			t.Errorf("%s has no example", r.id)
			continue
		}
		w := newWorld(t)
		if r.id == "retryAction" {
			w.fails("issue/INC-pay-CVE-2026-1/pay/shop")
		}
		var rec *httptest.ResponseRecorder
		for _, q := range requests[r.id] {
			q.as = "all-viewer"
			if r.needs != "" && r.needs != tocsin.MayRead {
				q.as = "all-security"
			}
			if r.needs == tocsin.MayRule {
				q.as = "all-admin"
			}
			if rec = w.ask(q); rec.Code >= 300 {
				t.Errorf("%s: %d: %s", r.id, rec.Code, rec.Body)
			}
		}
		if rec.Body.Len() > 0 && r.id != "getOpenAPI" {
			examples[r.id] = madeUp.ReplaceAll(rec.Body.Bytes(), []byte(`"${1}…"`))
		}
	}
	want, err := json.MarshalIndent(draw(false, examples), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("openapi.json"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("openapi.json is not what the table says; look at what go test ./internal/web -run Document -update changes: %v\n%s", err, cmp.Diff(string(got), string(want)))
	}
}

// TestDocumentIsWhole: what it refers to is there, names are used once, and what a path has in braces is a parameter.
func TestDocumentIsWhole(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
			Responses   map[string]json.RawMessage
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(document, &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatalf("%v: OpenAPI %q", err, doc.OpenAPI)
	}
	for _, m := range regexp.MustCompile(`"\$ref": "([^"]*)"`).FindAllStringSubmatch(string(document), -1) {
		name, ok := strings.CutPrefix(m[1], "#/components/schemas/")
		if _, there := doc.Components.Schemas[name]; !ok || !there {
			t.Errorf("%s leads nowhere", m[1])
		}
	}
	var ids []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			ids = append(ids, op.OperationID)
			if len(op.Responses) < 2 {
				t.Errorf("%s %s has no answers", method, path)
			}
			for _, m := range inPath.FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.In == "path" && p.Name == m[1] }) {
					t.Errorf("%s %s does not describe %s", method, path, m[1])
				}
			}
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(routes()) {
		t.Errorf("%d operations, %d routes: %v", len(ids), len(routes()), ids)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	for name := range doc.Components.Schemas {
		if _, err := c.Compile("openapi.json#/components/schemas/" + name); err != nil {
			t.Error(err)
		}
	}
}

// The report of the gate is the one that is published.
func TestTheGateIsAsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for _, body := range []string{lockfile, cleanLockfile, "{"} {
		rec := w.wants(200, asked{as: "security", method: "POST", path: "/v1/gate?project=pay%2Fshop&name=" + lockName, body: body})
		report, err := jsonschema.UnmarshalJSON(rec.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(report); err != nil {
			t.Error(err)
		}
	}
}
