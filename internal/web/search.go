package web

import (
	"context"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// searchLimit is how many of each kind a search finds.
const searchLimit = 20

// Found is what a search finds, the best first, at most twenty of each.
type Found struct {
	Projects  []string        `json:"projects"`
	Packages  []FoundName     `json:"packages"`
	Classes   []string        `json:"classes"`
	Incidents []FoundIncident `json:"incidents"`
}

// A FoundName is the name of a package, whatever its version.
type FoundName struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
}

// A FoundIncident is an incident in short.
type FoundIncident struct {
	Key     string               `json:"key"`
	State   tocsin.IncidentState `json:"state"`
	Class   string               `json:"class"`
	Summary string               `json:"summary,omitempty"`
}

func (c *call) search(ctx context.Context) (answer, error) {
	text := strings.TrimSpace(c.query["q"])
	if len(text) < 2 || len(text) > 200 {
		return answer{}, invalid("q", "", "want 2 to 200 bytes to search for")
	}
	v, err := c.sight(ctx)
	if err != nil {
		return answer{}, err
	}
	out := Found{Projects: []string{}, Packages: []FoundName{}, Classes: []string{}, Incidents: []FoundIncident{}}
	projects, err := c.api.store.SearchProjects(ctx, v, text, searchLimit)
	if err != nil {
		return answer{}, err
	}
	out.Projects = append(out.Projects, projects...)
	packages, err := c.api.store.SearchPackages(ctx, v, text, searchLimit)
	if err != nil {
		return answer{}, err
	}
	for _, p := range packages {
		out.Packages = append(out.Packages, FoundName(p))
	}
	if err := c.searchClasses(ctx, v, text, &out); err != nil {
		return answer{}, err
	}
	for inc, err := range c.shownIncidents(ctx, v, store.IncidentQuery{Mentions: text}) {
		if err != nil {
			return answer{}, err
		}
		if !about(inc, text) {
			continue
		}
		out.Incidents = append(out.Incidents, FoundIncident{Key: inc.Key, State: inc.State, Class: inc.Class.ID, Summary: inc.Class.Summary})
		if len(out.Incidents) == searchLimit {
			break
		}
	}
	return answer{body: out}, nil
}

// searchClasses finds a class by any of its ids if that is written out, and by part of the one that it is known by.
func (c *call) searchClasses(ctx context.Context, v store.Sight, text string, out *Found) error {
	classes, err := c.api.store.SearchClasses(ctx, v, text, searchLimit)
	if err != nil {
		return err
	}
	id, err := c.classID(ctx, text)
	if err != nil {
		return err
	}
	// That nobody has it is told by its own page; here are those that somebody who is seen has.
	exact, err := c.api.store.Listed(ctx, store.DecisionQuery{Sight: v, Class: id, Limit: 1})
	if err != nil {
		return err
	}
	if len(exact) > 0 && !slices.Contains(classes, id) {
		out.Classes = append(out.Classes, id)
	}
	out.Classes = append(out.Classes, classes...)
	return nil
}

func about(inc tocsin.Incident, text string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(text)) }
	return has(inc.Key) || has(inc.Class.Summary) || slices.ContainsFunc(append([]string{inc.Class.ID}, inc.Class.Aliases...), has)
}
