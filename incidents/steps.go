package incidents

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

func (a *act) task() (*tocsin.Task, error) {
	if t := a.inc.Task(a.c.Task); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("task %q: %w", a.c.Task, tocsin.ErrNotFound)
}

func (a *act) addTask() error {
	if !a.c.Role.Known() {
		return fmt.Errorf("%w: role: %q: want one of %q", tocsin.ErrInvalid, a.c.Role, tocsin.Roles())
	}
	if len(a.inc.Tasks) >= maxMany {
		return fmt.Errorf("%w: there are %d tasks", tocsin.ErrConflict, maxMany)
	}
	due := a.c.Until
	if due.IsZero() {
		due = a.now.Add(tocsin.Day)
	}
	t := tocsin.Task{ID: fmt.Sprintf("added-%d", len(a.inc.Tasks)+1), Title: a.c.Text, Role: a.c.Role, Due: due}
	a.inc.Tasks = append(a.inc.Tasks, t)
	a.say(tocsin.EventTask, "added task %s for the %s, due %s: %s", t.ID, t.Role, moment(t.Due), t.Title)
	return nil
}

func (a *act) assignTask() error {
	t, err := a.task()
	if err != nil {
		return err
	}
	t.Owner = a.c.To
	a.say(tocsin.EventTask, "gave task %s to %s", t.ID, t.Owner.Name)
	return nil
}

// finish says that a task is done. Its owner may, who holds its role, and who gives out tasks.
func (a *act) finish() error {
	t, err := a.task()
	if err != nil {
		return err
	}
	if err := a.mine(*t); err != nil {
		return err
	}
	switch open := waitsFor(a.inc, *t); {
	case t.Done:
		return fmt.Errorf("%w: task %s is done since %s", tocsin.ErrConflict, t.ID, moment(t.DoneAt))
	case len(open) > 0:
		return fmt.Errorf("%w: task %s waits for %s", tocsin.ErrConflict, t.ID, strings.Join(open, ", "))
	case t.Proof && a.c.Text == "":
		return fmt.Errorf("%w: text is missing: task %s wants evidence", tocsin.ErrInvalid, t.ID)
	}
	t.Done, t.DoneAt, t.DoneBy, t.Evidence = true, a.now, a.c.By, a.c.Text
	said := ""
	if t.Evidence != "" {
		said = ": " + t.Evidence
	}
	a.say(tocsin.EventTask, "did task %s (%s)%s", t.ID, t.Title, said).Role = t.Role
	return nil
}

func (a *act) undo() error {
	t, err := a.task()
	if err != nil {
		return err
	}
	if err := a.mine(*t); err != nil {
		return err
	}
	if !t.Done {
		return fmt.Errorf("%w: task %s is not done", tocsin.ErrConflict, t.ID)
	}
	t.Done, t.DoneAt, t.DoneBy, t.Evidence = false, time.Time{}, tocsin.Actor{}, ""
	a.say(tocsin.EventTask, "task %s is not done after all%s", t.ID, a.because()).Role = t.Role
	return nil
}

func (a *act) mine(t tocsin.Task) error {
	if t.Owner.ID == a.c.By.ID || slices.Contains(roles(a.inc, a.c.By), t.Role) {
		return nil
	}
	return a.must(tocsin.RightAssign)
}

// waitsFor lists what must be done or answered before a task.
func waitsFor(inc tocsin.Incident, t tocsin.Task) []string {
	var out []string
	for _, id := range t.Needs {
		if n := inc.Task(id); n != nil && !n.Done && applies(inc, *n) || n == nil && answered(inc, id) == "" {
			out = append(out, id)
		}
	}
	if point, _, ok := strings.Cut(t.Only, "="); ok && answered(inc, point) == "" && !slices.Contains(out, point) {
		out = append(out, point)
	}
	return out
}

// applies says whether a task is to be done, as far as the decisions go that were made.
func applies(inc tocsin.Incident, t tocsin.Task) bool {
	point, want, ok := strings.Cut(t.Only, "=")
	is := answered(inc, point)
	return !ok || is == "" || is == want
}

// answered is the last answer at a decision point; empty if there is none.
func answered(inc tocsin.Incident, point string) string {
	for _, one := range slices.Backward(inc.Answers) {
		if one.Point == point {
			return one.Answer
		}
	}
	return ""
}

// answer decides at a decision point of the playbook. It can be decided anew: each answer stays recorded, and the last one holds.
func (a *act) answer() error {
	book := a.rules.Playbooks[a.inc.Playbook]
	i := slices.IndexFunc(book.Decisions, func(d tocsin.DecisionPoint) bool { return d.ID == a.c.Point })
	if i < 0 {
		return fmt.Errorf("decision point %q of playbook %s: %w", a.c.Point, a.inc.Playbook, tocsin.ErrNotFound)
	}
	point := book.Decisions[i]
	j := slices.IndexFunc(point.Answers, func(p tocsin.PointAnswer) bool { return p.Name == a.c.Answer })
	if j < 0 {
		var names []string
		for _, p := range point.Answers {
			names = append(names, p.Name)
		}
		return fmt.Errorf("%w: answer: %q: want one of %q", tocsin.ErrInvalid, a.c.Answer, names)
	}
	if open := waitsFor(a.inc, tocsin.Task{Needs: point.Needs}); len(open) > 0 {
		return fmt.Errorf("%w: decision point %s waits for %s", tocsin.ErrConflict, point.ID, strings.Join(open, ", "))
	}
	if !slices.Contains(roles(a.inc, a.c.By), point.Role) {
		if err := a.must(tocsin.RightAssign); err != nil {
			return err
		}
	}
	if len(a.inc.Answers) >= maxMany {
		return fmt.Errorf("%w: there are %d answers", tocsin.ErrConflict, maxMany)
	}
	a.inc.Answers = append(a.inc.Answers, tocsin.Answer{Point: point.ID, Answer: a.c.Answer, By: a.c.By, At: a.now, Reason: a.c.Reason})
	a.say(tocsin.EventAnswered, "%s %s (%s)%s", point.Question, a.c.Answer, point.Answers[j].Means, a.because()).Role = point.Role
	return nil
}

// note adds what somebody saw or did. It is for those who work on the incident, unless it says otherwise.
func (a *act) note() error {
	e := a.say(tocsin.EventNote, "%s", a.c.Text)
	e.Project = a.c.Owns
	if a.c.TLP != "" {
		if err := a.c.TLP.Validate(); err != nil {
			return fmt.Errorf("tlp: %w", err)
		}
		if a.c.TLP == tocsin.TLPClear { // the public reads it
			if err := a.public(); err != nil {
				return err
			}
		}
		e.TLP = a.c.TLP
	}
	return nil
}

func (a *act) correct() error {
	if a.c.Number < 1 {
		return fmt.Errorf("%w: number: want that of an event, from 1", tocsin.ErrInvalid)
	}
	a.say(tocsin.EventCorrection, "corrects event %d: %s", a.c.Number, a.c.Text).Corrects = a.c.Number
	return nil
}

// public refuses what would let the public know.
func (a *act) public() error {
	return fmt.Errorf("%w: what the public reads is a message for the public, which two people agree to: draft one", tocsin.ErrForbidden)
}
