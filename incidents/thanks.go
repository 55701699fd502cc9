package incidents

import (
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// recognition gathers the credits of incidents, most contributions first, then by name. A login is the same in any case.
func recognition(list []tocsin.Incident) []tocsin.Thanks {
	of := map[string]*tocsin.Thanks{}
	for _, inc := range list {
		if inc.Review == nil {
			continue
		}
		for _, c := range inc.Review.Credits {
			key := c.Who
			if c.Login() != "" {
				key = strings.ToLower(key)
			}
			if of[key] == nil {
				of[key] = &tocsin.Thanks{Who: c.Who}
			}
			if one := (tocsin.Contribution{Incident: inc.Key, Type: c.Type}); !slices.Contains(of[key].For, one) {
				of[key].For = append(of[key].For, one)
			}
		}
	}
	out := []tocsin.Thanks{}
	for _, key := range sorted(of) {
		t := *of[key]
		slices.SortFunc(t.For, func(a, b tocsin.Contribution) int {
			return strings.Compare(a.Incident+" "+string(a.Type), b.Incident+" "+string(b.Type))
		})
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b tocsin.Thanks) int { return len(b.For) - len(a.For) })
	return out
}
