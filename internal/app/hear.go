package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/notify/github"
)

// hearJob takes in one comment. Whoever sent it does not wait for what GitHub says of its author.
type hearJob struct {
	Remark tocsin.Remark `json:"remark"`
}

func (hearJob) Kind() string { return "hear" }

// Hear takes in a comment on an issue, at once or soon. One on an issue that is not ours does nothing.
func (s *Service) Hear(ctx context.Context, r tocsin.Remark) error {
	if s.engine != nil {
		return s.engine.Ask(ctx, hearJob{r})
	}
	return s.doHear(ctx, hearJob{r})
}

func (s *Service) doHear(ctx context.Context, job hearJob) error {
	r := job.Remark
	issue, err := s.store.IssueAt(ctx, r.Repository, r.Issue)
	if errors.Is(err, tocsin.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Bot || github.Ours(r.Body) || strings.TrimSpace(r.Body) == "" {
		return nil
	}
	signed := s.set().config.GitHub.SignsIn()
	if signed {
		login, err := s.github.Login(ctx)
		if err != nil || strings.EqualFold(login, r.Author) {
			return err
		}
	}
	known, err := s.store.Heard(ctx, r.ID, r.Digest)
	if err != nil || known {
		return err
	}
	h := pipeline.Hearing{Remark: r, Incident: issue.Incident}
	orders := github.Orders(r.Body)
	var by tocsin.Command
	heeded := len(orders) > 0 && signed && r.Own()
	if heeded {
		by, heeded, err = s.speaker(ctx, r, issue)
		var d *tocsin.DeliveryError
		switch {
		case errors.As(err, &d) && d.Outcome == tocsin.OutcomePermanent: // who may not ask obeys nobody
			s.log.Warn("orders in a comment not obeyed", "comment", r.ID, "err", err)
			heeded = false
		case err != nil:
			return err
		}
	}
	if !heeded {
		return s.overhear(ctx, h)
	}
	for _, o := range orders {
		if o.Word == "help" {
			continue
		}
		c, err := o.Command(issue.Project, s.called, s.opts.Now())
		if err != nil {
			h.Refused = append(h.Refused, err)
			continue
		}
		c.By, c.Source, c.Owns, c.Outside = by.By, "github", by.Owns, by.Outside
		h.Commands = append(h.Commands, c)
	}
	h.Answer = func(refused []error) ([]tocsin.Action, error) { return answers(r, issue, orders, refused) }
	result, refused, err := s.portfolio(nil).Hear(ctx, h)
	if err != nil {
		return err
	}
	s.log.Info("comment taken in", "incident", issue.Incident, "comment", r.ID, "orders", len(orders), "refused", len(refused))
	if err := s.follow(ctx, result); err != nil {
		return err
	}
	fixed := slices.ContainsFunc(orders, func(o github.Order) bool { return o.Word == "fixed" })
	if fixed && len(result.Changes) > 0 && issue.Project != "" && s.engine != nil {
		return s.engine.Ask(ctx, rescanJob{issue.Project})
	}
	return nil
}

// overhear notes what was said and tells us to do nothing: once, and only what people of the repository say.
func (s *Service) overhear(ctx context.Context, h pipeline.Hearing) error {
	r := h.Remark
	before, err := s.store.HeardBefore(ctx, r.ID)
	if err != nil {
		return err
	}
	if !r.Near || before || r.Edited {
		return s.store.PutHeard(ctx, store.Heard{Comment: r.ID, Digest: r.Digest, At: s.opts.Now()})
	}
	h.Overheard = true
	h.Commands = []tocsin.Command{{
		Do: tocsin.DoNote, Text: fmt.Sprintf("wrote on %s#%d: %s", r.Repository, r.Issue, shortened(r.Body)), Source: "github", By: author(r),
	}}
	result, _, err := s.portfolio(nil).Hear(ctx, h)
	return errors.Join(err, s.follow(ctx, result))
}

// maxSpoken bounds what of a comment comes to a timeline, in bytes.
const maxSpoken = 2000

func shortened(text string) string {
	if len(text) <= maxSpoken {
		return text
	}
	return strings.ToValidUTF8(text[:maxSpoken], "") + " …"
}

func author(r tocsin.Remark) tocsin.Actor {
	return tocsin.Actor{ID: fmt.Sprintf("github:%d", r.AuthorID), Name: r.Author}
}

// called finds a person of the governance by login.
func (s *Service) called(login string) (tocsin.Actor, bool) {
	p, ok := s.set().law.Governance.WithLogin(login)
	return p.Actor(), ok
}

// speaker says who orders something by a comment, as the command's By, Owns and Outside. ok is false for who has nothing to order: they get
// no answer either, since whoever can make us write could do so without end.
//
// A login that somebody gave up can be had by anybody. So a person of the governance is believed to be who wrote only where GitHub says that
// the account may push to the repository, or to the one from which incidents are led.
func (s *Service) speaker(ctx context.Context, r tocsin.Remark, issue tocsin.Action) (by tocsin.Command, ok bool, err error) {
	at, err := s.standing(ctx, r.Repository, r)
	if err != nil {
		return by, false, err
	}
	person, named := s.set().law.Governance.WithLogin(r.Author)
	trusted := at.Write
	if where := s.set().config.Coordination.Repository; named && !trusted && where != "" && !strings.EqualFold(where, r.Repository) {
		central, err := s.standing(ctx, where, r)
		if err != nil {
			return by, false, err
		}
		trusted = central.Write
	}
	if at.Write || at.Triage && s.owns(ctx, issue.Project, r.Author) {
		by.Owns = issue.Project
	}
	if named && trusted {
		may, err := s.responds(ctx, person, issue.Incident)
		if err != nil {
			return by, false, err
		}
		if may {
			by.By = person.Actor()
			return by, true, nil
		}
	}
	by.By, by.Outside = author(r), true
	return by, by.Owns != "", nil
}

// standing is what the author of a comment may do in a repository: nothing, if somebody else has the login now.
func (s *Service) standing(ctx context.Context, repository string, r tocsin.Remark) (github.Standing, error) {
	at, err := s.github.Standing(ctx, repository, r.Author)
	if err != nil || at.ID != r.AuthorID {
		return github.Standing{}, err
	}
	return at, nil
}

// owns says whether a login is among the owners of a project.
func (s *Service) owns(ctx context.Context, project, login string) bool {
	w, err := s.store.Project(ctx, project)
	return err == nil && slices.ContainsFunc(w.Owners, func(o string) bool { return strings.EqualFold(o, login) })
}

// responds says whether a person of the governance may work on an incident: whom the store knows needs the permission in each of its projects,
// as at the API.
func (s *Service) responds(ctx context.Context, p tocsin.Responder, incident string) (bool, error) {
	known, err := s.store.Person(ctx, p.ID)
	if errors.Is(err, tocsin.ErrNotFound) { // the governance has them, and they never signed in
		return true, nil
	}
	if err != nil || known.Disabled {
		return false, err
	}
	inc, err := s.store.Incident(ctx, incident)
	if err != nil {
		return false, err
	}
	who := tocsin.Principal{Kind: tocsin.PrincipalPerson, ID: known.ID, Name: known.Name, Grants: slices.Concat(known.Grants, known.Claimed)}
	for _, ip := range inc.Projects {
		if !who.May(tocsin.MayRespond, tocsin.Project{Slug: ip.Slug, Group: inc.Group}) {
			return false, nil
		}
	}
	return len(inc.Projects) > 0 || who.May(tocsin.MayRespond, tocsin.Project{Group: inc.Group}), nil
}

// answers are a reaction to the comment, and a comment where there is something to say: what was refused, or the list of commands.
func answers(r tocsin.Remark, issue tocsin.Action, orders []github.Order, refused []error) ([]tocsin.Action, error) {
	content, text := "+1", ""
	for _, why := range refused {
		if content == "+1" {
			content = "confused"
		}
		if errors.Is(why, tocsin.ErrForbidden) {
			content = "-1"
		}
		said := "it cannot be done as the incident stands"
		switch {
		case issue.Audience == tocsin.VisibilityPrivate: // who reads this knows of the incident
			said = why.Error()
		case errors.Is(why, tocsin.ErrForbidden):
			said = "it is for those who have the role for it"
		case errors.Is(why, tocsin.ErrInvalid):
			said = "it is not written as it should be; `/help` lists how"
		}
		if issue.Audience == tocsin.VisibilityPrivate {
			said = markdown.Text(said)
		}
		text += "- This was not done: " + said + "\n"
	}
	if text != "" {
		text = "In answer to comment " + fmt.Sprint(r.ID) + ":\n\n" + text + "\nNothing that was refused is kept; write a new comment to try again, or `/help`.\n"
	}
	if slices.ContainsFunc(orders, func(o github.Order) bool { return o.Word == "help" }) {
		text += github.Help()
	}
	reaction, err := tocsin.NewAction(tocsin.ActionReaction, fmt.Sprintf("reaction/%s/%d", issue.Incident, r.ID), tocsin.ReactionPayload{Comment: r.ID, Content: content})
	out := []tocsin.Action{reaction}
	if text != "" {
		reply, bad := tocsin.NewAction(tocsin.ActionComment, fmt.Sprintf("comment/%s/reply-%d", issue.Incident, r.ID), tocsin.CommentPayload{News: "reply", Body: text})
		out, err = append(out, reply), errors.Join(err, bad)
	}
	for i := range out {
		out[i].Incident, out[i].Project, out[i].Repository = issue.Incident, issue.Project, issue.Repository
		out[i].Audience, out[i].TLP, out[i].After = issue.Audience, issue.TLP, issue.Key
	}
	return out, err
}
