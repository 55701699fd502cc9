package app

import (
	"bytes"
	"context"
	"slices"

	scenario "github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/drill"
	"github.com/tocsin-dev/tocsin/internal/drill/view"
	"github.com/tocsin-dev/tocsin/internal/web"
)

var _ web.Rehearser = rehearser{}

// rehearser holds drills by the rules of the service: its policies, playbooks and governance as they are now.
type rehearser struct{ s *Service }

// Scenarios are the shipped ones.
func (r rehearser) Scenarios() ([]scenario.Scenario, error) {
	var out []scenario.Scenario
	for _, name := range scenario.Names() {
		s, err := drill.Open(name)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Plan is what a facilitator needs, as Markdown.
func (r rehearser) Plan(s scenario.Scenario) (string, error) {
	var b bytes.Buffer
	err := view.Plan(&b, s, r.s.set().law.Playbooks)
	return b.String(), err
}

// Rehearse plays a scenario.
func (r rehearser) Rehearse(ctx context.Context, s scenario.Scenario, moves string) (scenario.Result, error) {
	m := scenario.Moves{List: s.Moves}
	if moves != "" {
		var err error
		if m, err = scenario.LoadMoves("moves", []byte(moves), s); err != nil {
			return scenario.Result{}, err
		}
	}
	set := r.s.set()
	o, err := drill.Run(ctx, drill.Rules{Policies: set.policies.Live, Playbooks: set.law.Playbooks, Governance: set.law.Governance}, s, m)
	return o.Result, err
}

// Trend sets results beside each other.
func (r rehearser) Trend(list []scenario.Result) scenario.Trend {
	t := scenario.TrendOf(list)
	law := r.s.set().law
	if gaps := scenario.Gaps(list, law.Playbooks, &law.Governance, r.s.opts.Now()); len(gaps) > 0 {
		t.Gaps = slices.Clip(gaps)
	}
	return t
}
