package site

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// A room is all that people need to lead an incident.
type room struct {
	incidentRow
	Outlook  tocsin.Outlook
	Steps    []tocsin.IncidentState
	Ahead    []string
	Roles    []roleCard
	Actions  []tocsin.ActionRow
	Events   []tocsin.IncidentEvent
	Earlier  int
	People   []tocsin.Actor
	Me       string
	MyName   string
	Act      bool
	More     []tocsin.Able
	Can      map[string]tocsin.Able
	Tried    url.Values
	Sections []section
}

// A roleCard is a role, with who may do what about it.
type roleCard struct {
	tocsin.Role
	Mine, Free, ToMe bool
}

// A section is one of the review.
type section struct {
	Name tocsin.Section
	Asks string
	Text string
}

// shownEvents is how many events the room shows until somebody asks for all.
const shownEvents = 60

// way is how an emergency goes when all goes well.
var way = []tocsin.IncidentState{tocsin.StateDetected, tocsin.StateMobilised, tocsin.StateContained, tocsin.StateFixValidated, tocsin.StateResolved, tocsin.StateReviewed}

// direct are the verbs that have a place of their own in the room; all others are listed below it.
var direct = []tocsin.Verb{tocsin.DoAck, tocsin.DoTake, tocsin.DoAccept, tocsin.DoDecline, tocsin.DoFinish, tocsin.DoAnswer, tocsin.DoApprove, tocsin.DoWithdraw,
	tocsin.DoApproveRollback, tocsin.DoAgree, tocsin.DoNote, tocsin.DoWrite, tocsin.DoFinishAction, tocsin.DoDraft}

func (v *visit) room() (shown, error) {
	key := v.r.PathValue("key")
	path := map[string]string{"key": key}
	inc, err := web.Get[tocsin.Incident](v.Client, "getIncident", web.Ask{Path: path})
	if err != nil {
		return shown{}, err
	}
	told, err := web.Get[web.Timeline](v.Client, "getTimeline", web.Ask{Path: path})
	if err != nil {
		return shown{}, err
	}
	outlook, err := web.Get[tocsin.Outlook](v.Client, "getOutlook", web.Ask{Path: path})
	if err != nil {
		return shown{}, err
	}
	actions, err := web.Get[web.Page[tocsin.ActionRow]](v.Client, "listActions", web.Ask{Query: map[string]string{"incident": key, "limit": "500"}})
	if err != nil {
		return shown{}, err
	}
	r := room{incidentRow: newRow(inc), Outlook: outlook, Steps: way, Actions: actions.Items, Events: told.Items, Me: v.Who.ID, MyName: v.Who.Name, Tried: v.tried,
		Act: v.May(tocsin.MayRespond) && v.Who.Kind == tocsin.PrincipalPerson, Can: map[string]tocsin.Able{}}
	if r.Act {
		people, err := web.Get[web.Responders](v.Client, "listResponders", web.Ask{})
		if err != nil {
			return shown{}, err
		}
		r.People = people.Items
		for _, can := range outlook.Can {
			r.Can[string(can.Do)] = can
			if !slices.Contains(direct, can.Do) {
				r.More = append(r.More, can)
			}
		}
	}
	slices.Reverse(r.Events) // the newest first: that is what somebody who comes in looks for
	if v.q("all") == "" && len(r.Events) > shownEvents {
		r.Earlier = len(r.Events) - shownEvents
		r.Events = r.Events[:shownEvents]
	}
	for _, role := range inc.Roles {
		r.Roles = append(r.Roles, roleCard{Role: role, Mine: role.Holder.ID != "" && role.Holder.ID == r.Me, Free: role.Holder.ID == "", ToMe: role.Offered.ID != "" && role.Offered.ID == r.Me})
	}
	r.Ahead = ahead(inc, outlook)
	if inc.Review != nil {
		for _, s := range tocsin.Sections() {
			r.Sections = append(r.Sections, section{s, asks[s], *inc.Review.Section(s)})
		}
	}
	return shown{title: r.Name(), body: r, live: follow(key, inc.Version), exercise: strings.HasPrefix(key, "DRILL-")}, nil
}

// asks are what the sections of a review ask for.
var asks = map[tocsin.Section]string{
	tocsin.SectionSummary: "What happened", tocsin.SectionImpact: "What it did, and to whom", tocsin.SectionCauses: "What made it likely", tocsin.SectionHelped: "What helped",
	tocsin.SectionHindered: "What hindered", tocsin.SectionLucky: "Where we were lucky", tocsin.SectionChanges: "What changes: threat model, policies, playbooks",
}

// Answered says whether somebody is on it, and nothing happened since that they do not know.
func (r room) Answered() bool {
	e := r.Escalation
	return e.AckBy.ID != "" && e.News.IsZero()
}

// Waiting are the messages that did not go out yet.
func (r room) Waiting() (out []tocsin.Message) {
	for _, m := range r.Messages {
		if m.SentAt.IsZero() && m.WithdrawnAt.IsZero() {
			out = append(out, m)
		}
	}
	return out
}

// Written are the messages that are done with, the newest first.
func (r room) Written() (out []tocsin.Message) {
	for _, m := range slices.Backward(r.Messages) {
		if !m.SentAt.IsZero() || !m.WithdrawnAt.IsZero() {
			out = append(out, m)
		}
	}
	return out
}

// Done are the tasks that are.
func (r room) Done() (out []tocsin.Task) {
	for _, t := range r.Tasks {
		if t.Done {
			out = append(out, t)
		}
	}
	return out
}

// Failing are the criteria that do not hold.
func (r room) Failing() (out []tocsin.Check) {
	for _, c := range r.Checks {
		if !c.OK {
			out = append(out, c)
		}
	}
	return out
}

// Passed says whether the incident has come past a state of the way.
func (r room) Passed(s tocsin.IncidentState) bool {
	return slices.Index(way, s) < slices.Index(way, r.State)
}

// Stages and Audiences are those of messages.
func (r room) Stages() []tocsin.Stage          { return tocsin.Stages() }
func (r room) Audiences() []tocsin.Audience    { return tocsin.Audiences() }
func (r room) RoleNames() []tocsin.RoleName    { return append(tocsin.Roles(), tocsin.RoleScribe) }
func (r room) Rights() []tocsin.Right          { return tocsin.Rights() }
func (r room) Levels() []tocsin.Level          { return levels() }
func (r room) Credits() []tocsin.CreditType    { return tocsin.CreditTypes() }
func (r room) Excuses() []tocsin.Justification { return tocsin.Justifications() }
func (r room) Stated() []tocsin.ProjectStatus {
	return []tocsin.ProjectStatus{tocsin.ProjectMitigated, tocsin.ProjectAccepted, tocsin.ProjectUnaffected, tocsin.ProjectUnreachable, tocsin.ProjectAffected}
}

// act does what a form of the room asks for, by the API's verbs.
func (v *visit) act() (string, error) {
	key := v.r.PathValue("key")
	body, err := command(v.r.PostForm)
	if err != nil {
		return "", err
	}
	if err := v.Do("postCommand", web.Ask{Path: map[string]string{"key": key}, Body: body}); err != nil {
		return "", err
	}
	return "/incidents/" + url.PathEscape(key) + "?" + url.Values{"done": {v.r.PostForm.Get("do")}}.Encode(), nil
}

// judge approves or vetoes an action, or has one that failed tried again, or made anew.
func (v *visit) judge() (string, error) {
	f := v.r.PostForm
	id, deed := "approveAction", "approve-action"
	var query map[string]string
	switch f.Get("judge") {
	case "approve":
	case "veto":
		id, deed = "vetoAction", "veto-action"
	case "retry":
		id, deed = "retryAction", "retry-action"
	case "anew":
		id, deed, query = "retryAction", "retry-action", map[string]string{"anew": "true"}
	default:
		return "", web.Invalid("judge", "use the buttons", "It is not approve, veto, retry or anew.")
	}
	row, err := web.Get[tocsin.ActionRow](v.Client, id, web.Ask{Path: map[string]string{"key": f.Get("key")}, Query: query})
	if err != nil {
		return "", err
	}
	if row.Action.Incident == "" {
		return "", errors.New("an action without an incident")
	}
	return "/incidents/" + url.PathEscape(row.Action.Incident) + "?" + url.Values{"done": {deed}}.Encode() + "#actions", nil
}
