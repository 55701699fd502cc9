package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies"
)

// A Result is what a set of policies would have done over a course.
type Result struct {
	Since     time.Time  `json:"since"`
	Until     time.Time  `json:"until"`
	Policies  []string   `json:"policies"`
	Digest    string     `json:"policy_digest"`
	Basis     Basis      `json:"basis"`
	Projects  []string   `json:"projects"`
	Incidents []Incident `json:"incidents"` // in the order of opening
	Releases  []Release  `json:"releases"`  // in the order of time
	// Exploited are the classes in use that were known to be exploited or malicious by the end of the window: what a policy
	// should have caught. That is judged after the fact, and flatters whoever reads KEV.
	Exploited []Exploited `json:"exploited"`
	Measures  Measures    `json:"measures"`

	judged map[string][][]judged // by project
}

// A Release is an inventory of a project that began within the window, as the gate would have judged it then.
type Release struct {
	Project string      `json:"project"`
	At      time.Time   `json:"at"`
	Source  string      `json:"source"`
	Gate    tocsin.Gate `json:"gate"`
	// Because are the judgements of that gate, by rule and package.
	Because []Judgement `json:"because,omitempty"`
}

// A Judgement is a decision in few words.
type Judgement struct {
	Class        string          `json:"class"`
	Package      string          `json:"package"`
	Gate         tocsin.Gate     `json:"gate"`
	GateRule     string          `json:"gate_rule,omitempty"`
	Response     tocsin.Response `json:"response"`
	ResponseRule string          `json:"response_rule,omitempty"`
}

// An Exploited class was used in some project.
type Exploited struct {
	Class   string      `json:"class"`
	Kind    tocsin.Kind `json:"kind"`
	Package string      `json:"package"`
	// Used is when it was first found in a project, Since when it was publicly known to be exploited: the day of KEV, or of
	// the advisory for malware.
	Used  time.Time `json:"used"`
	Since time.Time `json:"since"`
	// Incident is the key of the one that was opened, "" if it was missed; Opened when, and as what.
	Incident string         `json:"incident,omitempty"`
	Opened   time.Time      `json:"opened,omitzero"`
	As       tocsin.Urgency `json:"as,omitempty"`
	Standing bool           `json:"standing,omitempty"`
}

// Lead is how long before the exploitation was known the incident was open; negative if it came after. What was not in use
// when it became known is counted from its first use.
func (e Exploited) Lead() time.Duration {
	if e.Used.After(e.Since) {
		return e.Used.Sub(e.Opened)
	}
	return e.Since.Sub(e.Opened)
}

// Judge puts a decision in few words.
func Judge(d tocsin.Decision) Judgement {
	p := d.Finding.Package
	return Judgement{d.Finding.Class.ID, strings.TrimSpace(p.Ecosystem + " " + p.String()), d.Gate, d.GateRule, d.Response, d.ResponseRule}
}

// CompareJudgements orders by package, class and rule.
func CompareJudgements(a, b Judgement) int {
	return cmp.Or(strings.Compare(a.Package, b.Package), strings.Compare(a.Class, b.Class), strings.Compare(a.GateRule, b.GateRule))
}

func judgements(list []tocsin.Decision) []Judgement {
	var out []Judgement
	for _, d := range list {
		out = append(out, Judge(d))
	}
	return out
}

// result joins what became of the components.
func (c *Course) result(set policies.Set, all []followed) Result {
	r := Result{
		Since: c.window.Since, Until: c.window.Until, Policies: set.Names(), Digest: set.Digest(), Basis: c.basis,
		Projects: []string{}, Incidents: []Incident{}, Releases: []Release{}, Exploited: []Exploited{}, judged: map[string][][]judged{},
	}
	for _, p := range c.projects {
		r.Projects = append(r.Projects, p.Slug)
	}
	for _, f := range all {
		r.Incidents = append(r.Incidents, f.incidents...)
		r.Exploited = append(r.Exploited, f.exploited...)
		for n, list := range f.judged {
			r.judged[c.projects[n].Slug] = append(r.judged[c.projects[n].Slug], list)
		}
	}
	slices.SortFunc(r.Incidents, func(a, b Incident) int { return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(a.Key, b.Key)) })
	slices.SortFunc(r.Exploited, func(a, b Exploited) int { return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Class, b.Class)) })
	for _, p := range c.projects {
		for _, inv := range p.Inventories {
			if !inv.TakenAt.Before(c.window.Since) {
				r.Releases = append(r.Releases, r.release(p.Slug, inv))
			}
		}
	}
	slices.SortStableFunc(r.Releases, func(a, b Release) int { return a.At.Compare(b.At) })
	r.Measures = r.measure()
	return r
}

// Judged gives what was said of the findings of a project at a moment, sorted.
func (r Result) Judged(project string, at time.Time) []Judgement {
	var out []Judgement
	for _, list := range r.judged[project] {
		n, ok := slices.BinarySearchFunc(list, at, func(j judged, t time.Time) int { return j.from.Compare(t) })
		if !ok {
			n--
		}
		if n >= 0 {
			out = append(out, list[n].list...)
		}
	}
	slices.SortFunc(out, CompareJudgements)
	return out
}

func (r Result) release(project string, inv tocsin.Inventory) Release {
	out := Release{Project: project, At: inv.TakenAt, Source: inv.Source, Gate: tocsin.GatePass}
	list := r.Judged(project, inv.TakenAt)
	for _, j := range list {
		out.Gate = out.Gate.Worse(j.Gate)
	}
	if out.Gate != tocsin.GatePass {
		out.Because = slices.DeleteFunc(list, func(j Judgement) bool { return j.Gate != out.Gate })
	}
	return out
}
