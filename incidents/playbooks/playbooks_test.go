package playbooks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

func TestShipped(t *testing.T) {
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range books {
		if p.Name != name || p.Version < 1 || p.Title == "" || p.About == "" || p.Acceptance == "" || len(p.Tasks) == 0 || len(p.Advice) == 0 {
			t.Errorf("%s is not whole: %+v", name, p)
		}
		for _, task := range p.Tasks {
			if task.Due <= 0 || task.Due > 30*tocsin.Day {
				t.Errorf("%s: task %s is due after %s", name, task.ID, task.Due)
			}
		}
	}
	if books["malicious-package"].Tasks[0].Due != time.Hour {
		t.Errorf("first task = %+v", books["malicious-package"].Tasks[0])
	}
}

// TestPoliciesNameShippedPlaybooks: a rule whose playbook is not there would fall back to another.
func TestPoliciesNameShippedPlaybooks(t *testing.T) {
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, pack := range packs.Names() {
		text, err := packs.Read(pack)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			name, ok := strings.CutPrefix(strings.TrimLeft(line, " -"), "playbook: ")
			if !ok {
				continue
			}
			named++
			if _, ok := books[strings.TrimSpace(name)]; !ok {
				t.Errorf("%s.yaml:%d: there is no playbook %s", pack, i+1, name)
			}
		}
	}
	if named == 0 {
		t.Error("no policy names a playbook")
	}
}

const good = `playbook: p
version: 1
title: T
acceptance: A
tasks:
  - {id: a, title: A, role: incident commander, due: 1d}
`

func TestLoadErrors(t *testing.T) {
	if p, err := playbooks.Load("p.yaml", []byte(good)); err != nil || p.Tasks[0].Due != tocsin.Day {
		t.Fatalf("%+v, %v", p, err)
	}
	_, err := playbooks.Load("p.yaml", []byte(`plabook: p
version: 0
tasks:
  - {id: a, title: A, role: boss}
  - {id: a, title: A, role: technical lead, due: soon}
  - {title: A}
`))
	if !errors.Is(err, tocsin.ErrInvalid) {
		t.Fatal(err)
	}
	for _, want := range []string{`p.yaml:1:1: unknown key "plabook"`, "p.yaml: playbook: is missing", "p.yaml: title: is missing", "p.yaml: acceptance: is missing",
		"p.yaml:2:10: version: want a number from 1", `p.yaml:4:29: task a: role "boss": want one of`, "p.yaml:5:10: task a stands twice", "p.yaml:5:", "soon",
		"p.yaml:6:13: a task needs id: and title:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if _, err := playbooks.Load("p.yaml", []byte("playbook: p\nversion: 1\ntitle: T\nacceptance: A\n")); err == nil || !strings.Contains(err.Error(), "tasks: is missing") {
		t.Errorf("err = %v", err)
	}
	first := err.Error()
	for range 20 { // the same text every time
		_, again := playbooks.Load("p.yaml", []byte("version: 1\ntasks: []\n"))
		_, more := playbooks.Load("p.yaml", []byte("version: 1\ntasks: []\n"))
		if again.Error() != more.Error() {
			t.Fatalf("%v\n%v\n%s", again, more, first)
		}
	}
}

const forked = `playbook: p
version: 1
title: T
acceptance: A
soak: 2h
tasks:
  - {id: hosts, title: Hosts, role: technical lead, due: 1h, proof: true}
  - {id: rotate, title: Rotate, role: technical lead, due: 2h, needs: [hosts, bitten], only: bitten=yes}
decisions:
  - id: bitten
    question: Did it run?
    role: incident commander
    needs: [hosts]
    answers: {yes: rotate, no: nothing to rotate}
criteria:
  - {id: gone, each: true, when: project.clear, says: it is gone}
messages:
  - {audience: public, stage: first, text: "{{.What}}"}
`

func TestLoadForked(t *testing.T) {
	p, err := playbooks.Load("p.yaml", []byte(forked))
	if err != nil {
		t.Fatal(err)
	}
	want := tocsin.Playbook{
		Name: "p", Version: 1, Title: "T", Acceptance: "A", Soak: 2 * time.Hour,
		Tasks: []tocsin.PlaybookTask{
			{ID: "hosts", Title: "Hosts", Role: tocsin.RoleTechnical, Due: time.Hour, Proof: true},
			{ID: "rotate", Title: "Rotate", Role: tocsin.RoleTechnical, Due: 2 * time.Hour, Needs: []string{"hosts", "bitten"}, Only: "bitten=yes"},
		},
		Decisions: []tocsin.DecisionPoint{{ID: "bitten", Question: "Did it run?", Role: tocsin.RoleCommander, Needs: []string{"hosts"},
			Answers: []tocsin.PointAnswer{{Name: "yes", Means: "rotate"}, {Name: "no", Means: "nothing to rotate"}}}},
		Criteria: []tocsin.Criterion{{ID: "gone", Each: true, When: "project.clear", Says: "it is gone"}},
		Messages: []tocsin.MessageTemplate{{Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst, Text: "{{.What}}"}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
}

// TestForkedErrors changes one thing in a playbook that is right; each is said with its place.
func TestForkedErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"needs: [hosts, bitten]", "needs: [host]", "p.yaml:8:72: task rotate: needs: there is no task or decision point \"host\""},
		{"needs: [hosts, bitten]", "needs: [hosts, hosts]", "p.yaml:8:79: task rotate: needs: hosts stands twice"},
		{"proof: true}", "needs: [rotate]}", "p.yaml:7:10: needs: goes round in a circle: hosts needs rotate needs hosts"},
		{"proof: true}", "needs: [bitten]}", "p.yaml:7:10: needs: goes round in a circle: hosts needs bitten needs hosts"},
		{"proof: true}", "only: bitten=no}", "p.yaml:7:10: needs: goes round in a circle: hosts needs bitten needs hosts"},
		{"only: bitten=yes", "only: bitten=maybe", "decision point bitten has no answer \"maybe\""},
		{"only: bitten=yes", "only: biten=yes", "there is no decision point \"biten\""},
		{"only: bitten=yes", "only: bitten", "p.yaml:8:94: task rotate: only: \"bitten\": want point=answer"},
		{"proof: true}", "proof: 3}", "p.yaml:7:"},
		{"id: bitten", "id: hosts", "p.yaml:10:9: decision point hosts: a task or another decision point has this id"},
		{"id: bitten", "id: Bitten=", "want small letters"},
		{"role: incident commander", "role: boss", "p.yaml:12:11: decision point bitten: role \"boss\""},
		{"answers: {yes: rotate, no: nothing to rotate}", "answers: {yes: rotate}", "p.yaml:10:9: decision point bitten: answers: want two at least"},
		{"answers: {yes: rotate, no: nothing to rotate}", "answers: [yes, no]", "want answers by name"},
		{"no: nothing to rotate", "no: \"\"", "answer no: say what it means"},
		{"no: nothing to rotate", "yes: again", "p.yaml:14:28:"},
		{"when: project.clear, ", "", "p.yaml:16:10: criterion gone: needs when: and says:"},
		{"says: it is gone}", "says: it is gone}\n  - {id: gone, when: a, says: b}", "p.yaml:17:10: criterion gone stands twice"},
		{"soak: 2h", "soak: 100d", "p.yaml:5:7: soak: is longer than"},
		{"due: 1h", "due: 100d", "p.yaml:7:58: task hosts: due: is longer than"},
		{"audience: public", "audience: everybody", "p.yaml:18:16: message: audience \"everybody\""},
		{"stage: first", "stage: last", "p.yaml:18:31: message: stage \"last\""},
		{"{{.What}}", "{{.What", "p.yaml:18:44: message: template: text:1: unclosed action"},
		{"{{.What}}", "{{template `text` .}}", "is nothing that can be filled in: want one of {{.What}}, {{.Summary}}"},
		{"{{.What}}", "{{define `a`}}x{{end}}{{.What}}", "a template defines no other"},
		{"{{.What}}", "{{range 300000000}}x{{end}}", "is nothing that can be filled in"},
		{"{{.What}}", "{{.Who}}", "\"Who\" is nothing that can be filled in"},
		{"{{.What}}", "{{.What.Else}}", "is nothing that can be filled in"},
		{"{{.What}}", "{{.What | printf `%1000000d`}}", "p.yaml:18:44: message: template: text:1: function"},
		{"{{.What}}", "{{$x := .What}}", "is nothing that can be filled in"},
		{"{{.What}}", "  ", "message: text: is missing"},
		{`text: "{{.What}}"}`, "text: a}\n  - {audience: public, stage: first, text: b}", "p.yaml:19:31: message: there are two for public at stage first"},
		{"title: Hosts", "title: " + strings.Repeat("x", 3000), "task hosts: title: is longer than 2000 bytes"},
		{"acceptance: A", "acceptance: A\nadvice: [" + strings.Repeat("a,", 101) + "]", "advice: there are more than 100"},
	} {
		text := strings.Replace(forked, c.old, c.new, 1)
		if text == forked {
			t.Fatalf("%q is not there", c.old)
		}
		if _, err := playbooks.Load("p.yaml", []byte(text)); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add(forked)
	f.Add("tasks: [{id: &a x, title: *a}]")
	f.Add("advice: [~]\ntasks: [{due: 9999999w}]")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := playbooks.Load("f.yaml", []byte(s))
		if err != nil {
			return
		}
		if p.Name == "" || p.Version < 1 || p.Acceptance == "" || len(p.Tasks) == 0 || len(s) > yamlfile.MaxSize {
			t.Errorf("%q is accepted as %+v", s, p)
		}
		if len(p.Tasks)+len(p.Decisions)+len(p.Criteria)+len(p.Messages)+len(p.Advice) > 500 || p.Soak < 0 || p.Soak > 90*tocsin.Day {
			t.Errorf("%q is not bounded", s)
		}
		// Somebody can do every task: whatever it waits for comes first.
		done := map[string]bool{}
		for range len(p.Tasks) + len(p.Decisions) {
			for _, one := range p.Tasks {
				point, _, _ := strings.Cut(one.Only, "=")
				done[one.ID] = all(done, one.Needs) && (point == "" || done[point])
			}
			for _, one := range p.Decisions {
				done[one.ID] = all(done, one.Needs)
			}
		}
		for id, ok := range done {
			if !ok {
				t.Errorf("%q: %s can never be done", s, id)
			}
		}
	})
}

func all(done map[string]bool, ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !done[id] })
}
