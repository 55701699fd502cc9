package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/openvex/go-vex/pkg/vex"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// OpenVEX writes what was found as an OpenVEX document: a statement per package and class, which says that the package is
// affected and what to do, or that it is under investigation where that is unknown. It never says "not affected": that is for
// people to state. Where nothing was found there is no statement to make, and the document has none, although OpenVEX's JSON
// schema asks for one. https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
func OpenVEX(w io.Writer, r Report) error {
	at := r.At.UTC()
	doc := vex.VEX{
		Metadata:   vex.Metadata{Context: vex.ContextLocator(), Author: "Tocsin", Timestamp: &at, Version: 1, Tooling: "Tocsin " + markdown.Line(r.Tocsin, maxName) + "; " + basis(r)},
		Statements: []vex.Statement{},
	}
	seen := map[string]bool{}
	for _, t := range r.Targets {
		for _, d := range advised(t) {
			s := vexStatement(d.Finding)
			key := digest(string(s.Vulnerability.Name), s.Products[0].ID, string(s.Status))
			if seen[key] {
				continue // the same version in two places
			}
			seen[key] = true
			if err := s.Validate(); err != nil {
				return fmt.Errorf("writing the OpenVEX document: %w", err)
			}
			doc.Statements = append(doc.Statements, s)
		}
	}
	if _, err := doc.GenerateCanonicalID(); err != nil {
		return fmt.Errorf("writing the OpenVEX document: %w", err)
	}
	if err := doc.ToJSON(w); err != nil {
		return fmt.Errorf("writing the OpenVEX document: %w", err)
	}
	return nil
}

func vexStatement(f tocsin.Finding) vex.Statement {
	id := packageURL(f.Package)
	s := vex.Statement{
		Vulnerability: vex.Vulnerability{ID: webPage(f.Class.URL), Name: vex.VulnerabilityID(markdown.Line(f.Class.ID, maxName)), Description: markdown.Line(f.Class.Summary, maxSentence)},
		Products:      []vex.Product{{Component: vex.Component{ID: id, Identifiers: map[vex.IdentifierType]string{vex.PURL: id}}}},
		Status:        vex.StatusAffected, StatusNotes: markdown.Line(f.Reason, maxSentence), ActionStatement: remedy(f),
	}
	for _, a := range f.Class.Aliases {
		if a = markdown.Line(a, maxName); a != string(s.Vulnerability.Name) && !slices.Contains(s.Vulnerability.Aliases, vex.VulnerabilityID(a)) {
			s.Vulnerability.Aliases = append(s.Vulnerability.Aliases, vex.VulnerabilityID(a))
		}
	}
	if f.Status == tocsin.StatusUnknown {
		s.Status, s.ActionStatement = vex.StatusUnderInvestigation, ""
	}
	return s
}
