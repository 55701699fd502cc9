package incidents

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// An advisory is kept with each message that publishes it, so that all of it is bounded.
const (
	maxProducts  = 200
	maxFlaws     = 20
	maxIDs       = 50
	maxUses      = 20
	maxLinks     = 50
	maxRevisions = 100
	maxLine      = 200 // characters of a name or an id
	maxURL       = 500
)

// exposed says whether an advisory for everybody may name what a project publishes.
func exposed(p tocsin.Project) bool {
	return p.OptIn.AdvisoryDraft && p.OptIn.PublicExposure && published(p) != ""
}

// published is the purl of what a project publishes, without version.
func published(p tocsin.Project) string {
	if len(p.Publishes) > maxURL {
		return ""
	}
	return purl.At(p.Publishes, "")
}

// Document gives the advisory of an incident for those downstream as it is now: its newest revision, or a draft of the next where something
// that readers see has changed. Only what projects publish that opted in to both an advisory and public exposure is in it; projects are those
// of the incident, by slug.
func (r Rules) Document(inc tocsin.Incident, projects map[string]tocsin.Project, now time.Time) tocsin.Document {
	var list []tocsin.Project
	for _, ip := range inc.Projects {
		if p, ok := projects[ip.Slug]; ok && exposed(p) {
			list = append(list, p)
		}
	}
	d := document(inc, list, r.Publisher)
	before := Revisions(inc)
	if inc.State == tocsin.StateStoodDown && len(before) > 0 {
		d.Withdrawn = cmp.Or(before[len(before)-1].Withdrawn, now.UTC())
	}
	d.Status = tocsin.DocumentInterim
	if inc.State.Over() {
		d.Status = tocsin.DocumentFinal
	}
	if len(before) > 0 {
		last := before[len(before)-1]
		d.Revisions = slices.Clone(last.Revisions)
		if alike(d, last) {
			return last
		}
	}
	d.Status = tocsin.DocumentDraft
	d.Revisions = append(d.Revisions, tocsin.Revision{Number: len(d.Revisions) + 1, At: now.UTC(), Summary: "Draft, not published"})
	return d
}

// alike says whether readers see no difference.
func alike(a, b tocsin.Document) bool {
	a.TLP, a.Revisions = b.TLP, b.Revisions
	x, err1 := a.Encode()
	y, err2 := b.Encode()
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// Revisions gives the advisories of an incident that two people published, oldest first, each as it was then.
func Revisions(inc tocsin.Incident) []tocsin.Document {
	var out []tocsin.Document
	for _, m := range inc.Messages {
		if m.Document != nil && public(m) {
			out = append(out, *m.Document)
		}
	}
	return out
}

// document puts together what is known and what people said of the products of some projects. Status and revisions are left to the caller.
func document(inc tocsin.Incident, projects []tocsin.Project, by tocsin.Publisher) tocsin.Document {
	var said tocsin.Advice
	if inc.Advice != nil {
		said = *inc.Advice
	}
	d := tocsin.Document{
		ID: inc.Key, Details: said.Details, Mitigation: said.Mitigation, Severity: inc.Severity, Declared: inc.Declared(), TLP: tocsin.TLPAmber,
		Publisher: tocsin.Publisher{Name: line(by.Name), URL: by.URL}, References: references(said.References),
	}
	if said.CVE != "" {
		d.Aliases = []string{said.CVE}
	}
	if inc.Review != nil {
		d.Credits = slices.Clone(inc.Review.Credits[:min(len(inc.Review.Credits), maxMany)])
	}
	used := map[string]bool{}
	for _, p := range projects[:min(len(projects), maxProducts)] {
		i := slices.IndexFunc(inc.Projects, func(ip tocsin.IncidentProject) bool { return ip.Slug == p.Slug })
		if i < 0 {
			continue
		}
		one := product(inc, inc.Projects[i], p, said)
		for _, id := range one.Flaws {
			used[id] = true
		}
		d.Products = append(d.Products, one)
	}
	for _, c := range append([]tocsin.Class{inc.Class}, inc.Also...) {
		f := flaw(inc, c)
		if (used[f.ID] || len(d.Products) == 0) && len(d.Flaws) < maxFlaws {
			d.Flaws = append(d.Flaws, f)
		}
	}
	if len(d.Flaws) == 0 {
		d.Flaws = []tocsin.Flaw{flaw(inc, inc.Class)}
	}
	for i := range d.Products {
		p := &d.Products[i]
		p.Flaws = slices.DeleteFunc(p.Flaws, func(id string) bool {
			return !slices.ContainsFunc(d.Flaws, func(f tocsin.Flaw) bool { return f.ID == id })
		})
		if len(p.Flaws) == 0 { // the class goes by another id since
			p.Flaws = []string{d.Flaws[0].ID}
		}
	}
	for _, f := range d.Flaws {
		if f.URL != "" {
			d.References = append([]tocsin.Reference{{Type: "ADVISORY", URL: f.URL}}, d.References...)
		}
	}
	d.Title = cmp.Or(line(said.Title), heading(d))
	return d
}

// flaw is a class as it is spoken of. What a person declared has no id but the incident's; its title is not for the public.
func flaw(inc tocsin.Incident, c tocsin.Class) tocsin.Flaw {
	if c.ID == "" {
		return tocsin.Flaw{ID: inc.Key, Kind: c.Kind}
	}
	f := tocsin.Flaw{ID: cmp.Or(line(c.ID), inc.Key), Kind: c.Kind, Summary: line(c.Summary)}
	if v := c.CVSS; v != nil && line(v.Vector) == v.Vector && line(v.Source) == v.Source {
		f.CVSS = v
	}
	for _, a := range c.Aliases[:min(len(c.Aliases), maxIDs)] {
		if a = line(a); a != f.ID && a != "" {
			f.Aliases = append(f.Aliases, a)
		}
	}
	for _, w := range c.CWEs[:min(len(c.CWEs), maxIDs)] {
		if w = line(w); w != "" {
			f.CWEs = append(f.CWEs, w)
		}
	}
	if link(c.URL) != "" {
		f.URL = c.URL
	}
	return f
}

// product is what a project publishes. What a scan sees is the project's own tree: which of its releases have it, only people know.
func product(inc tocsin.Incident, ip tocsin.IncidentProject, p tocsin.Project, said tocsin.Advice) tocsin.Product {
	out := tocsin.Product{Project: p.Slug, PURL: published(p), Name: p.Slug, Status: tocsin.ProductUnknown}
	if out.PURL != "" {
		ref, _ := purl.Parse(out.PURL)
		out.Ecosystem, out.Name = ref.Ecosystem, line(ref.Name)
	}
	if ip.Status == tocsin.ProjectExcused {
		out.Status, out.Impact = tocsin.ProductNotAffected, "Those who look after it state that it is not affected."
	}
	for _, s := range said.Products {
		if s.Project == p.Slug {
			out.Status, out.Versions, out.Justification, out.Impact = s.Status, s.Versions, s.Justification, s.Impact
		}
	}
	for _, pkg := range ip.Packages {
		ids := pkg.Classes
		if len(ids) == 0 {
			ids = []string{inc.Class.ID}
		}
		for _, id := range ids {
			if id = cmp.Or(line(id), inc.Key); !slices.Contains(out.Flaws, id) && len(out.Flaws) < maxFlaws {
				out.Flaws = append(out.Flaws, id)
			}
		}
		use := tocsin.Use{Name: line(pkg.Name), Version: line(pkg.Version), Fixed: line(pkg.Fixed), Upgrade: line(pkg.Upgrade)}
		if len(pkg.Name) <= maxLine && len(pkg.Version) <= maxLine {
			use.PURL = purl.Make(pkg.Ecosystem, pkg.Name, pkg.Version)
		}
		if len(out.Uses) < maxUses && !slices.Contains(out.Uses, use) {
			out.Uses = append(out.Uses, use)
		}
	}
	return out
}

// heading is the title where people gave none.
func heading(d tocsin.Document) string {
	if d.Declared {
		return "Security incident " + d.ID
	}
	about := d.Flaws[0].ID
	var names []string
	for _, p := range d.Products {
		if p.Status != tocsin.ProductNotAffected {
			names = append(names, p.Name)
		}
	}
	switch n := len(names); {
	case len(d.Products) == 0:
		return line(strings.TrimSuffix(about+": "+d.Flaws[0].Summary, ": "))
	case n == 0:
		return line("Not affected by " + about)
	case n == 1:
		return line(fmt.Sprintf("%s ships a dependency affected by %s", names[0], about))
	default:
		return line(fmt.Sprintf("%s and %d more ship a dependency affected by %s", names[0], n-1, about))
	}
}

// references are the addresses that people gave, one a line; they were checked then.
func references(text string) []tocsin.Reference {
	var out []tocsin.Reference
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, tocsin.Reference{Type: "WEB", URL: l})
		}
	}
	return out
}

func line(s string) string { return markdown.Line(clip(s), maxLine) }
