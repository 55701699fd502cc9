package pipeline

import (
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// shadows says what would have been decided if each shadow policy that is active were enforced. It takes what was found and
// decided and changes nothing of it.
func (p Portfolio) shadows(list []found, live []Scanned, was census, now time.Time) []store.Shadow {
	var out []store.Shadow
	for _, policy := range p.Shadow {
		if !policy.Active(now) {
			continue
		}
		would := p.judge(list, p.Policies.With(policy), was, now)
		s := store.Shadow{Policy: policy.Digest, Name: policy.Name, At: now}
		for i := range live {
			s.Decisions = append(s.Decisions, beside(live[i].Decisions, would[i].Decisions, p.Policies.Digest())...)
		}
		for i, one := range sightings(list, live, p.Index.Snapshot()) {
			if one.Whole && list[i].names == nil {
				s.Whole = append(s.Whole, one.Project.Slug)
			}
		}
		out = append(out, s)
	}
	return out
}

// beside pairs what was decided about one project with what would have been. What is missing on one side is a pin that it lets pass.
func beside(live, would []tocsin.Decision, inForce string) []tocsin.Shadowed {
	var out []tocsin.Shadowed
	at := map[tocsin.Shadowed]int{}
	row := func(d tocsin.Decision) *tocsin.Shadowed {
		p := d.Finding.Package
		s := tocsin.Shadowed{
			Project: d.Project, Class: d.Finding.Class.ID, Ecosystem: p.Ecosystem, Package: p.Name, Version: p.Version, Origin: string(p.Origin.Kind) + " " + p.Origin.URL,
			Inventory: d.Inventory, Snapshot: d.Snapshot, InForce: inForce,
		}
		n, ok := at[s]
		if !ok {
			n = len(out)
			at[s] = n
			s.Live = tocsin.Ruling{Gate: tocsin.GatePass, Response: tocsin.ResponseNone}
			s.Shadow = s.Live
			out = append(out, s)
		}
		return &out[n]
	}
	for _, d := range live {
		row(d).Live = d.Ruling()
	}
	for _, d := range would {
		row(d).Shadow = d.Ruling()
	}
	return out
}
