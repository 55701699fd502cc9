package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies"
)

// Of the file and what two people agreed to, one counts for each name; and what the file overruled never comes back.
func TestInForce(t *testing.T) {
	text := func(name, then string) string { return "policy: " + name + "\ngate:\n  default: " + then + "\n" }
	load := func(name, then string) *policies.Policy {
		t.Helper()
		p, err := policies.Load(name, []byte(text(name, then)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	change := func(name, then, base string) tocsin.PolicyChange {
		c := tocsin.PolicyChange{ID: "change", State: tocsin.PolicyAgreed, Policy: name, Text: text(name, then), Digest: load(name, then).Digest}
		if base != "" {
			c.Base = load(name, base).Digest
		}
		return c
	}
	broken := change("gate", "fail", "pass")
	broken.Text = "policy: gate\nfuture: true\n"
	for _, tt := range []struct {
		name  string
		file  string // what the gate of the configuration does; empty: there is none
		held  []tocsin.PolicyChange
		want  map[string]string
		wrong overruling
	}{
		{"nothing was agreed to", "pass", nil, map[string]string{"gate": "pass"}, overruling{}},
		{"it takes the place of the file's", "pass", []tocsin.PolicyChange{change("gate", "fail", "pass")}, map[string]string{"gate": "fail"}, overruling{}},
		{"it stands beside them", "pass", []tocsin.PolicyChange{change("more", "fail", "")}, map[string]string{"gate": "pass", "more": "fail"}, overruling{}},
		{"the file was changed", "warn", []tocsin.PolicyChange{change("gate", "fail", "pass")}, map[string]string{"gate": "warn"}, overruling{"the configuration has another text since", true}},
		{"the file has it", "fail", []tocsin.PolicyChange{change("gate", "fail", "pass")}, map[string]string{"gate": "fail"}, overruling{"the configuration has this text now", true}},
		{"the file has none any more", "", []tocsin.PolicyChange{change("gate", "fail", "pass")}, map[string]string{}, overruling{"the configuration has no policy of this name any more", true}},
		{"the file has one that it had not", "warn", []tocsin.PolicyChange{change("gate", "fail", "")}, map[string]string{"gate": "warn"}, overruling{"the configuration has another text since", true}},
		{"this program cannot read it, another may", "pass", []tocsin.PolicyChange{broken}, map[string]string{"gate": "pass"}, overruling{"this version of the program does not take its text", false}},
	} {
		file := Modes{Live: policies.NewSet()}
		if tt.file != "" {
			file.Live = policies.NewSet(load("gate", tt.file))
		}
		got, overruled := inForce(file, tt.held)
		what := map[string]string{}
		for _, p := range got.Live.Policies() {
			for _, then := range []string{"pass", "warn", "fail"} {
				if p.Digest == load(p.Name, then).Digest {
					what[p.Name] = then
				}
			}
		}
		if diff := cmp.Diff(tt.want, what); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if overruled["change"] != tt.wrong {
			t.Errorf("%s: overruled %+v, want %+v", tt.name, overruled["change"], tt.wrong)
		}
	}
}
