package policies_test

import (
	"testing"

	"github.com/tocsin-dev/tocsin/policies"
)

func TestDistinguishes(t *testing.T) {
	two, three, nine := policies.Portfolio{Projects: 2, Share: 0.2}, policies.Portfolio{Projects: 3, Share: 0.3}, policies.Portfolio{Projects: 9, Critical: 1, Share: 0.9}
	for _, c := range []struct {
		name, let, when string
		a, b            policies.Portfolio
		want            bool
	}{
		{"nobody asks", "", `advisory.kev`, two, nine, false},
		{"on both sides of a threshold", "", `portfolio.projects >= 3 && advisory.kev`, two, three, true},
		{"on the same side", "", `portfolio.projects >= 3 && advisory.kev`, three, nine, false},
		{"of a number with a name", "{name: many, be: '3'}", `portfolio.projects >= many()`, two, three, true},
		{"on the same side of a number with a name", "{name: many, be: '3'}", `portfolio.projects >= many()`, three, nine, false},
		{"another count is asked for", "", `portfolio.critical >= 1`, two, three, false},
		{"of all projects", "", `portfolio.share > 0.25`, two, three, true},
		{"with what else is known", "", `double(portfolio.projects) > advisory.cvss`, two, three, true},
		{"a condition with a name", "{name: wide, be: 'portfolio.projects >= 3'}", `wide() && advisory.kev`, three, nine, false},
		{"a condition with a name, on both sides", "{name: wide, be: 'portfolio.projects >= 3'}", `wide() && advisory.kev`, two, three, true},
		{"a value with a name", "{name: spread, be: 'portfolio.projects * 2'}", `spread() > 100`, two, three, true},
		{"a condition that fails for one", "", `12 / portfolio.critical > 100`, two, nine, true},
		{"the same", "", `double(portfolio.projects) > advisory.cvss`, three, three, false},
	} {
		p, err := policies.Load("x.yaml", []byte("policy: x\nlet: ["+c.let+"]\ngate:\n  default: pass\n  rules: [{name: r, when: '"+c.when+"', then: fail, because: x}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := policies.NewSet(p).Distinguishes(c.a, c.b); got != c.want {
			t.Errorf("%s: %s: %v", c.name, c.when, got)
		}
	}
}
