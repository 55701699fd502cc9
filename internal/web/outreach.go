package web

import (
	"context"

	"github.com/tocsin-dev/tocsin"
)

// Outreach is how people are reached: by routes to receivers, and in repositories. It is safe for concurrent use.
type Outreach interface {
	// Routing gives the routes that hold.
	Routing() Routing
	// Repositories gives what the configuration needs of each repository, by name. No request is made.
	Repositories() Repositories
	// CheckRepository looks at one of them without changing anything; others are an [tocsin.ErrNotFound].
	CheckRepository(ctx context.Context, repository string) (RepositoryCheck, error)
}

// A Routing is a file of routes, without addresses and keys.
type Routing struct {
	// Name, Version and Digest are the file's; without routes they are empty.
	Name      string            `json:"name"`
	Version   int               `json:"version"`
	Digest    string            `json:"digest"`
	Receivers []RoutingReceiver `json:"receivers"`
	// Routes are in the order of the file. Of those that lead to a receiver the first that fits an incident holds.
	Routes   []RoutingRoute   `json:"routes"`
	Inhibits []RoutingInhibit `json:"inhibits"`
}

// A RoutingReceiver hears of incidents.
type RoutingReceiver struct {
	Name    string `json:"name"`
	Channel string `json:"channel"`
	// Audience is who reads there; Embargoed says that it hears of what is under embargo.
	Audience  tocsin.Visibility `json:"audience"`
	Embargoed bool              `json:"embargoed"`
	// Hours in which it is told what is not urgent, in its zone; empty: always.
	Hours string `json:"hours,omitempty"`
	Zone  string `json:"zone"`
	// PerHour and PerDay bound what is not urgent; 0: no bound.
	PerHour int `json:"per_hour,omitempty"`
	PerDay  int `json:"per_day,omitempty"`
}

// A RoutingRoute tells receivers of some incidents. Times are as "15m0s"; empty: none.
type RoutingRoute struct {
	Name string `json:"name"`
	// Match says of which, as in "group=payments,urgency=emergency"; empty: of all.
	Match string   `json:"match"`
	To    []string `json:"to"`
	// Wait gathers what comes right after the first news, Every is the least time between two notices of an incident, and Repeat how soon
	// one that nobody acknowledged is told again.
	Wait   string `json:"wait,omitempty"`
	Every  string `json:"every,omitempty"`
	Repeat string `json:"repeat,omitempty"`
	// Digest is when all is told at once, as in "mon-fri 09:00"; empty: as it comes.
	Digest string `json:"digest,omitempty"`
}

// A RoutingInhibit keeps quiet about some incidents while a graver one is open.
type RoutingInhibit struct {
	When string `json:"when"`
	Mute string `json:"mute"`
	// Same is what both must have in common; empty: nothing.
	Same string `json:"same,omitempty"`
}

// Repositories are those that the configuration would have written to.
type Repositories struct {
	// SignsIn says that there is something to sign in to GitHub with.
	SignsIn bool             `json:"signs_in"`
	Items   []RepositoryNeed `json:"items"`
}

// A RepositoryNeed is what the configuration wants of a repository.
type RepositoryNeed struct {
	Repository string            `json:"repository"`
	Visibility tocsin.Visibility `json:"visibility"`
	Issues     bool              `json:"issues"`
	Drafts     bool              `json:"drafts"`
}

// A RepositoryCheckInput names a repository.
type RepositoryCheckInput struct {
	Repository string `json:"repository"`
}

// A RepositoryCheck is what a look at a repository found.
type RepositoryCheck struct {
	Repository string              `json:"repository"`
	Findings   []RepositoryFinding `json:"findings"`
}

// A RepositoryFinding is one thing that was looked at. State is ok, note (it is not needed, or cannot be told) or missing; Fix says what to do.
type RepositoryFinding struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`
}

func (c *call) getRouting(context.Context) (answer, error) {
	return answer{body: c.api.parts.Outreach.Routing()}, nil
}

func (c *call) listRepositories(context.Context) (answer, error) {
	return answer{body: c.api.parts.Outreach.Repositories()}, nil
}

func (c *call) checkRepository(ctx context.Context) (answer, error) {
	var in RepositoryCheckInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if !tocsin.ValidRepository(in.Repository) {
		return answer{}, invalid("/repository", "write owner/name", "It is no name of a repository.")
	}
	got, err := c.api.parts.Outreach.CheckRepository(ctx, in.Repository)
	if err != nil {
		return answer{}, told(err)
	}
	return answer{body: got}, nil
}
