package incidents

import (
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Thanks is what one person, or tool, contributed to incidents.
type Thanks struct {
	Who string `json:"who"`
	// For are the contributions: each type in each incident once, by incident.
	For []Contribution `json:"for"`
}

// A Contribution is what somebody is thanked for in an incident.
type Contribution struct {
	Incident string            `json:"incident"`
	Type     tocsin.CreditType `json:"type"`
}

// Recognition gathers the credits of incidents, most contributions first, then by name. A login is the same in any case.
func Recognition(list []tocsin.Incident) []Thanks {
	of := map[string]*Thanks{}
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
				of[key] = &Thanks{Who: c.Who}
			}
			if one := (Contribution{inc.Key, c.Type}); !slices.Contains(of[key].For, one) {
				of[key].For = append(of[key].For, one)
			}
		}
	}
	out := []Thanks{}
	for _, key := range sorted(of) {
		t := *of[key]
		slices.SortFunc(t.For, func(a, b Contribution) int {
			return strings.Compare(a.Incident+" "+string(a.Type), b.Incident+" "+string(b.Type))
		})
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b Thanks) int { return len(b.For) - len(a.For) })
	return out
}
