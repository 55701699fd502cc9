package auth

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// A Pipeline is whose identity tokens are taken, and what they may do. All that is said of it must hold of a token; where several
// pipelines hold, their grants add up.
type Pipeline struct {
	// Issuer of the tokens: https://token.actions.githubusercontent.com, https://HOST/_services/token of a GitHub Enterprise Server,
	// or the address of a GitLab. A token's issuer is compared to the letter.
	Issuer string
	// Repository is the full name as the platform spells it, or ends in "/*" for all of an owner or group.
	Repository string
	// RepositoryID and OwnerID are the platform's numbers of the repository (GitLab: project) and of its owner (GitLab: namespace).
	// Names can be given up and registered by somebody else; numbers cannot. Empty: any.
	RepositoryID, OwnerID string
	// Refs are globs such as refs/heads/main or refs/tags/v*, of which one must match; "*" stops at "/", and "/**" at the end does not.
	// Empty: any.
	Refs []string
	// Environment is the one that the job must run in. Empty: any or none.
	Environment string
	// Protected asks for a ref that the platform protects.
	Protected bool
	// Events that may have started it, as the platform calls them (GitLab: sources of pipelines). Empty: those that only people with
	// access to the repository can cause, with all grants, and proposed changes, which may only ask for a verdict; see [proposals].
	Events []string
	Grants []tocsin.Grant
}

// platform is who issues tokens for pipelines, since each calls its claims otherwise.
type platform string

const (
	github platform = "github"
	gitlab platform = "gitlab"
)

func (p Pipeline) platform() platform {
	u, err := url.Parse(p.Issuer)
	if err == nil && (strings.HasPrefix(u.Hostname(), "token.actions.") || strings.HasSuffix(u.Path, "/_services/token")) {
		return github
	}
	return gitlab
}

// trusted are events that only people who may write to the repository cause. Not among them are pull_request_target, workflow_run,
// issue_comment and their like: they run with the rights of the repository on what strangers sent.
var trusted = map[platform][]string{
	github: {"push", "merge_group", "schedule", "workflow_dispatch", "repository_dispatch", "release", "deployment"},
	gitlab: {"push", "web", "schedule", "api", "trigger", "pipeline", "parent_pipeline"},
}

// proposals are events that run the code of a change that nobody has agreed to. GitHub gives a fork's pull_request no identity token
// unless a setting of private repositories says so; GitLab runs a fork's merge request in the fork unless a member runs it.
var proposals = map[platform]string{github: "pull_request", gitlab: "merge_request_event"}

// Validate reports all that is wrong with the pipeline, as an [tocsin.ErrInvalid].
func (p Pipeline) Validate() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: pipeline %q: %s", tocsin.ErrInvalid, p.Repository, fmt.Sprintf(format, args...))
	}
	if _, err := publicURL(p.Issuer); err != nil {
		return wrong("issuer: %v", err)
	}
	owner, name, found := strings.Cut(p.Repository, "/")
	if !found || owner == "" || name == "" || strings.Contains(strings.TrimSuffix(p.Repository, "/*"), "*") {
		return wrong("repository: want owner/name or owner/*")
	}
	for _, ref := range p.Refs {
		if _, err := path.Match(ref, ""); err != nil || !strings.HasPrefix(ref, "refs/") {
			return wrong("refs: %q: want a glob such as refs/heads/main or refs/tags/v*", ref)
		}
	}
	if len(p.Grants) == 0 {
		return wrong("grants: are missing")
	}
	for _, g := range p.Grants {
		if err := g.Validate(); err != nil {
			return wrong("%v", err)
		}
	}
	return nil
}

// A job is what a token says of the job that it was made for, in the same words for all platforms.
type job struct {
	platform                          platform
	repository, repositoryID, ownerID string
	ref, event, environment, subject  string
	protected                         bool
}

func jobOf(p platform, c claims) job {
	j := job{platform: p, event: c.text("event_name"), environment: c.text("environment"), subject: c.text("sub"), ref: c.text("ref"), protected: c.text("ref_protected") == "true"}
	if p == github {
		j.repository, j.repositoryID, j.ownerID = c.text("repository"), c.text("repository_id"), c.text("repository_owner_id")
		return j
	}
	j.repository, j.repositoryID, j.ownerID, j.event = c.text("project_path"), c.text("project_id"), c.text("namespace_id"), c.text("pipeline_source")
	switch c.text("ref_type") { // GitLab's ref is the short name
	case "branch":
		j.ref = "refs/heads/" + j.ref
	case "tag":
		j.ref = "refs/tags/" + j.ref
	}
	return j
}

// grants are what the pipeline gives a job, and why none if so.
func (p Pipeline) grants(j job) (grants []tocsin.Grant, reason string) {
	group, all := strings.CutSuffix(p.Repository, "*")
	proposed := j.event == proposals[j.platform]
	switch {
	case !all && j.repository != p.Repository || all && !strings.HasPrefix(j.repository, group):
		return nil, "another repository"
	case p.RepositoryID != "" && j.repositoryID != p.RepositoryID:
		return nil, fmt.Sprintf("repository_id %q of a repository of the same name", short(j.repositoryID))
	case p.OwnerID != "" && j.ownerID != p.OwnerID:
		return nil, fmt.Sprintf("owner_id %q of an owner of the same name", short(j.ownerID))
	case len(p.Refs) > 0 && !slices.ContainsFunc(p.Refs, func(glob string) bool { return matches(glob, j.ref) }):
		return nil, fmt.Sprintf("ref %q", short(j.ref))
	case p.Environment != "" && j.environment != p.Environment:
		return nil, fmt.Sprintf("environment %q", short(j.environment))
	case p.Protected && !j.protected:
		return nil, "a ref that is not protected"
	case len(p.Events) > 0 && !slices.Contains(p.Events, j.event):
		return nil, fmt.Sprintf("event %q", short(j.event))
	case len(p.Events) > 0 || slices.Contains(trusted[j.platform], j.event):
		return p.Grants, ""
	case !proposed:
		return nil, fmt.Sprintf("event %q, which strangers can cause: name it in events if it is meant", short(j.event))
	}
	for _, g := range p.Grants {
		g.Access = tocsin.AccessGate
		grants = append(grants, g)
	}
	return grants, ""
}

func matches(glob, ref string) bool {
	if below, ok := strings.CutSuffix(glob, "/**"); ok {
		for ; len(ref) > 0; ref = ref[:max(0, strings.LastIndexByte(ref, '/'))] {
			if ok, _ := path.Match(below, ref); ok {
				return true
			}
		}
		return false
	}
	ok, _ := path.Match(glob, ref) // Validate has read it
	return ok
}

func (a *Authenticator) fromPipeline(ctx context.Context, raw string) (tocsin.Principal, error) {
	_, c, err := parseJWT(raw)
	if err != nil {
		return tocsin.Principal{}, err
	}
	// Whom a token names is only looked up among those that are configured: nobody else is asked.
	url := c.text("iss")
	var mine []Pipeline
	for _, p := range a.pipelines {
		if p.Issuer == url {
			mine = append(mine, p)
		}
	}
	if len(mine) == 0 {
		return tocsin.Principal{}, refuse("no pipeline has the issuer %q", short(url))
	}
	if c, err = a.issuers[url].verify(ctx, raw, a.o.Audience); err != nil {
		return tocsin.Principal{}, err
	}
	j := jobOf(mine[0].platform(), c)
	if j.repository == "" || j.subject == "" {
		return tocsin.Principal{}, refuse("a JWT of %s without repository or sub", url)
	}
	out := tocsin.Principal{Kind: tocsin.PrincipalPipeline, ID: short(url + " " + j.subject), Name: short(string(j.platform) + ":" + j.repository + "@" + j.ref)}
	var reasons []string
	for _, p := range mine {
		grants, reason := p.grants(j)
		if reason != "" {
			reasons = append(reasons, fmt.Sprintf("%s: %s", p.Repository, reason))
		}
		out.Grants = append(out.Grants, grants...)
	}
	if len(out.Grants) == 0 {
		return tocsin.Principal{}, refuse("%s is in no pipeline: %s", out.Name, strings.Join(reasons[:min(len(reasons), 5)], "; "))
	}
	return out, nil
}
