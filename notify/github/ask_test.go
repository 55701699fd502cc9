package github_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
)

func (w *world) ask(what tocsin.AdvisoryRequest) tocsin.Action {
	return w.action(tocsin.ActionRequest, "request/INC-1/shop/"+string(what), tocsin.RequestPayload{Request: what})
}

// drafted is a draft without a CVE id.
func (w *world) drafted() tocsin.Remote {
	w.t.Helper()
	r := w.made(w.action(tocsin.ActionDraft, "draft/INC-1/shop", tocsin.DraftPayload{
		Summary: "s", Description: "d", Severity: "high", Vulnerabilities: []tocsin.DraftVulnerability{{Ecosystem: "npm", Name: "a", Range: "< 2"}},
	}), none, none)
	r.Repository = repo
	return r
}

// TestAsk: each is asked for once, whatever goes wrong on the way, and what is there is not asked for.
func TestAsk(t *testing.T) {
	done := map[tocsin.AdvisoryRequest]func(githubtest.Advisory) bool{
		tocsin.RequestCVE:         func(a githubtest.Advisory) bool { return a.CVERequested == 1 },
		tocsin.RequestFork:        func(a githubtest.Advisory) bool { return a.Fork != "" },
		tocsin.RequestPublication: func(a githubtest.Advisory) bool { return a.State == "published" },
	}
	for what, is := range done {
		for _, c := range faults {
			if c.fault.Kind == githubtest.HangBefore || c.fault.Kind == githubtest.HangAfter {
				continue // the same as a close, but slower
			}
			for at := range int64(3) {
				w := newWorld(t)
				parent := w.drafted()
				before := int64(len(w.gh.Log()))
				w.gh.SetFaults(func(r githubtest.RequestInfo) githubtest.Fault {
					if r.Seq == before+at+1 {
						return c.fault
					}
					return githubtest.Fault{}
				})
				for try := 0; ; try++ {
					r, err := w.do(w.ask(what), none, parent)
					if err == nil {
						if r.Name != parent.Name || !r.Exists() {
							t.Errorf("%s: %+v", what, r)
						}
						break
					}
					var de *tocsin.DeliveryError
					if try > 3 || !errors.As(err, &de) || de.Outcome == tocsin.OutcomePermanent {
						t.Fatalf("%s, %s at request %d: %v", what, c.fault.Kind, at+1, err)
					}
					w.clock.advance(de.RetryAfter)
				}
				if a := w.gh.Advisories(repo); len(a) != 1 || !is(a[0]) {
					t.Errorf("%s, %s at request %d: %+v", what, c.fault.Kind, at+1, a)
				}
				from := len(w.gh.Log())
				w.made(w.ask(what), none, parent)
				if n := len(w.writes(from)); n > 0 && what != tocsin.RequestCVE { // whose answer waits for people
					t.Errorf("%s: asked for again", what)
				}
			}
		}
	}
}

func TestAskRefused(t *testing.T) {
	w := newWorld(t)
	parent := w.drafted()
	w.refused(w.ask("a pony"), none, parent, tocsin.OutcomePermanent, "want one of")
	w.refused(w.ask(tocsin.RequestCVE), none, none, tocsin.OutcomePermanent, "has not made one")
	elsewhere := parent
	elsewhere.Repository = "acme/other"
	w.refused(w.ask(tocsin.RequestCVE), none, elsewhere, tocsin.OutcomePermanent, "the advisory is in acme/other")
	w.must(w.gh.HumanEditAdvisory(repo, parent.Name, func(a *githubtest.Advisory) { a.CVE = "CVE-2026-12345" }))
	from := len(w.gh.Log())
	w.made(w.ask(tocsin.RequestCVE), none, parent)
	if len(w.writes(from)) != 0 {
		t.Error("an id is asked for where one is")
	}
	w.must(w.gh.EditRepository(repo, func(r *githubtest.Repository) { r.Collaborators[bot] = githubtest.Write }))
	w.refused(w.ask(tocsin.RequestFork), none, parent, tocsin.OutcomePermanent, "repository_advisories:write")
	w.must(w.gh.EditRepository(repo, func(r *githubtest.Repository) { r.Collaborators[bot] = githubtest.Admin }))
	w.must(w.gh.HumanEditAdvisory(repo, parent.Name, func(a *githubtest.Advisory) { a.State = "closed" }))
	for _, what := range []tocsin.AdvisoryRequest{tocsin.RequestFork, tocsin.RequestPublication} {
		w.refused(w.ask(what), none, parent, tocsin.OutcomePermanent, "is closed")
	}
}

// TestReport: maintainers that are not ours are told once, where they take reports, and what they do with it is theirs.
func TestReport(t *testing.T) {
	for _, c := range faults {
		if c.fault.Kind == githubtest.HangBefore || c.fault.Kind == githubtest.HangAfter {
			continue // the same as a close, but slower
		}
		w := newWorld(t)
		const upstream = "lib/left"
		w.add(githubtest.Repository{Name: upstream})
		a := w.action(tocsin.ActionReport, "report/INC-1/"+upstream, tocsin.ReportPayload{Summary: "It runs code", Description: "It runs code\n\nIn 1.2.3.", Severity: "high"})
		a.Repository, a.Audience, a.TLP = upstream, tocsin.VisibilityPrivate, tocsin.TLPAmber
		w.refused(a, none, none, tocsin.OutcomePermanent, "SECURITY.md")
		w.must(w.gh.EditRepository(upstream, func(r *githubtest.Repository) { r.Reporting = true }))
		_, err := w.gh.HumanReport(upstream, "mallory", "x", "x")
		w.must(err)
		w.gh.SetFaults(githubtest.Once(c.fault, func(r githubtest.RequestInfo) bool { return r.Method == "POST" }))
		var made tocsin.Remote
		for try := 0; ; try++ {
			if made, err = w.do(a, none, none); err == nil {
				break
			}
			var de *tocsin.DeliveryError
			if try > 3 || !errors.As(err, &de) || de.Outcome == tocsin.OutcomePermanent {
				t.Fatalf("%s: %v", c.fault.Kind, err)
			}
			w.clock.advance(de.RetryAfter)
		}
		list := w.gh.Advisories(upstream)
		if len(list) != 2 || !list[1].Reported || list[1].Author != bot || list[1].Severity != "high" || !strings.Contains(list[1].Description, "In 1.2.3.") {
			t.Errorf("%s: %+v", c.fault.Kind, list)
		}
		made.Repository = upstream
		from := len(w.gh.Log())
		w.made(a, made, none)
		if len(w.writes(from)) != 0 {
			t.Error("it is told again")
		}
	}
}
