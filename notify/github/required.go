package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
)

// requirement is a check that a branch wants; app 0: whoever made it.
type requirement struct {
	name string
	app  int64
}

// is says whether a run is the check that is wanted. A run of another App is not: whoever may write could have it pass.
func (n requirement) is(r run) bool {
	return n.name == r.full && (n.app <= 0 || r.app == 0 || n.app == r.app)
}

// requirements are those of a branch; whole says that everything that could name some was read.
type requirements struct {
	list  []requirement
	whole bool
}

func (n requirements) names(r run) bool {
	for _, one := range n.list {
		if one.is(r) {
			return true
		}
	}
	return false
}

// maxRequired bounds the rules and requirements of a branch. Where there are more, it is not known which there are.
const maxRequired = 100

// required reads which checks a branch wants: by rulesets, which metadata permission shows, and by its protection, of which the branch itself
// tells the checks to whoever may read contents.
func (q *question) required(ctx context.Context, branch string) (out requirements, err error) {
	if branch == "" {
		var r api.Repository
		if ok, err := q.read(ctx, "", &r); err != nil || !ok {
			return out, err
		}
		branch = r.GetDefaultBranch()
	}
	add := func(name string, app int64) {
		if len(out.list) < maxRequired && name != "" {
			out.list = append(out.list, requirement{name, app})
		}
	}
	var rules []struct {
		Type       string          `json:"type"`
		Parameters json.RawMessage `json:"parameters"`
	}
	ruled, err := q.read(ctx, "/rules/branches/"+url.PathEscape(branch)+fmt.Sprintf("?per_page=%d", maxRequired), &rules)
	if err != nil {
		return out, err
	}
	for _, r := range rules {
		var p api.RequiredStatusChecksRuleParameters
		if r.Type == "required_status_checks" && json.Unmarshal(r.Parameters, &p) == nil {
			for _, c := range p.RequiredStatusChecks {
				var app int64
				if c.IntegrationID != nil {
					app = *c.IntegrationID
				}
				add(c.Context, app)
			}
		}
	}
	var b api.Branch
	told, err := q.read(ctx, "/branches/"+url.PathEscape(branch), &b)
	if err != nil {
		return out, err
	}
	if p := b.GetProtection().GetRequiredStatusChecks(); p != nil {
		apps := map[string]int64{}
		if p.Checks != nil {
			for _, c := range *p.Checks {
				if c != nil && c.AppID != nil {
					apps[c.Context] = *c.AppID
				}
			}
		}
		if p.Contexts != nil {
			for _, name := range *p.Contexts {
				add(name, apps[name])
			}
		}
	}
	out.whole = ruled && told && len(rules) < maxRequired && len(out.list) < maxRequired
	return out, nil
}

// read asks something about the repository; ok is false where it is not shown or not there.
func (q *question) read(ctx context.Context, tail string, into any) (ok bool, err error) {
	_, err = q.e.call(ctx, Request{Method: http.MethodGet, Path: "repos/" + q.repository + tail}, into)
	if err != nil && outcome(err) == tocsin.OutcomePermanent && refusalOf(err) != nil {
		return false, nil
	}
	if err != nil {
		return false, explain(err, "asking what %s requires of a commit", q.repository)
	}
	return true, nil
}
