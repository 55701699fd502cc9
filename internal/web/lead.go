package web

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// A Desk is where people lead incidents. What follows from a command is committed when it returns. It is safe for concurrent use.
type Desk interface {
	// Handle does what somebody wants in an incident, and gives it as it is then. Errors are those of incidents.Rules.
	Handle(ctx context.Context, key string, c tocsin.Command) (tocsin.Incident, error)
	// Hear takes in a comment on an issue, soon. One on an issue that is not ours does nothing.
	Hear(ctx context.Context, r tocsin.Remark) error
	// Declare opens an emergency that no advisory is behind.
	Declare(ctx context.Context, d tocsin.Declaration) (tocsin.Incident, error)
	// Outlook says what an incident, as it is given, comes to for somebody.
	Outlook(inc tocsin.Incident, who tocsin.Actor) tocsin.Outlook
	// Playbooks are those by which incidents are led, by name.
	Playbooks() []tocsin.Playbook
	// Public gives what the public may read of an incident. Where that is nothing, and where there is no such incident, it is an
	// [tocsin.ErrNotFound].
	Public(ctx context.Context, key string) (tocsin.Publication, error)
	// Publications are what the public may read of all incidents, the one of which something was said last first; Feed writes some as Atom.
	Publications(ctx context.Context) ([]tocsin.Publication, error)
	Feed(list []tocsin.Publication, self string) ([]byte, error)
	// Advisory gives the advisory to those downstream in a format, as JSON: as it is now, or a published revision. What there is not is an
	// [tocsin.ErrNotFound], and what a format cannot say an [tocsin.ErrConflict].
	Advisory(ctx context.Context, key, format string, revision int) ([]byte, error)
	// PublicAdvisory gives a revision that two people published, the newest for 0.
	PublicAdvisory(ctx context.Context, key, format string, revision int) ([]byte, error)
	// Lessons are what the closed reviews of incidents say, the newest first; with words, those that have all of them.
	Lessons(known []tocsin.Incident, words string) []tocsin.Lesson
	// Retrospect sums up incidents that were opened in a time; every is month, quarter or year.
	Retrospect(ctx context.Context, known []tocsin.Incident, from, to time.Time, every string) (tocsin.Retrospective, error)
}

// byMachines is what a token or a pipeline may do in an incident. All else counts on a person: a machine's token is whoever has it, and
// could be a second person for the first.
var byMachines = []tocsin.Verb{tocsin.DoNote, tocsin.DoAck}

func (c *call) actor() tocsin.Actor {
	if c.who.Kind != tocsin.PrincipalPerson { // a token may have the name of a person
		return tocsin.Actor{ID: string(c.who.Kind) + ":" + c.who.ID, Name: string(c.who.Kind) + ":" + c.who.Name}
	}
	return tocsin.Actor{ID: c.who.ID, Name: c.who.Name}
}

func (c *call) postCommand(ctx context.Context) (answer, error) {
	var in tocsin.Command
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if err := c.mayLead(ctx, c.incident); err != nil {
		return answer{}, err
	}
	if c.who.Kind != tocsin.PrincipalPerson && !slices.Contains(byMachines, in.Do) {
		return answer{}, fault(tocsin.ErrForbidden, "do", "sign in, and do it there", "To %s is for people, and this is a %s.", in.Do, c.who.Kind)
	}
	if in.To.ID != "" { // who that is the store knows, not the one who asks
		p, err := c.api.store.Person(ctx, in.To.ID)
		if err != nil {
			return answer{}, invalid("to.id", "have them sign in once; GET /v1/people lists who did", "Nobody with this id has ever signed in.")
		}
		in.To.Name = p.Name
	}
	in.By, in.Source = c.actor(), "api"
	if err := c.note(ctx, c.incident.Key, map[string]string{"do": string(in.Do)}); err != nil {
		return answer{}, err
	}
	inc, err := c.api.parts.Desk.Handle(ctx, c.incident.Key, in)
	if err != nil {
		return answer{}, told(err)
	}
	return answer{body: inc}, nil
}

// mayLead asks that who acts in an incident sees all of it, and may respond in each of its projects.
func (c *call) mayLead(ctx context.Context, inc tocsin.Incident) error {
	if !c.whole {
		return fault(tocsin.ErrForbidden, "", "ask somebody who sees all of its projects", "The incident has projects that are not yours.")
	}
	var slugs []string
	for _, p := range inc.Projects {
		slugs = append(slugs, p.Slug)
	}
	return c.mayAll(ctx, tocsin.MayRespond, inc.Group, slugs, inc.Group)
}

// mayAll asks for a permission in each of the projects; without any, in the whole group. A project that is not watched counts as one of
// the group gone.
func (c *call) mayAll(ctx context.Context, what tocsin.Permission, group string, slugs []string, gone string) error {
	refused := fault(tocsin.ErrForbidden, "", "", "You may not do that in each of its projects.")
	if len(slugs) == 0 {
		if !c.who.May(what, tocsin.Project{Group: group}) {
			return refused
		}
		return nil
	}
	list, err := c.api.store.Projects(ctx, store.ProjectQuery{Slugs: slugs})
	if err != nil {
		return err
	}
	known := map[string]tocsin.Project{}
	for _, w := range list {
		known[w.Slug] = w.Project
	}
	for _, slug := range slugs {
		p, ok := known[slug]
		if !ok {
			p = tocsin.Project{Slug: slug, Group: gone}
		}
		if !c.who.May(what, p) {
			return refused
		}
	}
	return nil
}

// getOutlook is made of what the asker sees of the incident, and no more.
func (c *call) getOutlook(context.Context) (answer, error) {
	return answer{body: c.api.parts.Desk.Outlook(c.incident, c.actor())}, nil
}

func (c *call) postIncident(ctx context.Context) (answer, error) {
	var in tocsin.Declaration
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if c.who.Kind != tocsin.PrincipalPerson {
		return answer{}, fault(tocsin.ErrForbidden, "", "sign in, and do it there", "To declare an emergency is for people, and this is a %s.", c.who.Kind)
	}
	if err := c.mayAll(ctx, tocsin.MayManage, in.Group, in.Projects, ""); err != nil {
		return answer{}, err
	}
	in.By, in.Source = c.actor(), "api"
	if err := c.note(ctx, in.Playbook, nil); err != nil {
		return answer{}, err
	}
	inc, err := c.api.parts.Desk.Declare(ctx, in)
	if err != nil {
		return answer{}, told(err)
	}
	return answer{status: 201, body: inc, header: map[string][]string{"Location": {"/v1/incidents/" + inc.Key}}}, nil
}

// A PlaybookTitle is a playbook in short.
type PlaybookTitle struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Title   string `json:"title"`
	About   string `json:"about,omitempty"`
}

// Playbooks are those by which incidents are led, by name.
type Playbooks struct {
	Items []PlaybookTitle `json:"items"`
}

func (c *call) listPlaybooks(context.Context) (answer, error) {
	out := Playbooks{Items: []PlaybookTitle{}}
	for _, p := range c.api.parts.Desk.Playbooks() {
		out.Items = append(out.Items, PlaybookTitle{p.Name, p.Version, p.Title, p.About})
	}
	return answer{body: out}, nil
}

// Responders are people to whom something in an incident can be given, by name.
type Responders struct {
	Items []tocsin.Actor `json:"items"`
}

// listResponders tells responders of each other: who has signed in and may respond somewhere.
func (c *call) listResponders(ctx context.Context) (answer, error) {
	people, err := c.api.store.People(ctx)
	if err != nil {
		return answer{}, err
	}
	out := Responders{Items: []tocsin.Actor{}}
	for _, p := range people {
		if may := (tocsin.Principal{Grants: append(slices.Clone(p.Grants), p.Claimed...)}); !p.Disabled && may.MaySomewhere(tocsin.MayRespond) {
			out.Items = append(out.Items, tocsin.Actor{ID: p.ID, Name: p.Name})
		}
	}
	return answer{body: out}, nil
}

// getPublic answers everybody, and alike for what there is not and for what is not public.
func (c *call) getPublic(ctx context.Context) (answer, error) {
	key := c.r.PathValue("key")
	if !printable(key) {
		return answer{}, tocsin.ErrNotFound
	}
	p, err := c.api.parts.Desk.Public(ctx, key)
	if err != nil {
		return answer{}, err
	}
	return answer{body: p, header: map[string][]string{"Cache-Control": {"public, max-age=60"}}}, nil
}

// Publications are what the public may read, the one of which something was said last first.
type Publications struct {
	Items []tocsin.Publication `json:"items"`
	// More is how many older ones are left out.
	More int `json:"more"`
}

// listPublic answers everybody.
func (c *call) listPublic(ctx context.Context) (answer, error) {
	all, err := c.api.parts.Desk.Publications(ctx)
	if err != nil {
		return answer{}, err
	}
	out := Publications{Items: all[:min(len(all), pageSize)], More: max(0, len(all)-pageSize)}
	return answer{body: out, header: map[string][]string{"Cache-Control": {"public, max-age=60"}}}, nil
}

// told gives the text of a refusal to the one who asked: it speaks of the incident and the command only, which they know, and says itself
// what to do.
func told(err error) error {
	for _, kind := range []error{tocsin.ErrInvalid, tocsin.ErrForbidden, tocsin.ErrConflict, tocsin.ErrUnavailable} {
		if errors.Is(err, kind) {
			said := fault(kind, "", "", "%s", strings.Replace(err.Error(), kind.Error()+": ", "", 1))
			said.whole = true
			return said
		}
	}
	return err
}
