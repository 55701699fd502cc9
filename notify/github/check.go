package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
)

// A Need is what a configuration wants of a repository.
type Need struct {
	Repository string `json:"repository"`
	// Visibility that the configuration says it has.
	Visibility tocsin.Visibility `json:"visibility"`
	// Issues are to be written, with Assignees; Drafts of advisories too.
	Issues, Drafts bool     `json:"-"`
	Assignees      []string `json:"-"`
	// Hook is what a webhook's address ends with, and Events are those that it is to bring; none: there are to be none.
	Hook   string   `json:"-"`
	Events []string `json:"-"`
	// App are the permissions of a GitHub App's installation, by name; nil: it signs in with a token.
	App map[string]string `json:"-"`
}

// A Finding is one thing about a repository that was looked at.
type Finding struct {
	Name string `json:"name"`
	// State is ok; note, for what is not needed or cannot be told; or missing.
	State FindingState `json:"state"`
	Text  string       `json:"text"`
	// Fix says what to do.
	Fix string `json:"fix,omitempty"`
}

// FindingState is how a look at something ended.
type FindingState string

// The states of a [Finding].
const (
	FindingOK      FindingState = "ok"
	FindingNote    FindingState = "note"
	FindingMissing FindingState = "missing"
)

type inspection struct {
	e    *Executor
	need Need
	out  []Finding
}

func (i *inspection) say(state FindingState, name, fix, format string, args ...any) {
	i.out = append(i.out, Finding{name, state, fmt.Sprintf(format, args...), fix})
}

// be says something that is to be so where it is needed.
func (i *inspection) be(ok, needed bool, name, is, isNot, fix string) {
	switch {
	case ok:
		i.say(FindingOK, name, "", "%s", is)
	case needed:
		i.say(FindingMissing, name, fix, "%s", isNot)
	default:
		i.say(FindingNote, name, "", "%s; it is not needed", isNot)
	}
}

// Inspect looks at a repository without changing anything, and says whether what the configuration needs is there.
func (e *Executor) Inspect(ctx context.Context, need Need) []Finding {
	i := &inspection{e: e, need: need}
	if !tocsin.ValidRepository(need.Repository) {
		i.say(FindingMissing, "repository", "correct the project", "%q is not owner/name", need.Repository)
		return i.out
	}
	var r api.Repository
	h, err := e.call(ctx, Request{Method: http.MethodGet, Path: i.path("")}, &r)
	if err != nil {
		i.say(FindingMissing, "repository", "correct its name, or give the token access", "%s", plain(err))
		return i.out
	}
	i.token(h)
	i.repository(&r)
	i.labels(ctx)
	i.assignees(ctx)
	i.advisories(ctx, r.GetPermissions()["admin"] || need.App != nil, h.Get("X-GitHub-Enterprise-Version"))
	i.hooks(ctx)
	i.checks(ctx, r.GetDefaultBranch())
	return i.out
}

func (i *inspection) path(tail string) string { return "repos/" + i.need.Repository + tail }

func (i *inspection) get(ctx context.Context, tail string, into any) error {
	_, err := i.e.call(ctx, Request{Method: http.MethodGet, Path: i.path(tail)}, into)
	return err
}

// token says what the token may do, as far as GitHub tells: scopes only of classic ones, permissions of Apps.
// https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
func (i *inspection) token(h http.Header) {
	if v := h.Get("X-GitHub-Enterprise-Version"); v != "" {
		i.say(FindingOK, "server", "", "GitHub Enterprise Server %s", v)
	}
	if i.need.App != nil {
		for _, p := range []struct {
			name, level string
			needed      bool
		}{{"metadata", "read", true}, {"issues", "write", i.need.Issues}, {"repository_advisories", "write", i.need.Drafts}, {"contents", "read", false}, {"checks", "read", false}, {"statuses", "read", false}} {
			have := i.need.App[p.name]
			i.be(have == p.level || have == "write" || have == "admin", p.needed, "App "+p.name, have,
				"the App has no "+p.level+" permission", "grant it in the App's settings, and accept it in the organisation")
		}
		return
	}
	scopes, told := h["X-Oauth-Scopes"]
	if !told {
		i.say(FindingNote, "token", "", "GitHub does not tell what a token of this kind may do")
		return
	}
	have := strings.FieldsFunc(strings.Join(scopes, ","), func(r rune) bool { return r == ',' || r == ' ' })
	enough := slices.Contains(have, "repo") || i.need.Visibility == tocsin.VisibilityPublic && slices.Contains(have, "public_repo")
	i.be(enough, i.need.Issues, "token", "scopes "+strings.Join(have, ", "), "scopes "+strings.Join(have, ", ")+" do not allow to write issues",
		"give the token the scope repo, or public_repo for public repositories")
	if i.need.Drafts && !slices.Contains(have, "repo") && !slices.Contains(have, "repository_advisories:write") {
		i.say(FindingMissing, "token", "give it repo or repository_advisories:write", "the scopes do not allow advisories")
	}
}

func (i *inspection) repository(r *api.Repository) {
	n := i.need
	if !strings.EqualFold(r.GetFullName(), n.Repository) {
		i.say(FindingMissing, "name", "change the project's repository", "it is now called %s", r.GetFullName())
	}
	i.be(!r.GetArchived(), n.Issues, "archived", "no", "it is archived and read-only", "unarchive it, or take the project out")
	i.be(!r.GetDisabled(), n.Issues, "disabled", "no", "GitHub disabled it", "reach its owners another way")
	i.be(!r.GetFork(), n.Issues, "fork", "no", "it is a fork, which is never written to", "name the original, or take the project out")
	i.be(r.GetHasIssues(), n.Issues, "issues", "enabled", "issues are disabled", "enable them in its settings")
	public := !r.GetPrivate()
	switch {
	case public && n.Visibility != tocsin.VisibilityPublic:
		i.say(FindingMissing, "visibility", "correct visibility: of the project; until then nothing is written", "it is public, and is said to be private")
	case !public && n.Visibility == tocsin.VisibilityPublic:
		i.say(FindingNote, "visibility", "correct visibility: of the project", "it is private, and is said to be public")
	default:
		i.say(FindingOK, "visibility", "", "%s", n.Visibility)
	}
	p := r.GetPermissions()
	i.be(p["push"], false, "commands", "what people may do can be asked", "commands in comments are not obeyed: only who may push is told what others may do", "")
	i.be(p["triage"] || p["push"], n.Issues && i.need.App == nil, "role", "may label and assign",
		"labels and assignees are dropped from issues", "give the token's user the role triage or more")
}

func (i *inspection) labels(ctx context.Context) {
	err := i.get(ctx, "/labels/"+url.PathEscape(Label), nil)
	switch {
	case err == nil:
		i.say(FindingOK, "label", "", "%s is there", Label)
	case status(err) == http.StatusNotFound:
		i.say(FindingNote, "label", "", "%s will be made", Label)
	default:
		i.say(FindingNote, "label", "", "%s", plain(err))
	}
}

func (i *inspection) assignees(ctx context.Context) {
	for _, login := range i.need.Assignees {
		if !validLogin(login) {
			i.say(FindingNote, "assignee "+login, "correct owners:", "it is no login")
			continue
		}
		switch err := i.get(ctx, "/assignees/"+login, nil); {
		case err == nil:
			i.say(FindingOK, "assignee "+login, "", "can be assigned")
		case status(err) == http.StatusNotFound:
			i.say(FindingNote, "assignee "+login, "make them a collaborator, or take them out of owners:", "cannot be assigned and is left out")
		default:
			i.say(FindingNote, "assignee "+login, "", "%s", plain(err))
		}
	}
}

// advisories are not on every GitHub Enterprise Server. Who is a security manager without being an administrator GitHub does not say.
func (i *inspection) advisories(ctx context.Context, admin bool, server string) {
	err := i.get(ctx, "/security-advisories?per_page=1&state=draft", nil)
	text := fmt.Sprintf("they cannot be read: %s", plain(err))
	if err != nil && server != "" {
		text = fmt.Sprintf("GitHub Enterprise Server %s may not have them: %s", server, plain(err))
	}
	if err == nil && !admin && i.need.Drafts {
		i.say(FindingNote, "advisories", "make the token's user an administrator, or a security manager", "only administrators and security managers may draft them, and whether the token's user is a security manager cannot be told")
		return
	}
	i.be(err == nil, i.need.Drafts, "advisories", "can be drafted", text, "give the token's user the role of an administrator or security manager, or take out opt_in: advisory_draft")
	var reporting struct {
		Enabled bool `json:"enabled"`
	}
	err = i.get(ctx, "/private-vulnerability-reporting", &reporting)
	switch {
	case err != nil:
		i.say(FindingNote, "private reporting", "", "it cannot be told: %s", plain(err))
	case !reporting.Enabled:
		i.say(FindingNote, "private reporting", "", "outsiders cannot report privately")
	default:
		i.say(FindingOK, "private reporting", "", "enabled")
	}
}

// hooks can be read by administrators only; those of an App stand in its own settings.
func (i *inspection) hooks(ctx context.Context) {
	if len(i.need.Events) == 0 {
		return
	}
	if i.need.App != nil {
		i.say(FindingNote, "webhook", "", "an App's webhook stands in its settings: it is to bring %s", strings.Join(i.need.Events, ", "))
		return
	}
	left := slices.Clone(i.need.Events)
	found := false
	err := each(ctx, i.e, i.path("/hooks"), url.Values{}, func(h *api.Hook) bool {
		if at, err := url.Parse(h.Config.GetURL()); err != nil || !h.GetActive() || !strings.HasSuffix(at.Path, i.need.Hook) {
			return false
		}
		found = true
		left = slices.DeleteFunc(left, func(e string) bool { return slices.Contains(h.Events, e) || slices.Contains(h.Events, "*") })
		return false
	})
	switch {
	case err != nil:
		i.say(FindingNote, "webhook", "", "only administrators see webhooks: %s", plain(err))
	case !found:
		i.say(FindingNote, "webhook", "add one, or one of the organisation", "the repository has none of its own that leads to %s", i.need.Hook)
	default:
		i.be(len(left) == 0, true, "webhook", "brings all that is needed", "does not bring "+strings.Join(left, ", "), "have it send these events")
	}
}

// checks are read of the commit that shows a project clear. Without them a fix counts all the same.
func (i *inspection) checks(ctx context.Context, branch string) {
	at := "/commits/" + url.PathEscape(branch)
	err := i.get(ctx, at+"/check-runs?per_page=1", nil)
	if err == nil {
		err = i.get(ctx, at+"/status?per_page=1", nil)
	}
	if err != nil {
		i.say(FindingNote, "checks", "let the token read checks and commit statuses", "they cannot be read, so a fix counts whether they pass or not: %s", plain(err))
		return
	}
	i.say(FindingOK, "checks", "", "can be read")
}

// plain is an error as people read it: what GitHub said, without what it means for a delivery.
func plain(err error) string {
	if r := refusalOf(err); r != nil {
		return r.Error()
	}
	return fmt.Sprint(err)
}
