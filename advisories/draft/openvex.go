package draft

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openvex/go-vex/pkg/vex"

	"github.com/tocsin-dev/tocsin"
)

// newVEX states each product with each flaw that it has. What is affected within a product is named as a subcomponent.
// https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
func newVEX(d tocsin.Document) (vex.VEX, error) {
	if d.Publisher.Name == "" || d.Publisher.URL == "" {
		return vex.VEX{}, fmt.Errorf("%w: OpenVEX names who speaks: set publisher: {name: …, url: …} in the configuration", tocsin.ErrConflict)
	}
	at, now := stamp(d.Revisions[0].At), stamp(d.Last().At)
	doc := vex.VEX{
		Metadata: vex.Metadata{
			Context: vex.ContextLocator(), ID: d.Publisher.URL + "/#" + d.ID, Author: name(d.Publisher.Name), AuthorRole: "Vendor", Timestamp: &at, Version: d.Last().Number,
			Tooling: "Tocsin",
		},
		Statements: []vex.Statement{},
	}
	if now.After(at) {
		doc.LastUpdated = &now
	}
	for _, f := range d.Flaws {
		done := map[string]bool{}
		for _, p := range d.Products {
			if slices.Contains(p.Flaws, f.ID) && !done[p.PURL] {
				done[p.PURL] = true
				doc.Statements = append(doc.Statements, stateVEX(d, f, p)...)
			}
		}
	}
	if len(doc.Statements) == 0 {
		return vex.VEX{}, fmt.Errorf("%w: OpenVEX states products, and no project of the incident has one that may be named: it needs publishes and opt_in: advisory_draft and public_exposure", tocsin.ErrConflict)
	}
	for _, s := range doc.Statements {
		if err := s.Validate(); err != nil {
			return vex.VEX{}, fmt.Errorf("%w: %w", tocsin.ErrConflict, err)
		}
	}
	return doc, nil
}

func stateVEX(d tocsin.Document, f tocsin.Flaw, p tocsin.Product) []vex.Statement {
	v := vex.Vulnerability{ID: f.URL, Name: vex.VulnerabilityID(f.ID), Description: line(f.Summary)}
	for _, a := range f.Aliases {
		v.Aliases = append(v.Aliases, vex.VulnerabilityID(a))
	}
	if d.Declared {
		for _, a := range d.Aliases {
			v.Aliases = append(v.Aliases, vex.VulnerabilityID(a))
		}
	}
	if !d.Withdrawn.IsZero() { // a statement that is not repeated goes on to hold, so it is taken back; that nothing is affected nobody said
		whole := tocsin.Product{PURL: p.PURL, Name: p.Name, Status: tocsin.ProductUnknown, Uses: p.Uses}
		s := vexStatement(d, v, whole, releases(whole)[0])
		s.StatusNotes = "The advisory was withdrawn: " + line(d.Last().Summary)
		return []vex.Statement{s}
	}
	var out []vex.Statement
	for _, r := range releases(p) {
		out = append(out, vexStatement(d, v, p, r))
	}
	return out
}

func vexStatement(d tocsin.Document, v vex.Vulnerability, p tocsin.Product, r release) vex.Statement {
	product := vex.Product{Component: component(r.id)}
	for _, u := range p.Uses {
		if u.PURL != "" && r.status != csafFixed { // which has other versions
			product.Subcomponents = append(product.Subcomponents, vex.Subcomponent{Component: component(u.PURL)})
		}
	}
	s := vex.Statement{Vulnerability: v, Products: []vex.Product{product}}
	switch r.status {
	case csafAffected:
		s.Status, s.ActionStatement = vex.StatusAffected, "No fixed version is known."
		if r.fix != "" {
			s.ActionStatement = "Update to " + r.fix + " or a later version."
		}
		if d.Mitigation != "" {
			s.ActionStatement += " " + line(d.Mitigation)
		}
	case csafFixed:
		s.Status = vex.StatusFixed
	case csafNotAffected:
		s.Status, s.Justification, s.ImpactStatement = vex.StatusNotAffected, vex.Justification(p.Justification), cmp.Or(line(p.Impact), why(p))
	default:
		s.Status = vex.StatusUnderInvestigation
	}
	return s
}

func component(purl string) vex.Component {
	return vex.Component{ID: purl, Identifiers: map[vex.IdentifierType]string{vex.PURL: purl}}
}
