package config

import (
	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// Access is who may ask a service, beside API tokens; docs/access.md says what the keys mean.
type Access struct {
	// OIDC is how people sign in; nil: not.
	OIDC *OIDC
	// Audience is what identity tokens of pipelines must be for.
	Audience  string
	Pipelines []Pipeline
}

// OIDC is an issuer that people sign in with.
type OIDC struct {
	Issuer, ClientID, GroupsClaim string
	ClientSecret                  secret.Value
	Grants                        []GroupGrant
}

// A GroupGrant is what the members of an issuer's group may do.
type GroupGrant struct {
	Group         string
	Access        tocsin.Access
	ProjectsGroup string
}

// A Pipeline is whose jobs may ask, and for what.
type Pipeline struct {
	Issuer, Repository, RepositoryID, OwnerID, Environment string
	Refs, Events                                           []string
	Protected                                              bool
	Grants                                                 []tocsin.Grant
}

type fileAccess struct {
	OIDC struct {
		Issuer       str   `yaml:"issuer"`
		ClientID     str   `yaml:"client_id"`
		ClientSecret token `yaml:"client_secret"`
		GroupsClaim  str   `yaml:"groups_claim"`
		Grants       []struct {
			Group         str `yaml:"group"`
			Access        str `yaml:"access"`
			ProjectsGroup str `yaml:"projects_group"`
		} `yaml:"grants"`
	} `yaml:"oidc"`
	Audience  str `yaml:"audience"`
	Pipelines []struct {
		Issuer       str                  `yaml:"issuer"`
		Repository   str                  `yaml:"repository"`
		RepositoryID str                  `yaml:"repository_id"`
		OwnerID      str                  `yaml:"owner_id"`
		Refs         []str                `yaml:"refs"`
		Environment  str                  `yaml:"environment"`
		Protected    yamlfile.Value[bool] `yaml:"protected"`
		Events       []str                `yaml:"events"`
		Grants       []struct {
			Access  str `yaml:"access"`
			Group   str `yaml:"group"`
			Project str `yaml:"project"`
		} `yaml:"grants"`
	} `yaml:"pipelines"`
}

// nothing is what no text is.
var nothing = pattern.Lazy(`[^\s\S]`)

func (l *loader) access(f fileAccess) Access {
	a := Access{Audience: f.Audience.V}
	if f.OIDC.Issuer.IsSet() || f.OIDC.ClientID.IsSet() {
		a.OIDC = &OIDC{
			Issuer: f.OIDC.Issuer.V, ClientID: f.OIDC.ClientID.V, GroupsClaim: f.OIDC.GroupsClaim.V,
			ClientSecret: l.secret(f.OIDC.ClientSecret, "access: oidc: client_secret", nothing()),
		}
		for _, g := range f.OIDC.Grants {
			l.grant(g.Access, tocsin.Grant{Access: tocsin.Access(g.Access.V)})
			a.OIDC.Grants = append(a.OIDC.Grants, GroupGrant{g.Group.V, tocsin.Access(g.Access.V), g.ProjectsGroup.V})
		}
	}
	for _, p := range f.Pipelines {
		one := Pipeline{
			Issuer: p.Issuer.V, Repository: p.Repository.V, RepositoryID: p.RepositoryID.V, OwnerID: p.OwnerID.V, Environment: p.Environment.V,
			Refs: texts(p.Refs), Events: texts(p.Events), Protected: p.Protected.V,
		}
		for _, g := range p.Grants {
			grant := tocsin.Grant{Access: tocsin.Access(g.Access.V), Group: g.Group.V, Project: g.Project.V}
			l.grant(g.Access, grant)
			one.Grants = append(one.Grants, grant)
		}
		a.Pipelines = append(a.Pipelines, one)
	}
	return a
}

func (l *loader) grant(at str, g tocsin.Grant) {
	if err := g.Validate(); err != nil {
		l.fault(at, "access: %v", err)
	}
}

func texts(list []str) (out []string) {
	for _, s := range list {
		out = append(out, s.V)
	}
	return out
}
