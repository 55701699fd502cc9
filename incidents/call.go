package incidents

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// A call is that something should be done about one class in the projects of one owner group.
type call struct {
	class tocsin.Class
	group string
	// worst is the gravest of the decisions that call.
	worst    tocsin.Decision
	projects []string // sorted
}

// calls groups the decisions that want something done, in the order of class and group.
func (f *folder) calls() []*call {
	index := map[string]*call{}
	for _, slug := range sorted(f.seen) {
		s := f.seen[slug]
		for _, d := range s.Decisions {
			if tocsin.CompareResponses(d.Response, tocsin.ResponseIssue) < 0 {
				continue
			}
			key := d.Finding.Class.ID + "\x00" + s.Project.Group
			c := index[key]
			if c == nil {
				c = &call{class: d.Finding.Class, group: s.Project.Group, worst: d}
				index[key] = c
			}
			if gravest(d, c.worst) < 0 {
				c.worst = d
			}
			if !slices.Contains(c.projects, slug) {
				c.projects = append(c.projects, slug)
			}
		}
	}
	out := make([]*call, 0, len(index))
	for _, key := range sorted(index) {
		out = append(out, index[key])
	}
	return out
}

// gravest orders decisions by what matters first, and then in any way that does not depend on how they came.
func gravest(a, b tocsin.Decision) int {
	due := a.Due.Compare(b.Due)
	if a.Due.IsZero() != b.Due.IsZero() { // no deadline is later than any
		due = -due
	}
	return cmp.Or(
		tocsin.CompareResponses(b.Response, a.Response), tocsin.CompareLevels(b.Severity, a.Severity), due,
		strings.Compare(a.Project, b.Project), tocsin.ComparePackages(a.Finding.Package, b.Finding.Package),
		strings.Compare(string(a.Finding.Status), string(b.Finding.Status)), strings.Compare(string(a.Finding.Match), string(b.Finding.Match)),
		strings.Compare(a.Finding.Class.ID, b.Finding.Class.ID), strings.Compare(cause(a.Reason), cause(b.Reason)),
	)
}

// about says whether the class is the incident's, or that of one which was merged into it.
func about(inc tocsin.Incident, class tocsin.Class) bool {
	return overlap(inc.Class.Aliases, class.Aliases) || merged(inc, class)
}

func merged(inc tocsin.Incident, class tocsin.Class) bool {
	return slices.ContainsFunc(inc.Also, func(c tocsin.Class) bool { return overlap(c.Aliases, class.Aliases) })
}

// found gives the decisions of a run about a class that keep an incident open, gravest first: what is not known to be
// harmless, whatever the policies say of it, and what they want something done about. An open range of a malware record
// alone keeps nothing open.
func found(s Sighting, inc tocsin.Incident) []tocsin.Decision {
	var out []tocsin.Decision
	for _, d := range s.Decisions {
		suspect := d.Finding.Status != tocsin.StatusNotAffected && d.Finding.Match != tocsin.MatchPossible
		if (suspect || tocsin.CompareResponses(d.Response, tocsin.ResponseIssue) >= 0) && about(inc, d.Finding.Class) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, gravest)
	return out
}

// assign gives each call the incident that it belongs to, or nil if one is to be opened. A class keeps its incident when
// an alias joins it or its best id changes, because any shared id is enough; one that is open goes before one that is
// over. No incident takes two calls: when a class falls apart, the parts are two. Only what was merged into it comes besides.
func (f *folder) assign(list []*call) []*draft {
	out := make([]*draft, len(list))
	taken := map[*draft]bool{}
	for _, fits := range []func(tocsin.Incident, *call) bool{
		func(i tocsin.Incident, c *call) bool { return i.Key == f.key(c) && !i.State.Over() },
		func(i tocsin.Incident, c *call) bool {
			return overlap(i.Class.Aliases, c.class.Aliases) && !i.State.Over()
		},
		func(i tocsin.Incident, c *call) bool { return i.Key == f.key(c) },
		func(i tocsin.Incident, c *call) bool { return overlap(i.Class.Aliases, c.class.Aliases) },
	} {
		for n, c := range list {
			for _, d := range f.drafts {
				if out[n] == nil && !taken[d] && mine(d.inc, c) && fits(d.inc, c) {
					out[n], taken[d] = d, true
				}
			}
		}
	}
	for n, c := range list {
		for _, d := range f.drafts {
			if (out[n] == nil || out[n].inc.State.Over() && !d.inc.State.Over()) && mine(d.inc, c) && merged(d.inc, c.class) {
				out[n] = d
			}
		}
		for _, d := range f.drafts {
			if fix := ""; out[n] == nil && mine(d.inc, c) {
				if fix = f.incomplete(d.inc, c); fix == "" {
					continue
				}
				out[n] = d
				d.inc.Also = append(slices.Clone(d.inc.Also), c.class)
				f.event(d, tocsin.EventGrew, "", fmt.Sprintf("%s affects %s, which was taken as the fix", c.class.ID, fix))
			}
		}
	}
	return out
}

// fixDoubt is how long after a project became clear another flaw of the very version that cleared it counts as an incomplete fix.
const fixDoubt = 14 * tocsin.Day

// incomplete gives the version that an emergency was ended with and that the call is about, in a project of it; empty if there is none.
// So the three flaws after Log4Shell are one emergency that goes on, and not four.
func (f *folder) incomplete(inc tocsin.Incident, c *call) string {
	if inc.Urgency != tocsin.UrgencyEmergency || inc.State == tocsin.StateStoodDown || inc.Private() != c.class.Private || len(inc.Also) >= maxMany {
		return ""
	}
	for _, p := range inc.Projects {
		if p.Status != tocsin.ProjectPatched || f.now.Sub(p.ClearedAt) > fixDoubt || !slices.Contains(c.projects, p.Slug) {
			continue
		}
		for _, d := range f.seen[p.Slug].Decisions {
			pkg := d.Finding.Package
			if !overlap(d.Finding.Class.Aliases, c.class.Aliases) || d.Finding.Status != tocsin.StatusAffected {
				continue
			}
			if slices.ContainsFunc(p.Resolved, func(r tocsin.Resolved) bool {
				return r.Ecosystem == pkg.Ecosystem && r.Name == pkg.Name && r.Version == pkg.Version && r.Version != ""
			}) {
				return pkg.String()
			}
		}
	}
	return ""
}

// mine says whether an incident may take a call: it is of the same group, and goes on under its own name.
func mine(i tocsin.Incident, c *call) bool {
	return i.Group == c.group && i.State != tocsin.StateMerged && !i.Declared()
}

// home is the incident that deals with a project: the one that has it already, where one was split.
func (f *folder) home(d *draft, c *call, slug string) *draft {
	for _, other := range f.drafts {
		if other != d && mine(other.inc, c) && !other.inc.State.Over() && other.inc.SplitFrom != "" && about(other.inc, c.class) &&
			slices.ContainsFunc(other.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug }) {
			return other
		}
	}
	return d
}

// key is how an incident about the call is called. People type it, and it becomes part of other keys.
func (f *folder) key(c *call) string {
	out := f.rules.prefix() + word(c.class.ID)
	if c.group != "" {
		out += "-" + word(c.group)
	}
	return out
}

// maxWord bounds the parts of a key.
const maxWord = 80

// word keeps the characters of s that are safe in a key and in a shell.
func word(s string) string {
	s = s[:min(len(s), maxWord)]
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '_'
	}, s)
}

// unused is the key with a number behind it if another incident has it already.
func unused(list []*draft, key string) string {
	out := key
	for n := 2; slices.ContainsFunc(list, func(d *draft) bool { return d.inc.Key == out }); n++ {
		out = fmt.Sprintf("%s-%d", key, n)
	}
	return out
}

// overlap says whether two sorted lists share an element.
func overlap(a, b []string) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i], b[j]); {
		case c == 0:
			return true
		case c < 0:
			i++
		default:
			j++
		}
	}
	return false
}
