package demo

import (
	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/oidctest"
)

// People are who can sign in to the demonstration's service.
func People() []oidctest.Person {
	return []oidctest.Person{
		{Subject: "u-1", Name: "ada", Email: "ada@shop.example", Groups: []string{"security"}, May: "manage all projects and incidents", About: "Security lead. Commands the emergency that is running."},
		{Subject: "u-2", Name: "grace", Email: "grace@shop.example", Groups: []string{"responders"}, May: "respond to all incidents", About: "Engineer. The technical lead of the emergency."},
		{Subject: "u-3", Name: "maria", Email: "maria@shop.example", Groups: []string{"responders"}, May: "respond to all incidents", About: "Speaks to maintainers and the public."},
		{Subject: "u-4", Name: "edsger", Email: "edsger@shop.example", Groups: []string{"platform-team"}, May: "respond in the group platform, and see no other", About: "Looks after the platform. Led an emergency a month ago."},
		{Subject: "u-5", Name: "barbara", Email: "barbara@shop.example", Groups: []string{"staff"}, May: "look at everything that is not under embargo", About: "Product manager. Wants to know how it stands."},
		{Subject: "u-6", Name: "olga", Email: "olga@shop.example", Groups: []string{"admins"}, May: "do everything, and rule people, tokens and jobs", About: "Runs this service."},
	}
}

// Grants are what the groups of [People] may.
func Grants() []config.GroupGrant {
	return []config.GroupGrant{
		{Group: "security", Access: tocsin.AccessSecurity}, {Group: "responders", Access: tocsin.AccessResponder},
		{Group: "platform-team", Access: tocsin.AccessResponder, ProjectsGroup: "platform"},
		{Group: "staff", Access: tocsin.AccessViewer}, {Group: "admins", Access: tocsin.AccessAdmin},
	}
}

// groups of the projects, by slug.
var groups = map[string]string{
	"storefront": "shop", "shop-api": "shop", "batch-jobs": "shop", "website": "shop",
	"ledger": "platform", "ingest": "platform", "edge-image": "platform",
	"reports": "office", "legacy-portal": "office", "docs-site": "office",
}

// Grouped gives those of the projects that are in one of the groups, or all, each with its group: one emergency is led per group.
func Grouped(projects []config.Project, only string) []config.Project {
	var out []config.Project
	for _, p := range projects {
		if p.Group = groups[p.Slug]; only == "" || p.Group == only {
			out = append(out, p)
		}
	}
	return out
}
