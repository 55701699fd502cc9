package policies

// A NextRule is a rule that holds too, but stands below the one that won.
type NextRule struct {
	Rule    string `json:"rule"` // policy/rule
	Axis    string `json:"axis"`
	Then    string `json:"then"`
	Because string `json:"because"`
}

// Next gives, for each axis of each policy, the rules below the winner that would have come next.
func (s Set) Next(in Input) []NextRule {
	var out []NextRule
	for _, p := range s.policies {
		if !p.Active(in.Now) || !p.judging(in.Advisory.Kind) {
			continue
		}
		e := p.evaluation(&in)
		for _, a := range []*axis{p.gate, p.response} {
			if a == nil {
				continue
			}
			won := false
			for i := range a.rules {
				if r := &a.rules[i]; e.ask(&r.when) == yes {
					if won {
						out = append(out, NextRule{p.Name + "/" + r.name, a.name, r.then, r.because})
					}
					won = true
				}
			}
		}
	}
	return out
}
