package github_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/notify/github"
)

var none tocsin.Remote

func TestIssueStory(t *testing.T) {
	w := newWorld(t)
	r := w.made(w.issue("You are affected."), none, none)
	if r.Number != 1 || r.Key != "issue/INC-1/shop" || r.Repository != repo || r.Revision != 1 ||
		r.URL != "https://github.com/acme/shop/issues/1" {
		t.Fatalf("remote %+v", r)
	}
	is := w.only()
	if diff := cmp.Diff([]string{"tocsin", "security"}, is.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"alice"}, is.Assignees); diff != "" {
		t.Errorf("assignees (-want +got):\n%s", diff)
	}
	if !strings.Contains(is.Body, "You are affected.") {
		t.Errorf("body %q", is.Body)
	}

	// The same again writes nothing.
	at := len(w.gh.Log())
	w.made(w.issue("You are affected."), r, none)
	if got := w.writes(at); len(got) != 0 {
		t.Errorf("an unchanged issue was written: %+v", got)
	}

	// People edit around our section, on the web, and label; all of it survives.
	w.must(w.gh.HumanEdit(repo, 1, func(i *githubtest.Issue) {
		i.Body = "We are on it.\r\n\r\n" + strings.ReplaceAll(i.Body, "\n", "\r\n") + "\r\n\r\nBob: done in #12."
		i.Labels = append(i.Labels, "p1")
	}))
	at = len(w.gh.Log())
	w.made(w.issue("You are affected."), r, none)
	if got := w.writes(at); len(got) != 0 {
		t.Errorf("line ends of the web count as a change: %+v", got)
	}
	w.made(w.issue("A fix is there."), r, none)
	is = w.only()
	for _, want := range []string{"We are on it.", "A fix is there.", "Bob: done in #12."} {
		if !strings.Contains(is.Body, want) {
			t.Errorf("body without %q: %q", want, is.Body)
		}
	}
	if strings.Contains(is.Body, "You are affected.") || strings.Count(is.Body, "tocsin:begin") != 1 {
		t.Errorf("our section was not replaced: %q", is.Body)
	}
	if diff := cmp.Diff([]string{"tocsin", "security", "p1"}, is.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}

	// Someone removes our marks and our label: both come back.
	w.must(w.gh.HumanEdit(repo, 1, func(i *githubtest.Issue) { i.Body = "Nothing to see."; i.Labels = []string{"p1"} }))
	w.made(w.issue("A fix is there."), r, none)
	is = w.only()
	if !strings.HasPrefix(is.Body, "Nothing to see.\n\n<!-- tocsin:begin -->") || !strings.Contains(is.Body, "A fix is there.") {
		t.Errorf("body %q", is.Body)
	}
	if diff := cmp.Diff([]string{"p1", "tocsin", "security"}, is.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}

	// Closed with evidence, and reopened on regression.
	w.made(w.closing("Validated."), r, none)
	if is = w.only(); is.State != "closed" || is.StateReason != "completed" || is.ClosedBy != bot {
		t.Errorf("issue %+v", is)
	}
	w.made(w.issue("It is back."), r, none)
	if is = w.only(); is.State != "open" {
		t.Errorf("issue %+v", is)
	}
	// A person's "completed" is reopened too; a person's "not planned" never.
	w.must(w.gh.HumanClose(repo, 1, "alice", "completed"))
	w.made(w.issue("It is still there."), r, none)
	if is = w.only(); is.State != "open" {
		t.Errorf("issue %+v", is)
	}
	w.must(w.gh.HumanClose(repo, 1, "alice", "not_planned"))
	at = len(w.gh.Log())
	w.refused(w.issue("Again."), r, none, tocsin.OutcomePermanent, "closed as not planned by alice and stays closed")
	w.refused(w.issue("Again."), none, none, tocsin.OutcomePermanent, "closed as not planned by alice")
	if got := w.writes(at); len(got) != 0 {
		t.Errorf("written against a person's will: %+v", got)
	}
	// To close what is closed touches the text alone.
	w.made(w.closing("Validated."), r, none)
	if is = w.only(); is.StateReason != "not_planned" || !strings.Contains(is.Body, "Validated.") {
		t.Errorf("issue %+v", is)
	}
}

func TestOurOwnNotPlannedIsReopened(t *testing.T) {
	w := newWorld(t)
	r := w.made(w.issue("Affected."), none, none)
	a := w.action(tocsin.ActionIssue, "issue/INC-1/shop",
		tocsin.IssuePayload{Title: "log4j-core is affected", Body: "Withdrawn.", Closed: true, StateReason: "not_planned"})
	w.made(a, r, none)
	if is := w.only(); is.StateReason != "not_planned" {
		t.Fatalf("issue %+v", is)
	}
	w.made(w.issue("Affected after all."), r, none)
	if is := w.only(); is.State != "open" {
		t.Errorf("issue %+v", is)
	}
}

func TestClosingWhatNeverWasOpensNothing(t *testing.T) {
	w := newWorld(t)
	if r := w.made(w.closing("Over."), none, none); r.Exists() {
		t.Errorf("remote %+v", r)
	}
	if got := w.gh.Issues(repo); len(got) != 0 {
		t.Errorf("issues %+v", got)
	}
}

func TestAdoption(t *testing.T) {
	w := newWorld(t)
	first := w.made(w.issue("Affected."), none, none)
	// The record is lost, and a person has removed the label by which we would look.
	w.must(w.gh.HumanEdit(repo, 1, func(i *githubtest.Issue) { i.Labels = nil }))
	again := w.made(w.issue("Affected, still."), none, none)
	if again.Number != first.Number || !strings.Contains(w.only().Body, "Affected, still.") {
		t.Errorf("adopted %+v, want %+v", again, first)
	}
	// A closing adopts too.
	if r := w.made(w.closing("Over."), none, none); r.Number != first.Number || w.only().State != "closed" {
		t.Errorf("closed %+v", r)
	}
}

func TestAdoptionOnALaterPage(t *testing.T) {
	w := newWorld(t)
	var marked string
	{ // what ours looks like
		r := w.made(w.issue("Affected."), none, none)
		marked = w.only().Body
		w.must(w.gh.HumanDelete(repo, int(r.Number)))
	}
	for i := range 250 {
		body := "by hand"
		if i == 240 {
			body = marked
		}
		_, err := w.gh.HumanOpen(repo, bot, fmt.Sprint("older ", i), body, "tocsin")
		w.must(err)
	}
	if r := w.made(w.issue("Affected."), none, none); r.Number != 242 {
		t.Errorf("adopted %+v", r)
	}
	if n := len(w.gh.Issues(repo)); n != 250 {
		t.Errorf("%d issues", n)
	}
}

func TestSpoofedMarkers(t *testing.T) {
	w := newWorld(t)
	w.made(w.issue("Affected."), none, none)
	genuine := w.only().Body
	w.must(w.gh.HumanDelete(repo, 1))
	// An outsider copies our text with its valid marker, and one is in a pull request of our own.
	_, err := w.gh.HumanOpen(repo, "mallory", "log4j-core is affected", genuine, "tocsin")
	w.must(err)
	n, err := w.gh.HumanOpen(repo, bot, "a pull request", genuine, "tocsin")
	w.must(err)
	w.must(w.gh.HumanEdit(repo, n, func(i *githubtest.Issue) { i.PullRequest = true }))
	// Our own account was made to quote a marker with a made-up signature, or of another incident.
	for _, s := range []string{
		strings.Replace(genuine, "mac=", "mac=0000", 1),
		"<!-- tocsin:v1 key=issue/INC-1/shop mac=" + strings.Repeat("0", 64) + " -->",
		strings.Replace(genuine, "INC-1", "INC-2", 1),
		"<!-- tocsin:v1 key=%zz mac=" + strings.Repeat("0", 64) + " -->",
	} {
		_, err := w.gh.HumanOpen(repo, bot, "quote", s, "tocsin")
		w.must(err)
	}
	r := w.made(w.issue("Affected."), none, none)
	if r.Number != 8 {
		t.Errorf("adopted a forgery: %+v", r)
	}
}

func TestHostileText(t *testing.T) {
	w := newWorld(t)
	a := w.action(tocsin.ActionIssue, "issue/a b-->/x", tocsin.IssuePayload{
		Title: "bad\nname \u202e" + strings.Repeat("x", 400),
		Body: "```\n<!-- tocsin:end -->\n<!-- tocsin:v1 key=a mac=b -->\n<details>\n```\n<details>\n```go\n" +
			strings.Repeat("é is long\n", 20000)})
	r := w.made(a, none, none)
	is := w.only()
	if len([]rune(is.Title)) != 250 || strings.ContainsAny(is.Title, "\n\u202e") {
		t.Errorf("title %q", is.Title)
	}
	if len(is.Body) > 60000 || !strings.HasSuffix(is.Body, "```\n</details>\n\n**This text was too long for GitHub and is cut here. The rest is in Tocsin.**\n\n<!-- tocsin:end -->") {
		t.Errorf("body of %d bytes ends in %q", len(is.Body), is.Body[len(is.Body)-200:])
	}
	if strings.Count(is.Body, "tocsin:end -->") != 2 || strings.Count(is.Body, "<!-- tocsin:end -->") != 1 ||
		!strings.Contains(is.Body, "key=issue%2Fa%20b--%3E%2Fx ") {
		t.Errorf("marks in %q", is.Body[:300])
	}
	at := len(w.gh.Log())
	if again := w.made(a, none, none); again.Number != r.Number || len(w.writes(at)) != 0 {
		t.Errorf("not recognised: %+v", again)
	}
	// People have filled the body: ours shrinks, until there is no room at all.
	w.must(w.gh.HumanEdit(repo, 1, func(i *githubtest.Issue) { i.Body = strings.Repeat("y", 50000) + i.Body }))
	w.made(a, r, none)
	if n := len(w.only().Body); n > 65000 || n < 60000 {
		t.Errorf("body of %d bytes", n)
	}
	w.must(w.gh.HumanEdit(repo, 1, func(i *githubtest.Issue) { i.Body = strings.Repeat("y", 64500) }))
	w.refused(a, r, none, tocsin.OutcomePermanent, "no room left")
}

func TestComment(t *testing.T) {
	w := newWorld(t)
	issue := w.made(w.issue("Affected."), none, none)
	for i := range 130 {
		w.must(w.gh.HumanComment(repo, 1, "alice", fmt.Sprint("talk ", i)))
	}
	a := w.action(tocsin.ActionComment, "comment/INC-1/shop/fixed", tocsin.CommentPayload{News: "fixed", Body: "A fix is there."})
	a.After = "issue/INC-1/shop"
	r := w.made(a, none, issue)
	at := len(w.gh.Log())
	if again := w.made(a, r, issue); again != r || len(w.gh.Log()) != at {
		t.Errorf("a known comment was looked for: %+v", again)
	}
	if again := w.made(a, none, issue); again.Number != r.Number || again.URL != r.URL {
		t.Errorf("a lost comment was not found: %+v, want %+v", again, r)
	}
	all := w.gh.Comments(repo, 1)
	if len(all) != 131 || !strings.Contains(all[130].Body, "A fix is there.") {
		t.Errorf("%d comments", len(all))
	}
	// Copied by an outsider, the marker does not count.
	other := w.action(tocsin.ActionComment, "comment/INC-1/shop/fixed", tocsin.CommentPayload{News: "fixed", Body: "A fix is there."})
	issue2 := w.made(w.action(tocsin.ActionIssue, "issue/INC-2/shop", tocsin.IssuePayload{Title: "x", Body: "y"}), none, none)
	w.must(w.gh.HumanComment(repo, int(issue2.Number), "mallory", all[130].Body))
	w.made(other, none, issue2)
	if n := len(w.gh.Comments(repo, int(issue2.Number))); n != 2 {
		t.Errorf("%d comments", n)
	}

	w.refused(a, none, none, tocsin.OutcomePermanent, "no issue to comment on")
	w.refused(a, none, tocsin.Remote{Repository: "acme/other", Number: 1}, tocsin.OutcomePermanent, "the issue is in acme/other")
	w.must(w.gh.HumanDelete(repo, 1))
	w.refused(a, none, issue, tocsin.OutcomePermanent, "deleted or moved out of sight")
}

func TestLockedConversation(t *testing.T) {
	w := newWorld(t)
	w.must(w.gh.EditRepository(repo, func(r *githubtest.Repository) { r.Collaborators[bot] = githubtest.Read }))
	issue := w.made(w.issue("Affected."), none, none)
	if is := w.only(); len(is.Labels) != 0 || len(w.gh.Labels(repo)) != 0 {
		t.Errorf("labels without permission: %+v", is)
	}
	if again := w.made(w.closing("Over."), none, none); again.Number != issue.Number {
		t.Errorf("an unlabelled issue was not found again: %+v", again)
	}
	w.must(w.gh.HumanEdit(repo, 1, func(i *githubtest.Issue) { i.Locked = true }))
	w.refused(w.action(tocsin.ActionComment, "c", tocsin.CommentPayload{Body: "x"}), none, issue, tocsin.OutcomePermanent, "unlock it")
	w.refused(w.closing("Over, really."), issue, none, tocsin.OutcomePermanent, "issues:write")
}

func TestRepositorySettings(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*githubtest.Repository)
		want string
	}{
		{"archived", func(r *githubtest.Repository) { r.Archived = true }, "archived and read-only"},
		{"issues disabled", func(r *githubtest.Repository) { r.IssuesDisabled = true }, "issues disabled"},
		{"fork", func(r *githubtest.Repository) { r.Fork = true }, "is a fork"},
		{"renamed", func(r *githubtest.Repository) { r.Name = "acme/store" }, `is now called "acme/store"`},
		{"hidden", func(r *githubtest.Repository) { r.Private, r.Collaborators = true, nil }, "does not exist or is hidden"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.made(w.issue("Affected."), none, none)
			w.must(w.gh.EditRepository(repo, c.edit))
			at := len(w.gh.Log())
			comment := w.action(tocsin.ActionComment, "c", tocsin.CommentPayload{Body: "x"})
			w.refused(w.issue("Changed."), r, none, tocsin.OutcomePermanent, c.want)
			w.refused(w.issue("Changed."), none, none, tocsin.OutcomePermanent, c.want)
			w.refused(comment, none, r, tocsin.OutcomePermanent, c.want)
			if c.name != "issues disabled" {
				w.refused(w.draft("x"), none, none, tocsin.OutcomePermanent, c.want)
			}
			if got := w.writes(at); len(got) != 0 {
				t.Errorf("written all the same: %+v", got)
			}
		})
	}
}

func TestRenamedProject(t *testing.T) {
	w := newWorld(t)
	r := w.made(w.issue("Affected."), none, none)
	w.must(w.gh.EditRepository(repo, func(r *githubtest.Repository) { r.Name = "acme/store" }))
	a := w.issue("Affected, still.")
	a.Repository = "acme/store"
	got := w.made(a, r, none)
	if got.Number != 1 || got.Repository != "acme/store" || len(w.gh.Issues("acme/store")) != 1 {
		t.Errorf("after the rename: %+v", got)
	}
	// Another repository altogether: its number 1 is not ours, and is left alone.
	w.add(githubtest.Repository{Name: "acme/next", Collaborators: map[string]githubtest.Permission{bot: githubtest.Write}})
	_, err := w.gh.HumanOpen("acme/next", "alice", "mine", "mine")
	w.must(err)
	a.Repository = "acme/next"
	if got := w.made(a, r, none); got.Number != 2 || w.gh.Issues("acme/next")[0].Body != "mine" {
		t.Errorf("in the next repository: %+v", got)
	}
}

func TestDeletedAndTransferred(t *testing.T) {
	w := newWorld(t)
	w.add(githubtest.Repository{Name: "acme/other"})
	r := w.made(w.issue("Affected."), none, none)
	_, err := w.gh.HumanTransfer(repo, 1, "acme/other")
	w.must(err)
	w.refused(w.issue("Changed."), r, none, tocsin.OutcomePermanent, "was transferred to acme/other#1")

	r = w.made(w.issue("Affected."), none, none)
	w.must(w.gh.HumanDelete(repo, int(r.Number)))
	w.refused(w.issue("Changed."), r, none, tocsin.OutcomePermanent, "was deleted or moved out of sight")
	if got := w.gh.Issues(repo); len(got) != 0 {
		t.Errorf("a deleted issue came back: %+v", got)
	}
	r.Number = 4711
	w.refused(w.issue("Changed."), r, none, tocsin.OutcomePermanent, "was deleted or moved out of sight")
}

func TestAudience(t *testing.T) {
	w := newWorld(t)
	a := w.issue("Confidential.")
	a.TLP, a.Audience = tocsin.TLPAmber, tocsin.VisibilityPrivate
	w.refused(a, none, none, tocsin.OutcomePermanent, "is public, but the text is for a private audience")
	w.must(w.gh.EditRepository(repo, func(r *githubtest.Repository) { r.Private = true }))
	w.made(a, none, none)
	a.Audience = tocsin.VisibilityPublic
	at := len(w.gh.Log())
	w.refused(a, none, none, tocsin.OutcomePermanent, "must not be shown")
	a.TLP, a.Audience = "", ""
	w.refused(a, none, none, tocsin.OutcomePermanent, "must not be shown")
	if len(w.gh.Log()) != at {
		t.Error("GitHub was asked")
	}
}

func TestDraftStory(t *testing.T) {
	w := newWorld(t)
	r := w.made(w.draft("It executes code."), none, none)
	ours := w.gh.Advisories(repo)[0]
	if ours.ID != r.Name || ours.State != "draft" || ours.Severity != "critical" || ours.CVE != "CVE-2021-44228" {
		t.Fatalf("advisory %+v, remote %+v", ours, r)
	}
	w.must(w.gh.HumanDeleteAdvisory(repo, r.Name))
	w.refused(w.draft("Changed."), r, none, tocsin.OutcomePermanent, "is gone, or hidden from the token")
	// An outsider reports with a copy of our marker.
	for _, author := range []string{"mallory", ""} { // the account may be deleted since
		id, err := w.gh.HumanReport(repo, "mallory", "x", ours.Description)
		w.must(err)
		w.must(w.gh.HumanEditAdvisory(repo, id, func(a *githubtest.Advisory) { a.Author = author }))
	}
	for i := range 130 {
		id, err := w.gh.HumanReport(repo, "mallory", fmt.Sprint("report ", i), "x")
		w.must(err)
		w.must(w.gh.HumanEditAdvisory(repo, id, func(a *githubtest.Advisory) { a.State = "closed" }))
	}
	r = w.made(w.draft("It executes code."), none, none)
	if n := len(w.gh.Advisories(repo)); n != 133 {
		t.Fatalf("%d advisories", n)
	}
	at := len(w.gh.Log())
	if again := w.made(w.draft("It executes code."), none, none); again.Name != r.Name || len(w.writes(at)) != 0 {
		t.Errorf("not found again: %+v", again)
	}
	// People add to the text; ours alone is replaced.
	w.must(w.gh.HumanEditAdvisory(repo, r.Name, func(a *githubtest.Advisory) { a.Description = "Thanks to Bob.\n\n" + a.Description }))
	w.made(w.draft("It executes any code."), r, none)
	all := w.gh.Advisories(repo)
	if d := all[len(all)-1].Description; !strings.HasPrefix(d, "Thanks to Bob.\n\n<!--") || !strings.Contains(d, "any code") {
		t.Errorf("description %q", d)
	}
	// What is published is theirs.
	w.must(w.gh.HumanEditAdvisory(repo, r.Name, func(a *githubtest.Advisory) { a.State, a.Published = "published", time.Unix(0, 0) }))
	w.made(w.draft("It executes any code."), r, none)
	w.refused(w.draft("Other."), r, none, tocsin.OutcomePermanent, "is published and is no longer changed by us")
}

func TestDraftChanges(t *testing.T) {
	base := func() tocsin.DraftPayload {
		return tocsin.DraftPayload{Summary: "s", Description: "d", Severity: "high", CWEs: []string{"CWE-1"},
			Vulnerabilities: []tocsin.DraftVulnerability{{Ecosystem: "npm", Name: "a", Range: "< 2"}}}
	}
	for name, edit := range map[string]func(*tocsin.DraftPayload){
		"summary":  func(p *tocsin.DraftPayload) { p.Summary = "t" },
		"severity": func(p *tocsin.DraftPayload) { p.Severity = "low" },
		"cvss": func(p *tocsin.DraftPayload) {
			p.Severity, p.CVSS = "", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
		},
		"cve":     func(p *tocsin.DraftPayload) { p.CVE = "CVE-2025-1234" },
		"cwes":    func(p *tocsin.DraftPayload) { p.CWEs = append(p.CWEs, "CWE-2") },
		"package": func(p *tocsin.DraftPayload) { p.Vulnerabilities[0].Patched = "2" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.made(w.action(tocsin.ActionDraft, "d", base()), none, none)
			p := base()
			edit(&p)
			for _, want := range []int{1, 0} {
				at := len(w.gh.Log())
				w.made(w.action(tocsin.ActionDraft, "d", p), r, none)
				if got := w.writes(at); len(got) != want {
					t.Errorf("%d writes, want %d", len(got), want)
				}
			}
		})
	}
}

func TestDraftPermission(t *testing.T) {
	w := newWorld(t)
	w.must(w.gh.EditRepository(repo, func(r *githubtest.Repository) { r.Collaborators[bot] = githubtest.Write }))
	w.refused(w.draft("x"), none, none, tocsin.OutcomePermanent, "repository_advisories:write")
	w.must(w.gh.EditRepository(repo, func(r *githubtest.Repository) { r.SecurityManagers = []string{bot} }))
	w.made(w.draft("x"), none, none)
}

func TestRefusedActions(t *testing.T) {
	w := newWorld(t)
	at := len(w.gh.Log())
	for want, edit := range map[string]func(*tocsin.Action){
		"action key":             func(a *tocsin.Action) { a.Key = "" },
		"want owner/name":        func(a *tocsin.Action) { a.Repository = "acme/shop/../../user" },
		`"acme/..": want owner`:  func(a *tocsin.Action) { a.Repository = "acme/.." },
		"is not GitHub's":        func(a *tocsin.Action) { a.Kind = "mail" },
		"payload":                func(a *tocsin.Action) { a.Payload = []byte("{") },
		"without a title":        func(a *tocsin.Action) { a.Payload = []byte(`{"title":"\n"}`) },
		"state reason":           func(a *tocsin.Action) { a.Payload = []byte(`{"title":"x","closed":true,"state_reason":"bored"}`) },
		"without commas":         func(a *tocsin.Action) { a.Payload = []byte(`{"title":"x","labels":["a,b"]}`) },
		"empty comment":          func(a *tocsin.Action) { a.Kind, a.Payload = tocsin.ActionComment, []byte(`{}`) },
		"summary or description": func(a *tocsin.Action) { a.Kind, a.Payload = tocsin.ActionDraft, []byte(`{}`) },
		"names no affected": func(a *tocsin.Action) {
			a.Kind, a.Payload = tocsin.ActionDraft, []byte(`{"summary":"a","description":"b"}`)
		},
		"both a severity and a C": func(a *tocsin.Action) {
			a.Kind, a.Payload = tocsin.ActionDraft, []byte(`{"summary":"a","description":"b","severity":"low","cvss_vector_string":"x"}`)
		},
	} {
		a := w.issue("x")
		edit(&a)
		w.refused(a, none, none, tocsin.OutcomePermanent, want)
		if _, err := w.ex.Plan(a, none, none); err == nil {
			t.Errorf("Plan accepts what Execute refuses: %s", want)
		}
	}
	w.refused(w.draft("x"), tocsin.Remote{Repository: repo, Name: "../x"}, none, tocsin.OutcomePermanent, "is not a GHSA id")
	if len(w.gh.Log()) != at {
		t.Error("GitHub was asked")
	}
}

func TestPlanIsWhatExecuteDoes(t *testing.T) {
	w := newWorld(t)
	issue := w.issue("Affected: <b> & more.")
	issue.Payload = []byte(strings.Replace(string(issue.Payload), `"stranger"`, `"ALICE","no/login"`, 1))
	parent := tocsin.Remote{Repository: repo, Number: 1}
	check := func(what string, a tocsin.Action, remote, parent tocsin.Remote) tocsin.Remote {
		t.Helper()
		at := len(w.gh.Log())
		plan, err := w.ex.Plan(a, remote, parent)
		w.must(err)
		if len(w.gh.Log()) != at {
			t.Errorf("%s: Plan asks GitHub", what)
		}
		r := w.made(a, remote, parent)
		var did []github.Request
		for _, q := range w.writes(at) {
			did = append(did, github.Request{Method: q.Method, Path: strings.TrimPrefix(q.Path, "/"), Body: q.Body})
		}
		if diff := cmp.Diff(compact(t, plan), compact(t, did)); diff != "" {
			t.Errorf("%s: Plan and Execute differ (-plan +did):\n%s", what, diff)
		}
		return r
	}
	r := check("open", issue, none, none)
	check("update", w.issue("Changed."), r, none)
	check("close", w.closing("Over."), r, none)
	check("comment", w.action(tocsin.ActionComment, "c", tocsin.CommentPayload{News: "fixed", Body: "Fixed."}), none, parent)
	d := check("draft", w.draft("Text."), none, none)
	check("update draft", w.draft("Other text."), d, none)
	if plan, err := w.ex.Plan(w.closing("Over."), none, none); err != nil || plan != nil {
		t.Errorf("plan to close what is not there: %v, %v", plan, err)
	}
	c := w.action(tocsin.ActionComment, "c", tocsin.CommentPayload{Body: "Fixed."})
	if plan, err := w.ex.Plan(c, tocsin.Remote{Repository: repo, Number: 9}, parent); err != nil || plan != nil {
		t.Errorf("plan to comment again: %v, %v", plan, err)
	}
	plan, err := w.ex.Plan(issue, none, none)
	if err != nil || !strings.Contains(string(plan[2].Body), "\n  \"title\": \"log4j-core is affected\"") ||
		!strings.Contains(string(plan[2].Body), "<b> & more") {
		t.Errorf("plan is not for reading: %s, %v", plan, err)
	}
}
