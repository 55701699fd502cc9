package incidents

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// approvals is how many people other than the author must agree to a message: what strangers read takes two in all.
const approvals = 1

// draftMessage writes a message, by the playbook's template where no text is given. Only what the public or those downstream
// read needs a second person; it goes to nobody before.
func (a *act) draftMessage() error {
	m := tocsin.Message{
		ID: fmt.Sprintf("m%d", len(a.inc.Messages)+1), Audience: a.c.Audience, Stage: a.c.Stage, Text: a.c.Text, Author: a.c.By, At: a.now, TLP: tocsin.TLPAmber,
	}
	if err := validMessage(m); err != nil {
		return err
	}
	if len(a.inc.Messages) >= maxMany {
		return fmt.Errorf("%w: there are %d messages", tocsin.ErrConflict, maxMany)
	}
	if m.Text == "" {
		text, err := a.rules.Draft(a.inc, m.Audience, m.Stage, a.now)
		if err != nil {
			return err
		}
		m.Text = text
	}
	if a.rules.Exercise {
		m.Text = marked(m.Text)
	}
	if m.Audience.Open() {
		m.TLP = tocsin.TLPClear
	}
	a.inc.Messages = append(a.inc.Messages, m)
	a.say(tocsin.EventMessage, "drafted message %s (%s, for %s)", m.ID, m.Stage, m.Audience)
	if !m.Audience.Open() {
		return a.send(&a.inc.Messages[len(a.inc.Messages)-1])
	}
	return nil
}

func validMessage(m tocsin.Message) error {
	if !slices.Contains(tocsin.Audiences(), m.Audience) {
		return fmt.Errorf("%w: audience: %q: want one of %q", tocsin.ErrInvalid, m.Audience, tocsin.Audiences())
	}
	if !slices.Contains(tocsin.Stages(), m.Stage) {
		return fmt.Errorf("%w: stage: %q: want one of %q", tocsin.ErrInvalid, m.Stage, tocsin.Stages())
	}
	return nil
}

func (a *act) message() (*tocsin.Message, error) {
	i := slices.IndexFunc(a.inc.Messages, func(m tocsin.Message) bool { return m.ID == a.c.Message })
	if i < 0 {
		return nil, fmt.Errorf("message %q: %w", a.c.Message, tocsin.ErrNotFound)
	}
	m := &a.inc.Messages[i]
	switch {
	case !m.SentAt.IsZero():
		return nil, fmt.Errorf("%w: message %s went out at %s", tocsin.ErrConflict, m.ID, moment(m.SentAt))
	case !m.WithdrawnAt.IsZero():
		return nil, fmt.Errorf("%w: message %s was withdrawn at %s", tocsin.ErrConflict, m.ID, moment(m.WithdrawnAt))
	}
	return m, nil
}

// approve agrees to a message as another person than its author. No broken glass helps to be two people.
func (a *act) approve() error {
	m, err := a.message()
	if err != nil {
		return err
	}
	switch {
	case m.Author.ID == a.c.By.ID:
		return fmt.Errorf("%w: %s wrote message %s: another person must agree to it", tocsin.ErrForbidden, a.c.By.Name, m.ID)
	case slices.ContainsFunc(m.Approved, func(one tocsin.Actor) bool { return one.ID == a.c.By.ID }):
		return fmt.Errorf("%w: %s has agreed to message %s already", tocsin.ErrConflict, a.c.By.Name, m.ID)
	case m.Audience.Open() && a.inc.Private():
		return fmt.Errorf("%w: the incident is under embargo until it is disclosed: message %s waits", tocsin.ErrConflict, m.ID)
	}
	if m.Document != nil {
		if err := a.stillOpen(*m.Document); err != nil {
			return err
		}
	}
	m.Approved = append(m.Approved, a.c.By)
	a.say(tocsin.EventMessage, "agreed to message %s", m.ID)
	if len(m.Approved) >= approvals {
		return a.send(m)
	}
	return nil
}

// send lets a message go, and sets the clock to the next one.
func (a *act) send(m *tocsin.Message) error {
	if m.Document != nil {
		m.Document = a.published(*m.Document, m.Text)
	}
	m.SentAt = a.now
	e := a.say(tocsin.EventPublished, "message %s went out (for %s): %s", m.ID, m.Audience, m.Text)
	e.TLP = m.TLP
	if every := a.rules.Governance.Updates[a.inc.Severity]; every > 0 && !a.inc.State.Over() {
		a.inc.NextUpdate = a.now.Add(every)
	}
	return nil
}

func (a *act) withdraw() error {
	m, err := a.message()
	if err != nil {
		return err
	}
	m.WithdrawnAt = a.now
	a.say(tocsin.EventMessage, "withdrew message %s before it went out%s", m.ID, a.because())
	return nil
}

// Draft fills in the playbook's template for an audience and stage, as a first text for people to work on.
func (r Rules) Draft(inc tocsin.Incident, audience tocsin.Audience, stage tocsin.Stage, now time.Time) (string, error) {
	book := r.Playbooks[inc.Playbook]
	i := slices.IndexFunc(book.Messages, func(m tocsin.MessageTemplate) bool { return m.Audience == audience && m.Stage == stage })
	if i < 0 {
		return "", fmt.Errorf("%w: text is missing: playbook %s has no template for %s at stage %s", tocsin.ErrInvalid, inc.Playbook, audience, stage)
	}
	t, err := template.New("").Option("missingkey=error").Parse(book.Messages[i].Text)
	if err != nil {
		return "", fmt.Errorf("%w: the template of playbook %s for %s at stage %s: %w", tocsin.ErrInvalid, book.Name, audience, stage, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, blanks(r, inc, now)); err != nil {
		return "", fmt.Errorf("%w: the template of playbook %s for %s at stage %s: %w", tocsin.ErrInvalid, book.Name, audience, stage, err)
	}
	return b.String(), nil
}

func blanks(r Rules, inc tocsin.Incident, now time.Time) tocsin.Blanks {
	// What advisories and packages bring is hostile: it is escaped here, since people send what they read.
	b := tocsin.Blanks{What: prose(cmp.Or(inc.Class.ID, inc.Class.Summary)), Summary: prose(inc.Class.Summary), Severity: string(cmp.Or(inc.Severity, "not set")), State: string(inc.State),
		Leads: "nobody yet", Opened: moment(inc.OpenedAt), NextUpdate: "when there is news"}
	if c := inc.Role(tocsin.RoleCommander); c != nil && c.Holder.ID != "" {
		b.Leads = prose(c.Holder.Name)
	}
	var packages, fixed []string
	for _, p := range inc.Projects {
		if p.Status.Told() {
			b.Projects++
		} else {
			b.Clear++
		}
		for _, one := range p.Packages {
			packages = append(packages, code(atVersion(one)))
			if one.Fixed != "" {
				fixed = append(fixed, code(one.Name+"@"+one.Fixed))
			}
		}
	}
	b.Packages, b.Fixed = several(packages, "not yet named"), several(fixed, "none is known yet")
	if every := r.Governance.Updates[inc.Severity]; every > 0 && !inc.State.Over() {
		b.NextUpdate = moment(now.Add(every))
	}
	return b
}

// several puts names in a sentence, each once, as many as a reader can take in.
func several(list []string, none string) string {
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) == 0 {
		return none
	}
	out := strings.Join(list[:min(len(list), maxShown)], ", ")
	if n := len(list) - maxShown; n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}
