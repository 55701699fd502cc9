package drill

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/replay"
)

// history lays out what a scenario makes known when, and what the projects have when. Whoever is away merges nothing.
func history(s drill.Scenario, moves []drill.Move) (replay.History, error) {
	h := replay.History{}
	var errs []error
	newest := map[string]int{} // place of the revision that stands, by id
	for _, i := range s.Injects {
		if a := i.Advisory; a != nil {
			r, err := record(*a, i.At)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s, inject at line %d: %w", s.Name, i.Line, err))
				continue
			}
			if n, ok := newest[r.Advisory.ID]; ok {
				h.Records[n].To = i.At
				r.Advisory.Published = h.Records[n].Advisory.Published
			}
			newest[r.Advisory.ID] = len(h.Records)
			h.Records = append(h.Records, r)
		}
		if i.Withdraw != "" {
			n, ok := newest[i.Withdraw]
			if !ok {
				errs = append(errs, fmt.Errorf("%w: %s, inject at line %d: withdraw: %s was not published before", tocsin.ErrInvalid, s.Name, i.Line, i.Withdraw))
				continue
			}
			r := h.Records[n]
			h.Records[n].To = i.At
			r.From, r.Digest, r.Advisory.Withdrawn = i.At, r.Digest+"-withdrawn", i.At
			newest[i.Withdraw] = len(h.Records)
			h.Records = append(h.Records, r)
		}
		if i.KEV != "" {
			h.KEV = append(h.KEV, replay.KEV{Entry: tocsin.KEV{CVE: i.KEV, DateAdded: i.At}, From: i.At, Exact: true})
		}
	}
	for _, p := range s.Projects {
		h.Projects = append(h.Projects, replay.Project{Project: watched(p), Inventories: inventories(s, p, moves), Exact: true})
	}
	return h, errors.Join(errs...)
}

// place is where a project's packages are said to stand, so that texts can name the command that moves them.
var place = map[string]string{
	"npm": "package-lock.json", "Maven": "pom.xml", "PyPI": "poetry.lock", "Go": "go.mod", "GitHub Actions": ".github/workflows/build.yml",
}

// nowhere is the owner of every repository that a drill writes to. No forge has a name with brackets, and no executor takes it.
const nowhere = "(exercise)"

func watched(p drill.Project) tocsin.Project {
	return tocsin.Project{
		Slug: p.Slug, Repository: nowhere + "/" + p.Slug, Criticality: p.Criticality, Exposure: p.Exposure, Visibility: tocsin.VisibilityPrivate,
		OptIn: tocsin.OptIn{Issues: true},
	}
}

// inventories of a project: one from the start, and another each time that its pins change.
func inventories(s drill.Scenario, p drill.Project, moves []drill.Move) []tocsin.Inventory {
	type change struct {
		at   time.Time
		pins []drill.Pin
	}
	var changes []change
	for _, i := range s.Injects {
		if pins := i.Pins[p.Slug]; len(pins) > 0 {
			changes = append(changes, change{i.At, pins})
		}
	}
	for _, m := range moves {
		if len(m.Pins) > 0 && slices.Contains(m.Command.Projects, p.Slug) && s.Present(m.Who, m.At) {
			changes = append(changes, change{m.At, m.Pins})
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	pins := slices.Clone(p.Packages)
	out := []tocsin.Inventory{inventory(p.Slug, s.Start, pins)}
	for _, c := range changes {
		for _, to := range c.pins {
			i := slices.IndexFunc(pins, func(from drill.Pin) bool { return from.Ecosystem == to.Ecosystem && from.Name == to.Name })
			switch {
			case i >= 0 && to.Version == "":
				pins = slices.Delete(pins, i, i+1)
			case i >= 0:
				pins[i].Version = to.Version
			case to.Version != "":
				pins = append(pins, to)
			}
		}
		out = append(out, inventory(p.Slug, c.at, pins))
	}
	return out
}

func inventory(project string, at time.Time, pins []drill.Pin) tocsin.Inventory {
	inv := tocsin.Inventory{Project: project, Source: "drill", TakenAt: at}
	for _, p := range pins {
		pkg := tocsin.Package{Ecosystem: p.Ecosystem, Name: p.Name, Version: p.Version, Relation: tocsin.RelationDirect}
		if file := place[p.Ecosystem]; file != "" {
			pkg.Location = []tocsin.Location{{Path: file}}
		}
		n := len(inv.Packages)
		from := tocsin.EdgeRoot
		if name, version, ok := cutLast(p.Via); ok {
			via := pkg
			via.Name, via.Version = name, version
			inv.Packages = append(inv.Packages, via)
			inv.Edges = append(inv.Edges, tocsin.Edge{From: tocsin.EdgeRoot, To: n})
			pkg.Relation, from, n = tocsin.RelationTransitive, n, n+1
		}
		inv.Packages = append(inv.Packages, pkg)
		inv.Edges = append(inv.Edges, tocsin.Edge{From: from, To: n})
	}
	inv.Seal()
	return inv
}

func cutLast(s string) (name, version string, ok bool) {
	i := strings.LastIndex(s, "@")
	if i <= 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

// record is the advisory as it is published at a time: the embedded one, or one that the scenario has, or the one in the words of the other.
func record(a drill.Advisory, at time.Time) (replay.Record, error) {
	out := tocsin.Advisory{ID: a.ID, Published: at}
	if a.Record != "" {
		body, err := landmark.Record(a.Record)
		if err != nil {
			return replay.Record{}, err
		}
		if out, err = advisories.Parse(body); err != nil {
			return replay.Record{}, err
		}
		if out.Published.After(at) { // it was seen before the date that it carries today
			out.Published = at
		}
	}
	out.Modified, out.Private = at, out.Private || a.Private
	for _, f := range []struct {
		to   *[]string
		list []string
	}{{&out.Aliases, a.Aliases}, {&out.CWEs, a.CWEs}, {&out.Reporters, a.Reporters}} {
		if f.list != nil {
			*f.to = f.list
		}
	}
	if a.Summary != "" {
		out.Summary = a.Summary
	}
	if a.CVSS != "" {
		out.Severity = []tocsin.Severity{{Type: "CVSS_V3", Score: a.CVSS}}
	}
	if a.Affects != nil {
		out.Affected = nil
	}
	for _, f := range a.Affects {
		one := tocsin.Affected{Package: tocsin.AffectedPackage{Ecosystem: f.Ecosystem, Name: f.Name}, Versions: f.Versions}
		if f.From != "" {
			r := tocsin.Range{Type: tocsin.RangeEcosystem, Events: []tocsin.Event{{Introduced: f.From}}}
			if f.Fixed != "" {
				r.Events = append(r.Events, tocsin.Event{Fixed: f.Fixed})
			}
			one.Ranges = []tocsin.Range{r}
		}
		out.Affected = append(out.Affected, one)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return replay.Record{}, fmt.Errorf("advisory %s: %w", out.ID, err)
	}
	return replay.Record{Advisory: out, Digest: fmt.Sprintf("%x", sha256.Sum256(body)), From: at, Exact: true}, nil
}
