package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// CycloneDX writes what was found as a CycloneDX 1.6 document: the packages that something is known about, and the
// vulnerabilities that affect them, or may. It is no inventory. https://cyclonedx.org/docs/1.6/json/
func CycloneDX(w io.Writer, r Report) error {
	components, vulnerabilities := []cyclonedx.Component{}, []cyclonedx.Vulnerability{}
	refs := map[string]bool{}
	seen := fingerprints{}
	for _, t := range r.Targets {
		for _, d := range advised(t) {
			ref := packageURL(d.Finding.Package)
			if !refs[ref] {
				refs[ref] = true
				components = append(components, bomComponent(ref, d.Finding.Package))
			}
			v := bomVulnerability(t, d)
			v.BOMRef = "finding-" + seen.unique(t, d.Finding)
			vulnerabilities = append(vulnerabilities, v)
		}
	}
	bom := cyclonedx.NewBOM()
	bom.Components, bom.Vulnerabilities = &components, &vulnerabilities
	bom.SerialNumber = serial(r, vulnerabilities)
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: r.At.UTC().Format(time.RFC3339),
		Tools: &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{
			{Type: cyclonedx.ComponentTypeApplication, Name: "Tocsin", Version: markdown.Line(r.Tocsin, maxName)},
		}},
		Properties: properties("gate", string(r.Gate), "snapshot", r.Snapshot.ID, "policies", strings.Join(r.Policies, ", "), "policy-digest", r.PolicyDigest),
	}
	for _, t := range r.Targets {
		for _, f := range t.Coverage.Incomplete() {
			*bom.Metadata.Properties = append(*bom.Metadata.Properties, *properties("unread", repoPath(t, f.Path)+": "+unread(f))...)
		}
	}
	if err := cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return fmt.Errorf("writing the CycloneDX document: %w", err)
	}
	return nil
}

// serial is a UUID of what the document is made of: the same report has the same.
func serial(r Report, list []cyclonedx.Vulnerability) string {
	parts := []string{"bom", r.At.UTC().Format(time.RFC3339Nano), r.Snapshot.ID, r.PolicyDigest}
	for _, t := range r.Targets {
		parts = append(parts, t.Source, t.Inventory)
	}
	for _, v := range list {
		parts = append(parts, v.BOMRef)
	}
	h := digest(parts...)
	return fmt.Sprintf("urn:uuid:%s-%s-8%s-a%s-%s", h[:8], h[8:12], h[12:15], h[15:18], h[18:30]) // version 8 is for such
}

// properties are pairs of name and value, in Tocsin's name space; empty values are left out.
func properties(pairs ...string) *[]cyclonedx.Property {
	out := []cyclonedx.Property{}
	for i := 0; i < len(pairs); i += 2 {
		if value := markdown.Line(pairs[i+1], maxSentence); value != "" {
			out = append(out, cyclonedx.Property{Name: "tocsin:" + pairs[i], Value: value})
		}
	}
	return &out
}

func bomComponent(ref string, p tocsin.Package) cyclonedx.Component {
	return cyclonedx.Component{
		BOMRef: ref, Type: cyclonedx.ComponentTypeLibrary, Name: markdown.Line(p.Name, maxName), Version: markdown.Line(p.Version, maxName), PackageURL: ref,
		Properties: properties("ecosystem", p.Ecosystem),
	}
}

func bomVulnerability(t Target, d tocsin.Decision) cyclonedx.Vulnerability {
	f, c := d.Finding, d.Finding.Class
	ref := packageURL(f.Package)
	l := place(t, f.Package)
	v := cyclonedx.Vulnerability{
		ID: markdown.Line(c.ID, maxName), Description: markdown.Line(c.Summary, maxSentence), Detail: account(f), Ratings: bomRatings(c), References: bomReferences(c),
		Analysis: &cyclonedx.VulnerabilityAnalysis{State: cyclonedx.IASInTriage, Detail: markdown.Line(f.Reason, maxSentence)},
		Properties: properties("gate", string(d.Gate), "response", string(d.Response), "status", string(f.Status), "match", string(f.Match),
			"source", t.Source, "file", l.Path, "upgrade", f.Upgrade),
	}
	affects := cyclonedx.Affects{Ref: ref}
	status := cyclonedx.VulnerabilityStatusUnknown
	if f.Status == tocsin.StatusAffected {
		status, v.Recommendation = cyclonedx.VulnerabilityStatusAffected, remedy(f)
	}
	if version := markdown.Line(f.Package.Version, maxName); version != "" {
		affects.Range = &[]cyclonedx.AffectedVersions{{Version: version, Status: status}}
	}
	v.Affects = &[]cyclonedx.Affects{affects}
	if page := webPage(c.URL); page != "" {
		v.Advisories = &[]cyclonedx.Advisory{{URL: page}}
	}
	for _, cwe := range c.CWEs {
		if n, err := strconv.Atoi(strings.TrimPrefix(cwe, "CWE-")); err == nil && n > 0 {
			if v.CWEs == nil {
				v.CWEs = &[]int{}
			}
			*v.CWEs = append(*v.CWEs, n)
		}
	}
	return v
}

// bomRatings are the scores of a class. Malware has none, and is as bad as it gets.
func bomRatings(c tocsin.Class) *[]cyclonedx.VulnerabilityRating {
	switch {
	case c.Kind == tocsin.KindMalware:
		return &[]cyclonedx.VulnerabilityRating{{Severity: cyclonedx.SeverityCritical, Method: cyclonedx.ScoringMethodOther, Justification: "malicious package"}}
	case c.Kind == tocsin.KindUnmaintained:
		return &[]cyclonedx.VulnerabilityRating{{Severity: cyclonedx.SeverityInfo, Method: cyclonedx.ScoringMethodOther, Justification: "unmaintained package"}}
	case c.CVSS == nil:
		return &[]cyclonedx.VulnerabilityRating{{Severity: cyclonedx.SeverityUnknown}}
	}
	score := c.CVSS.Score
	rating := cyclonedx.VulnerabilityRating{Score: &score, Severity: cyclonedx.Severity(c.CVSS.Rating()), Method: cyclonedx.ScoringMethodOther, Vector: markdown.Line(c.CVSS.Vector, maxName)}
	for prefix, method := range map[string]cyclonedx.ScoringMethod{
		"CVSS:4.0/": cyclonedx.ScoringMethodCVSSv4, "CVSS:3.1/": cyclonedx.ScoringMethodCVSSv31, "CVSS:3.0/": cyclonedx.ScoringMethodCVSSv3, "AV:": cyclonedx.ScoringMethodCVSSv2,
	} {
		if strings.HasPrefix(c.CVSS.Vector, prefix) {
			rating.Method = method
		}
	}
	if c.CVSS.Source != "" {
		rating.Source = &cyclonedx.Source{Name: markdown.Line(c.CVSS.Source, maxName)}
	}
	return &[]cyclonedx.VulnerabilityRating{rating}
}

// bomReferences are the other ids of a class, each with the database that its prefix names.
func bomReferences(c tocsin.Class) *[]cyclonedx.VulnerabilityReference {
	var out []cyclonedx.VulnerabilityReference
	for _, a := range c.Aliases {
		id := markdown.Line(a, maxName)
		if a == c.ID || id == "" || slices.ContainsFunc(out, func(r cyclonedx.VulnerabilityReference) bool { return r.ID == id }) {
			continue
		}
		database, _, _ := strings.Cut(id, "-")
		out = append(out, cyclonedx.VulnerabilityReference{ID: id, Source: &cyclonedx.Source{Name: database}})
	}
	if out == nil {
		return nil
	}
	return &out
}
