package playbooks

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"
	"time"

	"github.com/tocsin-dev/tocsin"
)

func (l *loader) role(v text, at place, what string) tocsin.RoleName {
	role := tocsin.RoleName(v.V)
	if !slices.Contains(tocsin.Roles(), role) {
		if v.IsSet() {
			at = v
		}
		l.fault(at, "%s: role %q: want one of %q", what, role, tocsin.Roles())
	}
	return role
}

func (l *loader) tasks() []tocsin.PlaybookTask {
	var out []tocsin.PlaybookTask
	seen := map[string]bool{}
	for i, t := range l.file.Tasks {
		if l.many(i, t.ID, "tasks") {
			break
		}
		if t.ID.V == "" || t.Title.V == "" {
			at := t.ID
			if !at.IsSet() {
				at = t.Title
			}
			l.fault(at, "a task needs id: and title:")
			continue
		}
		what := fmt.Sprintf("task %s", t.ID.V)
		if seen[t.ID.V] {
			l.fault(t.ID, "%s stands twice", what)
		}
		seen[t.ID.V] = true
		l.id(t.ID, "task")
		l.bound(t.Title, what+": title", maxText)
		l.wait(t.Due, what+": due")
		if t.Only.IsSet() {
			l.only(t.Only, what)
		}
		out = append(out, tocsin.PlaybookTask{
			ID: t.ID.V, Title: t.Title.V, Role: l.role(t.Role, t.ID, what), Due: time.Duration(t.Due.V), Needs: l.needs(t.Needs, what), Only: t.Only.V, Proof: t.Proof.V,
		})
	}
	return out
}

// only checks that "point=answer" names an answer that can be given.
func (l *loader) only(v text, what string) {
	point, answer, ok := strings.Cut(v.V, "=")
	if !ok {
		l.fault(v, "%s: only: %.*q: want point=answer", what, 2*maxID, v.V)
		return
	}
	for _, d := range l.file.Decisions {
		if d.ID.V != point {
			continue
		}
		for _, a := range d.Answers {
			if a.name.V == answer {
				return
			}
		}
		l.fault(v, "%s: only: decision point %s has no answer %.*q", what, point, maxID, answer)
		return
	}
	l.fault(v, "%s: only: there is no decision point %.*q", what, maxID, point)
}

func (l *loader) needs(list []text, what string) []string {
	var out []string
	for i, n := range list {
		if l.many(i, n, what+": needs") {
			break
		}
		known := slices.ContainsFunc(l.file.Tasks, func(t fileTask) bool { return t.ID.V == n.V }) ||
			slices.ContainsFunc(l.file.Decisions, func(d fileDecision) bool { return d.ID.V == n.V })
		switch {
		case n.V == "" || !known:
			l.fault(n, "%s: needs: there is no task or decision point %.*q", what, maxID, n.V)
		case slices.Contains(out, n.V):
			l.fault(n, "%s: needs: %s stands twice", what, n.V)
		}
		out = append(out, n.V)
	}
	return out
}

func (l *loader) decisions() []tocsin.DecisionPoint {
	var out []tocsin.DecisionPoint
	seen := map[string]bool{}
	for _, t := range l.file.Tasks { // needs: names both
		seen[t.ID.V] = true
	}
	for i, d := range l.file.Decisions {
		if l.many(i, d.ID, "decisions") {
			break
		}
		if d.ID.V == "" || d.Question.V == "" {
			at := d.ID
			if !at.IsSet() {
				at = d.Question
			}
			l.fault(at, "a decision point needs id: and question:")
			continue
		}
		what := fmt.Sprintf("decision point %s", d.ID.V)
		if seen[d.ID.V] {
			l.fault(d.ID, "%s: a task or another decision point has this id", what)
		}
		seen[d.ID.V] = true
		l.id(d.ID, "decision point")
		l.bound(d.Question, what+": question", maxText)
		if len(d.Answers) < 2 {
			l.fault(d.ID, "%s: answers: want two at least", what)
		}
		p := tocsin.DecisionPoint{ID: d.ID.V, Question: d.Question.V, Role: l.role(d.Role, d.ID, what), Needs: l.needs(d.Needs, what)}
		for j, a := range d.Answers {
			if l.many(j, a.name, what+": answers") {
				break
			}
			l.id(a.name, what+": answer")
			l.bound(a.means, what+": answer "+a.name.V, maxText)
			if a.means.V == "" {
				l.fault(a.name, "%s: answer %s: say what it means", what, a.name.V)
			}
			if slices.ContainsFunc(p.Answers, func(o tocsin.PointAnswer) bool { return o.Name == a.name.V }) {
				l.fault(a.name, "%s: answer %s stands twice", what, a.name.V)
			}
			p.Answers = append(p.Answers, tocsin.PointAnswer{Name: a.name.V, Means: a.means.V})
		}
		out = append(out, p)
	}
	return out
}

func (l *loader) criteria() []tocsin.Criterion {
	var out []tocsin.Criterion
	for i, c := range l.file.Criteria {
		if l.many(i, c.ID, "criteria") {
			break
		}
		l.id(c.ID, "criterion")
		l.bound(c.When, "criterion: when", maxText)
		l.bound(c.Says, "criterion: says", maxText)
		if c.When.V == "" || c.Says.V == "" {
			l.fault(c.ID, "criterion %.*s: needs when: and says:", maxID, c.ID.V)
		}
		if slices.ContainsFunc(out, func(o tocsin.Criterion) bool { return o.ID == c.ID.V }) {
			l.fault(c.ID, "criterion %.*s stands twice", maxID, c.ID.V)
		}
		out = append(out, tocsin.Criterion{ID: c.ID.V, Each: c.Each.V, When: c.When.V, Says: c.Says.V})
	}
	return out
}

func (l *loader) messages() []tocsin.MessageTemplate {
	var out []tocsin.MessageTemplate
	for i, m := range l.file.Messages {
		if l.many(i, m.Audience, "messages") {
			break
		}
		one := tocsin.MessageTemplate{Audience: tocsin.Audience(m.Audience.V), Stage: tocsin.Stage(m.Stage.V), Text: m.Text.V}
		if !slices.Contains(tocsin.Audiences(), one.Audience) {
			l.fault(m.Audience, "message: audience %.*q: want one of %q", maxID, one.Audience, tocsin.Audiences())
		}
		if !slices.Contains(tocsin.Stages(), one.Stage) {
			l.fault(m.Stage, "message: stage %.*q: want one of %q", maxID, one.Stage, tocsin.Stages())
		}
		if slices.ContainsFunc(out, func(o tocsin.MessageTemplate) bool { return o.Audience == one.Audience && o.Stage == one.Stage }) {
			l.fault(m.Stage, "message: there are two for %s at stage %s", one.Audience, one.Stage)
		}
		if strings.TrimSpace(one.Text) == "" {
			l.fault(m.Audience, "message: text: is missing")
		}
		l.bound(m.Text, "message: text", maxMessage)
		l.template(m.Text)
		out = append(out, one)
	}
	return out
}

// template checks a text that is filled in: it has blanks and nothing else, so that it cannot run for long or fail when it is needed.
func (l *loader) template(v text) {
	trees, err := parse.Parse("text", v.V, "", "")
	if err != nil {
		l.fault(v, "message: %v", err)
		return
	}
	blanks := reflect.TypeFor[tocsin.Blanks]()
	for _, n := range nodes(trees["text"]) {
		if n.Type() == parse.NodeText {
			continue
		}
		name, ok := "", false
		if a, is := n.(*parse.ActionNode); is && len(a.Pipe.Decl) == 0 && len(a.Pipe.Cmds) == 1 && len(a.Pipe.Cmds[0].Args) == 1 {
			if f, is := a.Pipe.Cmds[0].Args[0].(*parse.FieldNode); is && len(f.Ident) == 1 {
				_, ok = blanks.FieldByName(f.Ident[0])
				name = f.Ident[0]
			}
		}
		if ok {
			continue
		}
		if name == "" {
			name = n.String()
		}
		var known []string
		for i := range blanks.NumField() {
			known = append(known, "{{."+blanks.Field(i).Name+"}}")
		}
		l.fault(v, "message: text: %.*q is nothing that can be filled in: want one of %s", maxID, name, strings.Join(known, ", "))
		return
	}
	if len(trees) > 1 {
		l.fault(v, "message: text: a template defines no other")
	}
}

func nodes(t *parse.Tree) []parse.Node {
	if t == nil || t.Root == nil {
		return nil
	}
	return t.Root.Nodes
}

// order reports a task or decision point that waits for itself.
func (l *loader) order(p tocsin.Playbook) {
	needs, at := map[string][]string{}, map[string]place{}
	var ids []string
	for i, t := range p.Tasks {
		needs[t.ID], at[t.ID] = slices.Clone(t.Needs), l.file.Tasks[i].ID
		if point, _, ok := strings.Cut(t.Only, "="); ok {
			needs[t.ID] = append(needs[t.ID], point)
		}
		ids = append(ids, t.ID)
	}
	for i, d := range p.Decisions {
		needs[d.ID], at[d.ID] = d.Needs, l.file.Decisions[i].ID
		ids = append(ids, d.ID)
	}
	done := map[string]bool{}
	var walk func(id string, path []string) []string
	walk = func(id string, path []string) []string {
		if i := slices.Index(path, id); i >= 0 {
			return append(slices.Clone(path[i:]), id)
		}
		if done[id] {
			return nil
		}
		for _, next := range needs[id] {
			if round := walk(next, append(path, id)); round != nil {
				return round
			}
		}
		done[id] = true
		return nil
	}
	for _, id := range ids {
		if round := walk(id, nil); round != nil {
			l.fault(at[round[0]], "needs: goes round in a circle: %s", strings.Join(round, " needs "))
			return
		}
	}
}
