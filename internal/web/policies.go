package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
	"github.com/tocsin-dev/tocsin/policies"
)

// A Lab knows the texts of the policies, and tries others. Nothing of it is live. It is safe for concurrent use.
type Lab interface {
	// Texts gives the file that a policy was loaded from, by its digest, and the cases that lie beside it now, which may be none.
	Texts(digest string) (text, cases string, err error)
	// Explain decides a finding of a project by the policies in force, and as it would be with another in force too. Of several that are
	// wanted it takes the first. None is an [tocsin.ErrNotFound].
	Explain(ctx context.Context, project tocsin.Project, embargoed bool, p *policies.Policy, wanted func(tocsin.Finding) bool) (PolicyExplanation, error)
}

// A PolicyText is a policy with the file that it was loaded from.
type PolicyText struct {
	Policy
	Text string `json:"text"`
	// Cases is the file of its tests; empty: there is none.
	Cases string     `json:"cases,omitempty"`
	Test  PolicyTest `json:"test"`
}

// A Fault is one thing that is wrong with a text, and where; lines and columns count from 1, and 0 is the whole of it.
type Fault struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

// A PolicyDraft is the text of a policy, of 64 KiB at the most.
type PolicyDraft struct {
	Text string `json:"text"`
}

// A PolicyCheck says what is wrong with the text of a policy. Description is there if nothing is.
type PolicyCheck struct {
	Faults      []Fault           `json:"faults"`
	Description *policies.Summary `json:"description,omitempty"`
}

// A PolicyTrial is the text of a policy with cases, of 64 KiB at the most together.
type PolicyTrial struct {
	Text  string `json:"text"`
	Cases string `json:"cases"`
}

// A PolicyTest is what cases come to. Report is there if nothing is wrong with the policy or the cases.
type PolicyTest struct {
	Faults     []Fault              `json:"faults"`
	CaseFaults []Fault              `json:"case_faults"`
	Report     *policies.TestReport `json:"report,omitempty"`
}

// A PolicyQuestion asks why a finding is decided as it is. Class is the id of its class or an alias; Class and Package are left out if any
// will do.
type PolicyQuestion struct {
	Text    string `json:"text"`
	Project string `json:"project"`
	Class   string `json:"class,omitempty"`
	Package string `json:"package,omitempty"`
}

// A PolicyExplanation is one finding, as it is decided now and as it would be.
type PolicyExplanation struct {
	Live  tocsin.Decision `json:"live"`
	Tried tocsin.Decision `json:"tried"`
	// More is how many findings of the project are asked for too.
	More int `json:"more"`
}

// A PolicyShadow is how a policy in the shadow differs, one report for each of its versions, the one that ran last first.
type PolicyShadow struct {
	Items []replay.ShadowReport `json:"items"`
}

const (
	// maxVersions bounds the versions of a policy whose reports are given, maxDifferences the examples in each.
	maxVersions, maxDifferences = 5, 200
	// maxTest is how long cases may take.
	maxTest = 3 * time.Second
	// shadowed is the time that is looked at where nobody says otherwise.
	shadowed = 30 * tocsin.Day
)

// loaded is the policy that the path names.
func (c *call) loaded() (Policy, error) {
	p, ok := c.policyNamed(c.r.PathValue("name"), c.query["mode"])
	if !ok {
		return Policy{}, tocsin.ErrNotFound
	}
	return p, nil
}

func (c *call) policyNamed(name, mode string) (Policy, bool) {
	list := c.api.parts.Engine.Policies()
	i := slices.IndexFunc(list, func(p Policy) bool { return p.Name == name && (mode == "" || p.Mode == mode) })
	if i < 0 {
		return Policy{}, false
	}
	return list[i], true
}

func (c *call) getPolicy(ctx context.Context) (answer, error) {
	p, err := c.loaded()
	if err != nil {
		return answer{}, err
	}
	out := PolicyText{Policy: p}
	if out.Text, out.Cases, err = c.api.parts.Lab.Texts(p.Digest); err != nil {
		return answer{}, err
	}
	out.Test = PolicyTest{Faults: []Fault{}, CaseFaults: []Fault{}}
	if out.Cases != "" {
		out.Test, err = c.tested(ctx, out.Text, out.Cases)
	}
	return answer{body: out}, err
}

func (c *call) checkPolicy(ctx context.Context) (answer, error) {
	var in PolicyDraft
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	done, err := c.api.work.take(ctx)
	if err != nil {
		return answer{}, err
	}
	defer done()
	p, err := policies.Load("", []byte(in.Text))
	out := PolicyCheck{Faults: faults(err)}
	if err == nil {
		d := p.Describe()
		out.Description = &d
	}
	return answer{body: out}, nil
}

func (c *call) testPolicy(ctx context.Context) (answer, error) {
	var in PolicyTrial
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	out, err := c.tested(ctx, in.Text, in.Cases)
	return answer{body: out}, err
}

func (c *call) tested(ctx context.Context, text, cases string) (PolicyTest, error) {
	out := PolicyTest{Faults: []Fault{}, CaseFaults: []Fault{}}
	done, err := c.api.work.take(ctx)
	if err != nil {
		return out, err
	}
	defer done()
	p, err := policies.Load("", []byte(text))
	if err != nil {
		out.Faults = faults(err)
		return out, nil
	}
	bounded, end := context.WithTimeout(ctx, maxTest)
	defer end()
	report, err := policies.Test(bounded, p, "cases", []byte(cases))
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the cases were not done within %s: write fewer, or cheaper conditions", maxTest)
	}
	if out.CaseFaults = faults(err); err == nil {
		out.Report = &report
	}
	return out, nil
}

func (c *call) explainPolicy(ctx context.Context) (answer, error) {
	var in PolicyQuestion
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if in.Project == "" {
		return answer{}, invalid("/project", "write the slug of a project, such as pay/shop", "It is not said which project has the finding.")
	}
	if err := c.mayProject(ctx, in.Project); err != nil {
		return answer{}, err
	}
	done, err := c.api.work.take(ctx)
	if err != nil {
		return answer{}, err
	}
	defer done()
	p, err := policies.Load("policy", []byte(in.Text))
	if err != nil {
		return answer{}, invalid("/text", "POST /v1/policies/check tells it by line and column", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	out, err := c.api.parts.Lab.Explain(ctx, c.project.Project, c.who.MayKnow(c.project.Project, true), p, func(f tocsin.Finding) bool {
		return (in.Class == "" || f.Class.Has(in.Class)) && (in.Package == "" || f.Package.Name == in.Package)
	})
	if errors.Is(err, tocsin.ErrNotFound) {
		return answer{}, fault(tocsin.ErrNotFound, "/class", "ask for one of those that are decided about the project, or leave class and package away for the first", "The project has no finding like that.")
	}
	return answer{body: out}, err
}

func (c *call) getPolicyShadow(ctx context.Context) (answer, error) {
	if _, err := c.loaded(); err != nil {
		return answer{}, err
	}
	since, err := instant("since", c.query["since"], c.now.Add(-shadowed))
	if err != nil {
		return answer{}, err
	}
	runs, err := c.api.store.ShadowRuns(ctx)
	if err != nil {
		return answer{}, err
	}
	runs = slices.DeleteFunc(runs, func(r tocsin.ShadowRun) bool { return r.Name != c.r.PathValue("name") || r.Last.Before(since) })
	slices.SortStableFunc(runs, func(a, b tocsin.ShadowRun) int { return b.Last.Compare(a.Last) })
	out := PolicyShadow{Items: []replay.ShadowReport{}}
	private := map[string]bool{}
	for _, run := range runs[:min(len(runs), maxVersions)] {
		ledger, err := c.ledger(ctx, run.Policy, since, private)
		if err != nil {
			return answer{}, err
		}
		r := replay.ReportShadow(run, ledger, since)
		r.Differences = r.Differences[max(0, len(r.Differences)-maxDifferences):] // the newest
		r.Incidents, r.Releases = r.Incidents[:min(len(r.Incidents), maxDifferences)], r.Releases[:min(len(r.Releases), maxDifferences)]
		out.Items = append(out.Items, r)
	}
	return answer{body: out}, nil
}

// ledger is what a policy in the shadow and those in force said, as far as the asker may see it. private remembers which classes are under
// embargo: one that is not known any more counts as if it were.
func (c *call) ledger(ctx context.Context, policy string, since time.Time, private map[string]bool) ([]tocsin.Shadowed, error) {
	v, err := c.sight(ctx)
	if err != nil {
		return nil, err
	}
	all, err := c.api.store.Shadowed(ctx, policy, since)
	if err != nil {
		return nil, err
	}
	var out []tocsin.Shadowed
	for _, s := range all {
		if !v.Sees(s.Project, false) {
			continue
		}
		if !v.Sees(s.Project, true) {
			secret, known := private[s.Class]
			if !known {
				class, err := c.api.parts.Engine.Class(ctx, s.Class)
				if err != nil && !errors.Is(err, tocsin.ErrNotFound) {
					return nil, err
				}
				secret = class.Private || err != nil
				private[s.Class] = secret
			}
			if secret {
				continue
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// maxFaults bounds what is told of one text.
const maxFaults = 100

// faults takes an error of a file apart.
func faults(err error) []Fault {
	out := []Fault{}
	var problem yamlfile.Problem
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			out = append(out, faults(one)...)
		}
	} else if errors.As(err, &problem) {
		out = append(out, Fault{problem.Line, problem.Column, plain(problem.Text)})
	} else if err != nil {
		out = append(out, Fault{Text: plain(err.Error())})
	}
	return out[:min(len(out), maxFaults)]
}

// maxFault bounds the text of one fault, which may repeat what was sent.
const maxFault = 500

func plain(s string) string {
	s = strings.TrimPrefix(strings.ToValidUTF8(s, "\uFFFD"), tocsin.ErrInvalid.Error()+": ")
	if len(s) > maxFault {
		s = strings.ToValidUTF8(s[:maxFault], "") + "…"
	}
	return s
}
