package incidents

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	advisory "github.com/tocsin-dev/tocsin/advisories/draft"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// Coordination is where an incident is led from: a repository of our own, not of a project that may be compromised.
type Coordination struct {
	Repository string
	Visibility tocsin.Visibility
}

// label is on every issue we make, and what we look for them by.
const label = "tocsin"

// draftApprovals is how many people must agree before an advisory draft is made: two, as for every public text.
const draftApprovals = 2

// Actions gives all effects that the incident wants, as they should be now. The same incident gives the same actions,
// so that what was done already is recognised by key and content. CreatedAt and Revision are for the outbox to fill in.
func (w *Writer) Actions(inc tocsin.Incident, projects map[string]tocsin.Project, playbooks map[string]tocsin.Playbook, c Coordination) ([]tocsin.Action, error) {
	v := newView(inc, playbooks[inc.Playbook])
	if c.Visibility != tocsin.VisibilityPrivate { // what runs in a repository is not for everybody who may know that it is affected
		v.Next = slices.DeleteFunc(v.Next, func(s tocsin.Step) bool { return s.Project != "" })
		v.Unmet = slices.DeleteFunc(v.Unmet, func(c tocsin.Check) bool { return c.Project != "" })
	}
	var out []tocsin.Action
	var rows []shown
	for _, ip := range inc.Projects {
		p, ok := projects[ip.Slug]
		if !ok {
			p = tocsin.Project{Slug: ip.Slug, Visibility: tocsin.VisibilityPrivate}
		}
		silent := unheard(inc, p)
		if silent == "" {
			made, err := w.project(v.of(ip), p)
			if err != nil {
				return nil, err
			}
			out = append(out, made...)
		}
		if c.Visibility == tocsin.VisibilityPublic && !p.OptIn.PublicExposure {
			v.Hidden++
			continue
		}
		rows = append(rows, shown{ip, cmp.Or(silent, "yes, by an issue")})
	}
	told, err := reports(inc)
	if err != nil {
		return nil, err
	}
	out = append(out, told...)
	// An advisory that is not public is tracked nowhere that the public reads.
	leak := inc.Private() && c.Visibility == tocsin.VisibilityPublic
	if inc.Urgency != tocsin.UrgencyRoutine && c.Repository != "" && !leak {
		v.Shown = rows[:min(len(rows), maxShown)]
		v.More = len(rows) - len(v.Shown)
		a, err := w.tracking(v, c)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
		for _, call := range outgoing(inc) {
			told, err := w.call(v, call, a)
			if err != nil {
				return nil, err
			}
			out = append(out, told)
		}
	}
	for i := range out {
		out[i].Incident = inc.Key
		if !exercised(inc.Key) {
			continue
		}
		var err error
		if out[i], err = exercise(out[i]); err != nil {
			return nil, fmt.Errorf("marking %s as an exercise: %w", out[i].Key, err)
		}
	}
	return out, nil
}

// unheard says why a project is told nothing; empty if it is told.
func unheard(inc tocsin.Incident, p tocsin.Project) string {
	switch {
	case inc.Urgency == tocsin.UrgencyHold:
		return "no, a person decides first"
	case inc.Declared():
		return "by messages"
	case p.Repository == "":
		return "no, it has no repository"
	case !p.OptIn.Issues:
		return "no, it did not opt in to issues"
	case p.Visibility == tocsin.VisibilityPublic && !p.OptIn.PublicExposure:
		return "no, its repository is public and it did not opt in to public exposure"
	case p.Visibility == tocsin.VisibilityPublic && inc.Private():
		return "no, its repository is public and this is under embargo"
	default:
		return ""
	}
}

// project gives the issue of one project, the news on it, and its advisory draft.
func (w *Writer) project(v view, p tocsin.Project) ([]tocsin.Action, error) {
	issue, err := w.issue(v, p)
	if err != nil {
		return nil, err
	}
	out := []tocsin.Action{issue}
	for _, n := range news(v.Project) {
		v.News = n.name
		body, err := w.render("comment.md.tmpl", v)
		if err != nil {
			return nil, err
		}
		a, err := tocsin.NewAction(tocsin.ActionComment, fmt.Sprintf("comment/%s/%s/%s-%d", v.Incident.Key, p.Slug, n.name, n.round),
			tocsin.CommentPayload{News: n.name, Body: body})
		if err != nil {
			return nil, err
		}
		a.After = issue.Key
		out = append(out, address(a, p, v.Incident))
	}
	for _, m := range v.Incident.Messages {
		// They are for maintainers, and stay where only those read.
		if m.Audience != tocsin.AudienceMaintainers || m.SentAt.IsZero() || p.Visibility != tocsin.VisibilityPrivate {
			continue
		}
		a, err := tocsin.NewAction(tocsin.ActionComment, fmt.Sprintf("comment/%s/%s/message-%s", v.Incident.Key, p.Slug, m.ID), tocsin.CommentPayload{News: "message", Body: m.Text})
		if err != nil {
			return nil, err
		}
		a.After = issue.Key
		a = address(a, p, v.Incident)
		a.TLP = m.TLP
		out = append(out, a)
	}
	// Once the forge was asked for something, the draft is kept right to the end.
	if drafts(v.Incident, p) && (v.Project.Status == tocsin.ProjectAffected || len(v.Project.Asked) > 0) {
		draft, ok, err := w.draft(v, p)
		if err != nil {
			return nil, err
		}
		if ok {
			asked, err := requests(v, p, draft)
			if err != nil {
				return nil, err
			}
			out = append(append(out, draft), asked...)
		}
	}
	return out, nil
}

// address fills in where an action on a project's repository goes, and how far its text may travel.
func address(a tocsin.Action, p tocsin.Project, inc tocsin.Incident) tocsin.Action {
	a.Project, a.Repository, a.Audience, a.TLP = p.Slug, p.Repository, p.Visibility, tocsin.TLPAmber
	if p.OptIn.PublicExposure && !inc.Private() {
		a.TLP = tocsin.TLPClear
	}
	return a
}

func (w *Writer) issue(v view, p tocsin.Project) (tocsin.Action, error) {
	body, err := w.render("issue.md.tmpl", v)
	if err != nil {
		return tocsin.Action{}, err
	}
	payload := tocsin.IssuePayload{
		Title: issueTitle(v), Body: body, Labels: labels(v.Incident), Assignees: p.Owners,
		Closed: !v.Project.Status.Told(),
	}
	switch v.Project.Status {
	case tocsin.ProjectPatched:
		payload.StateReason = "completed"
	case tocsin.ProjectCorrected, tocsin.ProjectExcused, tocsin.ProjectAccepted, tocsin.ProjectUnaffected:
		payload.StateReason = "not_planned"
	}
	a, err := tocsin.NewAction(tocsin.ActionIssue, "issue/"+v.Incident.Key+"/"+p.Slug, payload)
	return address(a, p, v.Incident), err
}

func issueTitle(v view) string {
	var names []string
	for _, p := range v.Packages() {
		names = append(names, strings.TrimSpace(p.Name+" "+p.Version))
	}
	named := strings.Join(append([]string{v.Class.ID}, v.Others...), " and ")
	what := named + " affects "
	if len(v.Others) > 0 {
		what = named + " affect "
	}
	if v.Malware() {
		what = named + ": malicious code in "
	}
	what += strings.Join(slices.Compact(names), ", ")
	if v.Incident.Urgency == tocsin.UrgencyEmergency {
		what = "Emergency: " + what
	}
	return title(what)
}

// maxTitle bounds a title, in characters.
const maxTitle = 200

// title makes text safe as a title, which knows no Markdown but backticks. Titles travel further than bodies, into mails
// and chats, so that a mention is broken up in them too.
func title(s string) string {
	s = markdown.Line(clip(s), maxTitle)
	return at().ReplaceAllString(quiet.Replace(s), "@\u200b$1")
}

var (
	quiet = strings.NewReplacer("<", "‹", ">", "›", "`", "'")
	at    = pattern.Lazy(`@(\w)`)
)

func labels(inc tocsin.Incident) []string {
	out := []string{label, "security"}
	if inc.Severity != "" {
		out = append(out, "severity: "+string(inc.Severity))
	}
	if inc.Urgency == tocsin.UrgencyEmergency {
		out = append(out, "emergency")
	}
	return out
}

type item struct {
	name  string
	round int
}

// news lists what people were or are to be told by a comment, oldest first. Each is told once per round.
func news(p tocsin.IncidentProject) []item {
	var out []item
	if p.Status == tocsin.ProjectAffected && p.Round > 1 {
		out = append(out, item{"regressed", p.Round})
	}
	switch p.Status {
	case tocsin.ProjectPatched:
		out = append(out, item{"fixed", p.Round})
	case tocsin.ProjectCorrected:
		out = append(out, item{"corrected", p.Round})
	case tocsin.ProjectExcused:
		out = append(out, item{"excused", p.Round})
	}
	return out
}

// all names the classes of an incident.
func all(inc tocsin.Incident) string {
	out := inc.Class.ID
	for _, c := range inc.Also {
		out += ", " + c.ID
	}
	return out
}

func (w *Writer) tracking(v view, c Coordination) (tocsin.Action, error) {
	body, err := w.render("tracking.md.tmpl", v)
	if err != nil {
		return tocsin.Action{}, err
	}
	name := fmt.Sprintf("%s in %s (%s)", all(v.Incident), count(len(v.Incident.Projects), "project"), v.Incident.State)
	if v.Incident.Declared() {
		name = fmt.Sprintf("%s (%s)", v.Class.Summary, v.Incident.State)
	}
	switch {
	case v.Undecided():
		name = fmt.Sprintf("Decide: is %s in %s an emergency?", v.Class.ID, count(len(v.Incident.Projects), "project"))
	case v.Incident.Urgency == tocsin.UrgencyEmergency:
		name = "Emergency: " + name
	}
	payload := tocsin.IssuePayload{Title: title(name), Body: body, Labels: labels(v.Incident), Closed: v.Incident.State.Over()}
	switch {
	case v.Incident.State == tocsin.StateStoodDown:
		payload.StateReason = "not_planned"
	case payload.Closed:
		payload.StateReason = "completed"
	}
	a, err := tocsin.NewAction(tocsin.ActionIssue, "tracking/"+v.Incident.Key, payload)
	a.Repository, a.Audience, a.TLP = c.Repository, c.Visibility, tocsin.TLPAmber
	if c.Visibility == tocsin.VisibilityPublic { // only projects that opted in are in it
		a.TLP = tocsin.TLPClear
	}
	return a, err
}

// call is a comment on the tracking issue that tells those who are called. It is written once, and names no project.
func (w *Writer) call(v view, s tocsin.Summons, tracking tocsin.Action) (tocsin.Action, error) {
	v.Call = s
	body, err := w.render("call.md.tmpl", v)
	if err != nil {
		return tocsin.Action{}, err
	}
	a, err := tocsin.NewAction(tocsin.ActionComment, fmt.Sprintf("comment/%s/call-%d", v.Incident.Key, s.Number), tocsin.CommentPayload{News: "call", Body: body})
	a.After, a.Repository, a.Audience, a.TLP = tracking.Key, tracking.Repository, tracking.Audience, tracking.TLP
	return a, err
}

// draft describes the advisory by which a project tells its own users; ok is false where it need not. What only people know is left open in it.
func (w *Writer) draft(v view, p tocsin.Project) (a tocsin.Action, ok bool, err error) {
	d := document(v.Incident, []tocsin.Project{p}, tocsin.Publisher{})
	d.Status = tocsin.DocumentDraft
	payload, err := advisory.Payload(d)
	if errors.Is(err, tocsin.ErrConflict) { // people say that it is not affected
		return tocsin.Action{}, false, nil
	} else if err != nil {
		return tocsin.Action{}, false, err
	}
	a, err = tocsin.NewAction(tocsin.ActionDraft, "draft/"+v.Incident.Key+"/"+p.Slug, payload)
	a = address(a, p, v.Incident)
	// A draft is seen by the repository's administrators only, whoever can read the repository.
	a.Audience, a.TLP, a.Approvals = tocsin.VisibilityPrivate, tocsin.TLPAmber, draftApprovals
	return a, true, err
}
