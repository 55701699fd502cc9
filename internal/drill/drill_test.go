package drill_test

import (
	"encoding/json"
	"testing"

	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/incidents/governance"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	play "github.com/tocsin-dev/tocsin/internal/drill"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

func rules(t testing.TB) play.Rules {
	t.Helper()
	text, err := packs.Read("emergency")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Load("emergency", text)
	if err != nil {
		t.Fatal(err)
	}
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	g, err := governance.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return play.Rules{Policies: policies.NewSet(p), Playbooks: books, Governance: g}
}

func TestSmoke(t *testing.T) {
	r := rules(t)
	for _, name := range drill.Names() {
		s, err := play.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := play.Run(t.Context(), r, s, drill.Moves{List: s.Moves})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.MarshalIndent(out.Result, "", " ")
		t.Log(string(b))
	}
}
