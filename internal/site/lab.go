package site

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// A labPage is where a policy is written and tried. Nothing on it is live.
type labPage struct {
	Text, Cases string
	// Project, Class and Package say which finding is to be explained.
	Project, Class, Package string
	// Did is what the page answers: check, test or explain; empty: nothing yet.
	Did         string
	Check       web.PolicyCheck
	Test        web.PolicyTest
	Lines       []line
	CaseLines   []line
	Explanation *web.PolicyExplanation
	// Replays says that they may replay it: they see the whole portfolio; Proposes that they may propose to have it in force, for Reason.
	Replays, Proposes bool
	Reason            string
}

// Tone says whether the answer is a good one; an explanation is neither.
func (p labPage) Tone() string {
	switch {
	case len(p.Check.Faults) > 0 || len(p.Test.CaseFaults) > 0 || p.Test.Report != nil && len(p.Test.Report.Failures) > 0:
		return "bad"
	case p.Did == "explain":
		return ""
	default:
		return "good"
	}
}

// starter is what an empty editor begins with: a policy that is right, and says what to write.
const (
	starter = `policy: team
about: What our team does about flaws.
gate:
  default: pass
  rules:
    - name: critical
      when: finding.status == "affected" && advisory.rating == "critical"
      then: fail
      because: nobody releases a critical flaw
`
	starterCases = `policy: team
cases:
  - name: a critical flaw
    given: {advisory: {rating: critical}}
    want: {gate: fail, rule: critical}
  - name: everything else may pass
    want: {gate: pass}
`
)

// lab shows the editor, with what was typed, with the policy that the path names, or with one to begin with.
func (v *visit) lab() (shown, error) {
	p := labPage{Text: starter, Cases: starterCases, Project: v.q("project"), Class: v.q("class"), Package: v.q("package")}
	switch name := v.r.PathValue("name"); {
	case v.r.PostForm != nil:
		p = typed(v.r.PostForm)
	case name != "":
		got, err := web.Get[web.PolicyText](v.Client, "getPolicy", web.Ask{Path: map[string]string{"name": name}, Query: map[string]string{"mode": v.q("mode")}})
		if err != nil {
			return shown{}, err
		}
		p.Text, p.Cases = got.Text, got.Cases
	}
	p.Replays, p.Proposes = v.MayEverywhere(tocsin.MayRead), v.MayEverywhere(tocsin.MayManage)
	return shown{title: "Policy lab", body: p}, nil
}

func typed(f url.Values) labPage {
	plain := func(name string) string { return strings.ReplaceAll(f.Get(name), "\r\n", "\n") }
	field := func(name string) string { return strings.TrimSpace(f.Get(name)) }
	return labPage{Text: plain("text"), Cases: plain("cases"), Project: field("project"), Class: field("class"), Package: field("package"), Reason: f.Get("reason")}
}

// try answers what the editor asks, on the page that it is on.
func (v *visit) try() (shown, error) {
	p, err := typed(v.r.PostForm), error(nil)
	p.Did = v.r.PostForm.Get("do")
	if p.Check, err = web.Get[web.PolicyCheck](v.Client, "checkPolicy", web.Ask{Body: web.PolicyDraft{Text: p.Text}}); err != nil {
		return shown{}, err
	}
	p.Lines = faulty(p.Text, p.Check.Faults)
	switch {
	case len(p.Check.Faults) > 0:
		p.Did = "check"
	case p.Did == "test":
		p.Test, err = web.Get[web.PolicyTest](v.Client, "testPolicy", web.Ask{Body: web.PolicyTrial{Text: p.Text, Cases: p.Cases}})
		p.CaseLines = faulty(p.Cases, p.Test.CaseFaults)
	case p.Did == "explain":
		var got web.PolicyExplanation
		got, err = web.Get[web.PolicyExplanation](v.Client, "explainPolicy", web.Ask{Body: web.PolicyQuestion{Text: p.Text, Project: p.Project, Class: p.Class, Package: p.Package}})
		got.Live.Reason, got.Tried.Reason = pruned(got.Live.Reason), pruned(got.Tried.Reason)
		p.Explanation = &got
	default:
		p.Did = "check"
	}
	p.Replays, p.Proposes = v.MayEverywhere(tocsin.MayRead), v.MayEverywhere(tocsin.MayManage)
	return shown{title: "Policy lab", body: p}, err
}

// maxReasons bounds the nodes of a tree that a page shows.
const maxReasons = 300

// pruned is a tree of reasons that a page has room for.
func pruned(r tocsin.Reason) tocsin.Reason {
	room := maxReasons
	var cut func(tocsin.Reason) tocsin.Reason
	cut = func(r tocsin.Reason) tocsin.Reason {
		kids := r.Children
		r.Children = nil
		for i, kid := range kids {
			if room--; room < 0 {
				r.Children = append(r.Children, tocsin.Reason{Text: fmt.Sprintf("and %d more, in the API", len(kids)-i)})
				break
			}
			r.Children = append(r.Children, cut(kid))
		}
		return r
	}
	return cut(r)
}
