package playbooks_test

import (
	"errors"
	"strings"
	"testing"
	"time"

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
		"p.yaml:6: a task needs id: and title:"} {
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

func FuzzLoad(f *testing.F) {
	f.Add(good)
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
	})
}
