package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin/notify/github"
)

// An Inspection is what a look at one repository of the configuration found.
type Inspection struct {
	Repository string           `json:"repository"`
	Findings   []github.Finding `json:"findings"`
}

// hookEvents are those that webhooks are to bring.
var hookEvents = []string{"issues", "issue_comment", "push"}

// Inspect looks at all repositories that the configuration would have written to, and changes nothing. ok is false if something that is needed
// is missing.
func (s *Service) Inspect(ctx context.Context) (list []Inspection, ok bool) {
	ok = true
	for _, n := range s.needs() {
		one := s.inspect(ctx, n)
		missing := slices.ContainsFunc(one.Findings, func(f github.Finding) bool { return f.State == github.FindingMissing })
		ok = ok && !(missing && (n.Issues || n.Drafts))
		list = append(list, one)
	}
	return list, ok
}

// needs are what the configuration wants of each repository, by name.
func (s *Service) needs() []github.Need {
	needs := map[string]github.Need{}
	add := func(n github.Need) {
		key := strings.ToLower(n.Repository)
		if was, have := needs[key]; have { // several projects of one repository
			n.Issues, n.Drafts = n.Issues || was.Issues, n.Drafts || was.Drafts
			n.Assignees = append(was.Assignees, n.Assignees...)
		}
		slices.Sort(n.Assignees)
		n.Assignees = slices.Compact(n.Assignees)
		needs[key] = n
	}
	c := s.set().config
	if c.Coordination.Repository != "" {
		add(github.Need{Repository: c.Coordination.Repository, Visibility: c.Coordination.Visibility, Issues: true})
	}
	for _, p := range c.Projects {
		if p.Repository != "" {
			add(github.Need{Repository: p.Repository, Visibility: p.Visibility, Issues: p.OptIn.Issues, Drafts: p.OptIn.AdvisoryDraft, Assignees: p.Owners})
		}
	}
	var out []github.Need
	for _, key := range slices.Sorted(maps.Keys(needs)) {
		n := needs[key]
		if c.GitHub.WebhookSecret.IsSet() && n.Issues {
			n.Hook, n.Events = "/v1/hooks/github", hookEvents
		}
		out = append(out, n)
	}
	return out
}

// inspect looks at one repository.
func (s *Service) inspect(ctx context.Context, n github.Need) Inspection {
	var err error
	if s.asApp != nil {
		owner, _, _ := strings.Cut(n.Repository, "/")
		n.App, err = s.asApp.Permissions(ctx, owner)
	}
	if err != nil {
		return Inspection{n.Repository, []github.Finding{{Name: "App", State: github.FindingMissing, Text: err.Error(), Fix: "install the App on the account"}}}
	}
	return Inspection{n.Repository, s.github.Inspect(ctx, n)}
}
