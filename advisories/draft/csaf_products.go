package draft

import (
	"cmp"
	"slices"
	"strings"

	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

type csafTree struct {
	Branches []csafBranch  `json:"branches"`
	Names    []csafProduct `json:"full_product_names,omitempty"`
}

type csafBranch struct {
	Branches []csafBranch `json:"branches,omitempty"`
	Category string       `json:"category"`
	Name     string       `json:"name"`
	Product  *csafProduct `json:"product,omitempty"`
}

type csafProduct struct {
	Name   string      `json:"name"`
	ID     string      `json:"product_id"`
	Helper *csafHelper `json:"product_identification_helper,omitempty"`
}

type csafHelper struct {
	PURL string `json:"purl,omitempty"`
}

type csafVulnerability struct {
	CVE          string              `json:"cve,omitempty"`
	IDs          []csafID            `json:"ids,omitempty"`
	Flags        []csafFlag          `json:"flags,omitempty"`
	Notes        []csafNote          `json:"notes,omitempty"`
	Status       map[string][]string `json:"product_status,omitempty"`
	References   []csafReference     `json:"references,omitempty"`
	Remediations []csafRemedy        `json:"remediations,omitempty"`
	Scores       []csafScore         `json:"scores,omitempty"`
	Threats      []csafRemedy        `json:"threats,omitempty"`
}

type csafID struct {
	System string `json:"system_name"`
	Text   string `json:"text"`
}

type csafFlag struct {
	Label    string   `json:"label"`
	Products []string `json:"product_ids,omitempty"`
	Groups   []string `json:"group_ids,omitempty"`
}

// csafRemedy is a remediation or a threat.
type csafRemedy struct {
	Category string   `json:"category"`
	Details  string   `json:"details"`
	Products []string `json:"product_ids,omitempty"`
	Groups   []string `json:"group_ids,omitempty"`
}

type csafScore struct {
	CVSS     *csafCVSS `json:"cvss_v3,omitempty"`
	Products []string  `json:"products"`
}

type csafCVSS struct {
	Version  string  `json:"version"`
	Vector   string  `json:"vectorString"`
	Score    float64 `json:"baseScore"`
	Severity string  `json:"baseSeverity"`
}

// The product statuses of CSAF that we write.
const (
	csafAffected    = "known_affected"
	csafFixed       = "fixed"
	csafNotAffected = "known_not_affected"
	csafUnknown     = "under_investigation"
)

// A release is a version, a range of versions, or all versions of a product, under the id that the document has for it.
type release struct {
	id, status, category, name, purl, fix string
}

// releases of a product, each once. The id is the purl, with its version or range, so that it stays the same from revision to revision.
func releases(p tocsin.Product) []release {
	if !p.Status.Harmed() || len(p.Versions) == 0 {
		status := map[tocsin.ProductStatus]string{tocsin.ProductNotAffected: csafNotAffected, tocsin.ProductUnknown: csafUnknown}[p.Status]
		return []release{{id: p.PURL, status: cmp.Or(status, csafAffected), name: p.Name, purl: p.PURL}}
	}
	var out []release
	for _, v := range p.Versions {
		s := versionsOf(p, v)
		r := release{id: s.purl(p), status: csafAffected, category: "product_version_range", name: s.vers, purl: p.PURL, fix: s.fix}
		if s.single != "" {
			r.category, r.name, r.purl = "product_version", s.single, r.id
		}
		out = append(out, r)
		if s.fix != "" {
			id := purl.At(p.PURL, s.fix)
			out = append(out, release{id: id, status: csafFixed, category: "product_version", name: s.fix, purl: id})
		}
	}
	var once []release
	for _, r := range out {
		if !slices.ContainsFunc(once, func(o release) bool { return o.id == r.id }) {
			once = append(once, r)
		}
	}
	return once
}

func newTree(d tocsin.Document) csafTree {
	vendor := csafBranch{Category: "vendor", Name: name(d.Publisher.Name)}
	seen := map[string]bool{} // projects may publish the same
	for _, p := range d.Products {
		if seen[p.PURL] {
			continue
		}
		seen[p.PURL] = true
		b := csafBranch{Category: "product_name", Name: name(p.Name)}
		for _, r := range releases(p) {
			full := &csafProduct{Name: strings.TrimSpace(name(p.Name) + " " + r.name), ID: r.id, Helper: &csafHelper{r.purl}}
			if r.category == "" {
				full.Name, b.Product = name(p.Name), full
				continue
			}
			b.Branches = append(b.Branches, csafBranch{Category: r.category, Name: r.name, Product: full})
		}
		vendor.Branches = append(vendor.Branches, b)
	}
	return csafTree{Branches: []csafBranch{vendor}}
}

// csafVulnerabilities is one for each flaw that a product has.
func csafVulnerabilities(d tocsin.Document) []csafVulnerability {
	var out []csafVulnerability
	for _, f := range d.Flaws {
		v := csafVulnerability{Status: map[string][]string{}}
		for _, id := range append([]string{f.ID}, f.Aliases...) {
			switch {
			case v.CVE == "" && cvePattern().MatchString(id):
				v.CVE = id
			case id != "":
				v.IDs = append(v.IDs, csafID{database(id), id})
			}
		}
		if d.Declared && len(d.Aliases) > 0 && v.CVE == "" {
			v.CVE = d.Aliases[0]
		}
		v.Notes = []csafNote{{"description", cmp.Or(line(f.Summary), name(d.Title)), "Description"}}
		if len(f.CWEs) > 0 { // CSAF has one, and with its name
			v.Notes = append(v.Notes, csafNote{"other", strings.Join(f.CWEs, ", "), "Weaknesses"})
		}
		if f.URL != "" {
			v.References = []csafReference{{"external", "The advisory of what the products ship", f.URL}}
		}
		done := map[string]bool{}
		for _, p := range d.Products {
			if slices.Contains(p.Flaws, f.ID) && !done[p.PURL] {
				done[p.PURL] = true
				v.add(d, p)
			}
		}
		if s := cvss3(f.CVSS); s != nil && len(v.Status[csafAffected]) > 0 {
			v.Scores = []csafScore{{s, v.Status[csafAffected]}}
		}
		if len(v.Status) > 0 {
			out = append(out, v)
		}
	}
	return out
}

// add states a product.
func (v *csafVulnerability) add(d tocsin.Document, p tocsin.Product) {
	for _, r := range releases(p) {
		v.Status[r.status] = append(v.Status[r.status], r.id)
		only := []string{r.id}
		switch r.status {
		case csafNotAffected:
			if p.Justification != "" {
				v.Flags = append(v.Flags, csafFlag{Label: string(p.Justification), Products: only})
			}
			if impact := line(p.Impact); impact != "" {
				v.Threats = append(v.Threats, csafRemedy{Category: "impact", Details: impact, Products: only})
			}
		case csafAffected:
			remedy := csafRemedy{Category: "none_available", Details: "No fixed version is known.", Products: only}
			if r.fix != "" {
				remedy.Category, remedy.Details = "vendor_fix", "Update to "+r.fix+" or a later version."
			}
			v.Remediations = append(v.Remediations, remedy)
			if d.Mitigation != "" {
				v.Remediations = append(v.Remediations, csafRemedy{Category: "workaround", Details: said(d.Mitigation, ""), Products: only})
			}
		}
	}
}

// database is what gave an id.
func database(id string) string {
	switch prefix, _, _ := strings.Cut(id, "-"); prefix {
	case "GHSA":
		return "GitHub Advisory Database"
	case "CVE":
		return "CVE"
	case "INC":
		return "Tocsin"
	default:
		return "OSV"
	}
}

// cvss3 is a vector with its score; CSAF 2.0 knows none of 4.0.
func cvss3(c *tocsin.CVSS) *csafCVSS {
	if c == nil {
		return nil
	}
	if v, err := gocvss31.ParseVector(c.Vector); err == nil {
		return scored("3.1", c.Vector, v.BaseScore())
	}
	if v, err := gocvss30.ParseVector(c.Vector); err == nil {
		return scored("3.0", c.Vector, v.BaseScore())
	}
	return nil
}

func scored(version, vector string, score float64) *csafCVSS {
	return &csafCVSS{version, vector, score, strings.ToUpper((&tocsin.CVSS{Score: score}).Rating())}
}
