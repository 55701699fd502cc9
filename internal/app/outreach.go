package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/notify/github"
)

var _ web.Outreach = outreach{}

// outreach is how people are reached, as the API tells it.
type outreach struct{ s *Service }

// maxLook bounds a look at one repository.
const maxLook = 20 * time.Second

// Routing gives the routes that hold.
func (o outreach) Routing() web.Routing {
	from := o.s.set().routes
	out := web.Routing{Name: from.Name, Version: from.Version, Digest: from.Digest, Receivers: []web.RoutingReceiver{}, Routes: []web.RoutingRoute{}, Inhibits: []web.RoutingInhibit{}}
	for _, one := range from.Receivers {
		to := web.RoutingReceiver{Name: one.Name, Channel: string(one.Channel), Audience: one.Audience, Embargoed: one.Embargoed, Zone: "UTC", PerHour: one.PerHour, PerDay: one.PerDay}
		if one.Zone != nil {
			to.Zone = one.Zone.String()
		}
		if !one.Hours.Always() {
			to.Hours = one.Hours.String()
		}
		out.Receivers = append(out.Receivers, to)
	}
	for _, one := range from.Routes {
		to := web.RoutingRoute{Name: one.Name, Match: one.Match.String(), To: one.To, Wait: lasting(one.Wait), Every: lasting(one.Every), Repeat: lasting(one.Repeat)}
		if one.Digest != nil {
			to.Digest = tocsin.Days(one.Digest.Days) + time.Time{}.Add(one.Digest.At).Format(" 15:04")
		}
		out.Routes = append(out.Routes, to)
	}
	for _, one := range from.Inhibits {
		out.Inhibits = append(out.Inhibits, web.RoutingInhibit{When: one.When.String(), Mute: one.Mute.String(), Same: one.Same})
	}
	return out
}

func lasting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// Repositories gives what the configuration needs of each repository.
func (o outreach) Repositories() web.Repositories {
	out := web.Repositories{SignsIn: o.s.set().config.GitHub.SignsIn(), Items: []web.RepositoryNeed{}}
	for _, n := range o.s.needs() {
		out.Items = append(out.Items, web.RepositoryNeed{Repository: n.Repository, Visibility: n.Visibility, Issues: n.Issues, Drafts: n.Drafts})
	}
	return out
}

// CheckRepository looks at one of them without changing anything.
func (o outreach) CheckRepository(ctx context.Context, repository string) (web.RepositoryCheck, error) {
	list := o.s.needs()
	i := slices.IndexFunc(list, func(n github.Need) bool { return strings.EqualFold(n.Repository, repository) })
	switch {
	case i < 0:
		return web.RepositoryCheck{}, fmt.Errorf("the configuration writes to no repository %s: %w", repository, tocsin.ErrNotFound)
	case !o.s.set().config.GitHub.SignsIn():
		return web.RepositoryCheck{}, fmt.Errorf("%w: there is nothing to sign in to GitHub with: give github: token: or app: in the configuration", tocsin.ErrConflict)
	}
	ctx, cancel := context.WithTimeout(ctx, maxLook)
	defer cancel()
	got := o.s.inspect(ctx, list[i])
	out := web.RepositoryCheck{Repository: got.Repository, Findings: []web.RepositoryFinding{}}
	for _, f := range got.Findings {
		out.Findings = append(out.Findings, web.RepositoryFinding{Name: f.Name, State: string(f.State), Text: f.Text, Fix: f.Fix})
	}
	return out, nil
}
