package incidents

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestRequest: what the forge is asked for a draft is asked once, by who may publish, where there is a draft; two agree to what others see.
func TestRequest(t *testing.T) {
	r, key := advising(t)
	r.rules.Projects["shop-sdk"] = tocsin.Project{
		Slug: "shop-sdk", Repository: "example/sdk", Visibility: tocsin.VisibilityPublic, Publishes: "pkg:npm/shop-sdk", OptIn: tocsin.OptIn{Issues: true, AdvisoryDraft: true, PublicExposure: true},
	}
	ask := func(what tocsin.AdvisoryRequest, projects ...string) tocsin.Command {
		return tocsin.Command{Do: tocsin.DoRequest, Request: what, Projects: projects, Reason: "it is new"}
	}
	r.refuses(key, tocsin.Actor{ID: "9", Name: "eve"}, ask(tocsin.RequestCVE, "shop-sdk"), tocsin.ErrForbidden, "publish")
	r.refuses(key, ada, ask("a pony", "shop-sdk"), tocsin.ErrInvalid, "want one of")
	r.refuses(key, ada, ask(tocsin.RequestCVE, "shop-web"), tocsin.ErrInvalid, "not part of the incident")
	r.refuses(key, ada, ask(tocsin.RequestCVE, "shop-api"), tocsin.ErrConflict, "has no advisory draft")
	for i := range r.known {
		r.known[i].Urgency = tocsin.UrgencyHold
	}
	r.refuses(key, ada, ask(tocsin.RequestFork, "shop-sdk"), tocsin.ErrConflict, "no emergency")
	for i := range r.known {
		r.known[i].Urgency = tocsin.UrgencyEmergency
	}
	made := func() map[string]tocsin.Action { return actions(t, r.inc(key), r.rules.Projects, private()) }
	for _, what := range tocsin.AdvisoryRequests() {
		r.does(key, ada, ask(what, "shop-sdk"))
		r.refuses(key, ada, ask(what, "shop-sdk"), tocsin.ErrConflict, "asked for already")
	}
	type asked struct {
		After     string
		Approvals int
		Audience  tocsin.Visibility
		TLP       tocsin.TLP
	}
	draft := "draft/" + key + "/shop-sdk"
	want := map[string]asked{
		"request/" + key + "/shop-sdk/cve":          {draft, 2, tocsin.VisibilityPrivate, tocsin.TLPAmber},
		"request/" + key + "/shop-sdk/private-fork": {draft, 0, tocsin.VisibilityPrivate, tocsin.TLPAmber},
		"request/" + key + "/shop-sdk/publication":  {draft, 2, tocsin.VisibilityPublic, tocsin.TLPClear},
	}
	got := map[string]asked{}
	for k, a := range made() {
		if a.Kind == tocsin.ActionRequest {
			got[k] = asked{a.After, a.Approvals, a.Audience, a.TLP}
			if _, err := exercise(a); err != nil {
				t.Errorf("in a drill: %v", err)
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	inc := r.inc(key)
	for i := range inc.Projects { // it is mended, and the advisory is to say so
		inc.Projects[i].Status = tocsin.ProjectPatched
	}
	if _, ok := actions(t, inc, r.rules.Projects, private())[draft]; !ok {
		t.Error("the draft is left as it was")
	}

	private := r.rules.Projects["shop-sdk"]
	private.Visibility = tocsin.VisibilityPrivate
	r, key = advising(t)
	r.rules.Projects["shop-sdk"] = private
	r.refuses(key, ada, ask(tocsin.RequestCVE, "shop-sdk"), tocsin.ErrConflict, "another CVE numbering authority")
	r.does(key, ada, ask(tocsin.RequestFork, "shop-sdk"))
}

// TestRequestUnderEmbargo: nothing is published before its end, though it was asked for before the embargo.
func TestRequestUnderEmbargo(t *testing.T) {
	r, key := advising(t)
	sdk := tocsin.Project{
		Slug: "shop-sdk", Repository: "example/sdk", Visibility: tocsin.VisibilityPrivate, Publishes: "pkg:npm/shop-sdk", OptIn: tocsin.OptIn{Issues: true, AdvisoryDraft: true, PublicExposure: true},
	}
	r.rules.Projects["shop-sdk"] = sdk
	publish := tocsin.Command{Do: tocsin.DoRequest, Request: tocsin.RequestPublication, Projects: []string{"shop-sdk"}, Reason: "the fix is out"}
	r.does(key, ada, publish)
	embargo := func() {
		r.does(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: r.now.Add(5 * tocsin.Day), Reason: "no fix yet"})
		r.does(key, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison})
		r.does(key, bea, tocsin.Command{Do: tocsin.DoAgree})
	}
	embargo()
	for k, a := range actions(t, r.inc(key), r.rules.Projects, private()) {
		if a.Kind == tocsin.ActionRequest {
			t.Errorf("%s is planned under an embargo", k)
		}
	}
	r, key = advising(t)
	r.rules.Projects["shop-sdk"] = sdk
	embargo()
	r.refuses(key, ada, publish, tocsin.ErrConflict, "under embargo")
}

// TestReport: a report waits for two people, is written once for each repository, and is nobody's but theirs to read.
func TestReport(t *testing.T) {
	r, key := advising(t)
	report := tocsin.Command{Do: tocsin.DoReport, Repository: "lib/left", Text: "It runs @code\n\nIn 1.2.3."}
	r.refuses(key, tocsin.Actor{ID: "9", Name: "eve"}, report, tocsin.ErrForbidden, "publish")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoReport, Repository: "../etc", Text: "x"}, tocsin.ErrInvalid, "owner/name")
	r.does(key, ada, report)
	r.refuses(key, bea, report, tocsin.ErrConflict, "written already")
	a, ok := actions(t, r.inc(key), r.rules.Projects, private())["report/"+key+"/lib/left"]
	if !ok || a.Approvals != 2 || a.Audience != tocsin.VisibilityPrivate || a.TLP != tocsin.TLPAmber || a.Repository != "lib/left" || a.Project != "" {
		t.Errorf("%+v", a)
	}
	drilled, err := exercise(a)
	if err != nil || !strings.Contains(string(drilled.Payload), ExerciseMark) {
		t.Errorf("%s, %v", drilled.Payload, err)
	}
}
