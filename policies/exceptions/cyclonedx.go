package exceptions

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/go-json-experiment/json"
)

// cycloneDXDocument is the part of a CycloneDX document that states what vulnerabilities mean for its components. What is
// odd in the rest of a document, ratings among it, is no reason not to read this.
type cycloneDXDocument struct {
	XMLName      xml.Name `json:"-" xml:"bom"`
	SerialNumber string   `json:"serialNumber" xml:"serialNumber,attr"`
	Metadata     struct {
		Timestamp string             `json:"timestamp" xml:"timestamp"`
		Component cycloneDXComponent `json:"component" xml:"component"`
		Authors   []struct {
			Name string `json:"name" xml:"name"`
		} `json:"authors" xml:"authors>author"`
	} `json:"metadata" xml:"metadata"`
	Components      []cycloneDXComponent             `json:"components" xml:"components>component"`
	Vulnerabilities []placed[cycloneDXVulnerability] `json:"vulnerabilities" xml:"vulnerabilities>vulnerability"`
}

type cycloneDXComponent struct {
	BOMRef     string               `json:"bom-ref" xml:"bom-ref,attr"`
	Name       string               `json:"name" xml:"name"`
	PURL       string               `json:"purl" xml:"purl"`
	Components []cycloneDXComponent `json:"components" xml:"components>component"`
}

type cycloneDXVulnerability struct {
	ID         string `json:"id" xml:"id"`
	References []struct {
		ID string `json:"id" xml:"id"`
	} `json:"references" xml:"references>reference"`
	Updated  string                          `json:"updated" xml:"updated"`
	Analysis cyclonedx.VulnerabilityAnalysis `json:"analysis" xml:"analysis"`
	Affects  []cyclonedx.Affects             `json:"affects" xml:"affects>target"`
}

// cycloneDXStatus is what the state of an analysis says.
func cycloneDXStatus(state cyclonedx.ImpactAnalysisState) (status, bool) {
	switch state {
	case cyclonedx.IASNotAffected, cyclonedx.IASFalsePositive:
		return statusNotAffected, true
	case cyclonedx.IASResolved, cyclonedx.IASResolvedWithPedigree:
		return statusFixed, true
	case cyclonedx.IASExploitable, cyclonedx.IASInTriage:
		return statusOpen, true
	}
	return 0, false
}

// cycloneDXLabel is the one of VEX's five labels that says the same as a justification. The others depend on how and where
// a program is run, which none of the five means; they are kept as they are.
func cycloneDXLabel(j cyclonedx.ImpactAnalysisJustification) (string, bool) {
	switch j {
	case cyclonedx.IAJCodeNotPresent:
		return "vulnerable_code_not_present", true
	case cyclonedx.IAJCodeNotReachable:
		return "vulnerable_code_not_in_execute_path", true
	case cyclonedx.IAJProtectedByCompiler, cyclonedx.IAJProtectedAtRuntime:
		return "inline_mitigations_already_exist", true
	case "", cyclonedx.IAJRequiresConfiguration, cyclonedx.IAJRequiresDependency, cyclonedx.IAJRequiresEnvironment,
		cyclonedx.IAJProtectedAtPerimeter, cyclonedx.IAJProtectedByMitigatingControl:
		return string(j), true
	}
	return "", false
}

// cycloneDXJSON reads a CycloneDX document with analyses. They are about its components within the thing that the document
// describes, where it says which that is. https://cyclonedx.org/docs/1.7/json/#vulnerabilities_items_analysis
func (r *reader) cycloneDXJSON() {
	var doc cycloneDXDocument
	if err := json.Unmarshal(r.data, &doc); err != nil {
		r.faults = append(r.faults, jsonProblem(r.name, r.data, err))
		return
	}
	at := newLines(r.data)
	for i, v := range doc.Vulnerabilities {
		doc.Vulnerabilities[i].line = at.of(v.offset)
	}
	r.cycloneDX(doc)
}

// cycloneDXXML is the same in XML. encoding/xml knows no entities but its own, and nests 10,000 deep at most.
func (r *reader) cycloneDXXML() {
	var doc cycloneDXDocument
	dec := xml.NewDecoder(bytes.NewReader(r.data))
	if err := dec.Decode(&doc); err != nil {
		line, _ := dec.InputPos()
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			line = syntax.Line
		}
		r.fault(line, "is no CycloneDX document: %v", clip(err.Error()))
		return
	}
	r.cycloneDX(doc)
}

func (r *reader) cycloneDX(doc cycloneDXDocument) {
	refs := map[string]string{}
	list(append(doc.Components, doc.Metadata.Component), refs)
	author := ""
	if len(doc.Metadata.Authors) > 0 {
		author = plain(doc.Metadata.Authors[0].Name)
	}
	product := cmp.Or(doc.Metadata.Component.PURL, doc.Metadata.Component.Name)
	for _, p := range doc.Vulnerabilities {
		v := p.V
		if v.Analysis.State == "" {
			continue
		}
		st, ok := cycloneDXStatus(v.Analysis.State)
		if !ok {
			r.fault(p.line, "analysis: state: %q is none that is known", clip(string(v.Analysis.State)))
			continue
		}
		s := statement{line: p.line, status: st, impact: plain(v.Analysis.Detail), author: author, at: instant(v.Analysis.LastUpdated, v.Analysis.FirstIssued, v.Updated, doc.Metadata.Timestamp)}
		if s.justification, ok = cycloneDXLabel(v.Analysis.Justification); !ok {
			r.fault(p.line, "analysis: justification: %q is none that is known", clip(string(v.Analysis.Justification)))
			continue
		}
		if v.Analysis.State == cyclonedx.IASFalsePositive {
			s.impact = strings.TrimSuffix("false positive: "+s.impact, ": ")
		}
		if v.ID != "" {
			s.ids = append(s.ids, v.ID)
		}
		for _, ref := range v.References {
			s.ids = append(s.ids, ref.ID)
		}
		for _, a := range v.Affects {
			if err := r.cycloneDXTarget(s, a, refs, doc.SerialNumber, product); err != nil {
				r.fault(p.line, "%v", err)
				return
			}
		}
		if len(v.Affects) == 0 && st != statusOpen {
			r.unused(p.line, "affects: is missing: %s states nothing about a component", clip(v.ID))
		}
	}
}

// cycloneDXTarget states something about what one ref names: a component of this document, a purl, or a component of
// another document by BOM-Link, of which only a bom-ref that is a purl says what it is. Where the component has no
// version, the versions that are listed with it are those meant.
func (r *reader) cycloneDXTarget(s statement, a cyclonedx.Affects, refs map[string]string, serial, product string) error {
	about, ok := refs[a.Ref]
	if !ok {
		about = a.Ref
		if link, err := cyclonedx.ParseBOMLink(a.Ref); err == nil {
			about = link.Reference()
			if link.SerialNumber() == serial {
				about = cmp.Or(refs[about], about)
			}
		}
	}
	if a.Range == nil || len(*a.Range) == 0 {
		return r.state(s, subject{purl: about, product: product})
	}
	for _, v := range *a.Range {
		if err := r.state(s, subject{purl: about, version: v.Version, ranged: v.Version == "", vers: v.Range, product: product}); err != nil {
			return err
		}
	}
	return nil
}

// list collects the purls of components by bom-ref, nested ones too. One without a purl is known but has none.
func list(components []cycloneDXComponent, refs map[string]string) {
	for _, c := range components {
		if c.BOMRef != "" {
			refs[c.BOMRef] = c.PURL
		}
		list(c.Components, refs)
	}
}

// instant is the first text that is a time; zero if none is.
func instant(texts ...string) time.Time {
	for _, s := range texts {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t
		}
	}
	return time.Time{}
}
