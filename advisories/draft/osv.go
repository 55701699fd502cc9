package draft

import (
	"slices"
	"strings"
	"time"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// osvRecord is a record of the OSV schema. https://ossf.github.io/osv-schema/
type osvRecord struct {
	SchemaVersion string         `json:"schema_version"`
	ID            string         `json:"id"`
	Modified      time.Time      `json:"modified"`
	Published     time.Time      `json:"published,omitzero"`
	Withdrawn     time.Time      `json:"withdrawn,omitzero"`
	Aliases       []string       `json:"aliases,omitempty"`
	Upstream      []string       `json:"upstream,omitempty"`
	Summary       string         `json:"summary"`
	Details       string         `json:"details"`
	Severity      []osvSeverity  `json:"severity,omitempty"`
	Affected      []osvAffected  `json:"affected,omitempty"`
	References    []osvReference `json:"references,omitempty"`
	Credits       []osvCredit    `json:"credits,omitempty"`
	Specific      osvSpecific    `json:"database_specific"`
}

type osvSeverity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

type osvAffected struct {
	Package osvPackage `json:"package"`
	Ranges  []osvRange `json:"ranges"`
}

type osvPackage struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	PURL      string `json:"purl"`
}

type osvRange struct {
	Type   tocsin.RangeType `json:"type"`
	Events []tocsin.Event   `json:"events"`
}

type osvReference = tocsin.Reference

type osvCredit struct {
	Name    string   `json:"name"`
	Contact []string `json:"contact,omitempty"`
	Type    string   `json:"type"`
}

// osvSpecific has what OSV has no place for: products that are not affected, or not yet known to be, and those without an ecosystem.
type osvSpecific struct {
	Status   tocsin.DocumentStatus `json:"status"`
	Revision int                   `json:"revision"`
	TLP      tocsin.TLP            `json:"tlp"`
	CWEs     []string              `json:"cwe_ids,omitempty"`
	Products []osvProduct          `json:"products,omitempty"`
}

type osvProduct struct {
	PURL          string               `json:"purl"`
	Status        tocsin.ProductStatus `json:"status"`
	Justification tocsin.Justification `json:"justification,omitempty"`
	Impact        string               `json:"impact_statement,omitempty"`
}

// semver are the ecosystems whose versions OSV orders by Semantic Versioning; all others have an order of their own.
var semver = []string{"npm", "Go", "crates.io", "Hex", "Pub", "SwiftURL", "Julia"}

func newOSV(d tocsin.Document) (osvRecord, error) {
	r := osvRecord{
		SchemaVersion: "1.7.0", ID: "x_" + host(d.Publisher) + "-" + d.ID, Modified: stamp(d.Last().At), Withdrawn: stamp(d.Withdrawn), Aliases: d.Aliases,
		Summary: line(d.Title), Details: cut(details(d, ""), maxDescription), References: d.References,
		Specific: osvSpecific{Status: d.Status, Revision: d.Last().Number, TLP: d.TLP},
	}
	if d.Status != tocsin.DocumentDraft || len(d.Revisions) > 1 {
		r.Published = stamp(d.Revisions[0].At)
	}
	for _, f := range d.Flaws {
		if f.ID != d.ID { // ours has it by way of theirs: they are not the same
			r.Upstream = append(append(r.Upstream, f.ID), f.Aliases...)
		}
		r.Specific.CWEs = append(r.Specific.CWEs, f.CWEs...)
		if s := system(f.CVSS); s != "" && len(r.Severity) == 0 {
			r.Severity = []osvSeverity{{s, f.CVSS.Vector}}
		}
	}
	slices.Sort(r.Upstream)
	r.Upstream = slices.Compact(r.Upstream)
	slices.Sort(r.Specific.CWEs)
	r.Specific.CWEs = slices.Compact(r.Specific.CWEs)
	for _, p := range d.Products {
		r.Specific.Products = append(r.Specific.Products, osvProduct{p.PURL, p.Status, p.Justification, line(p.Impact)})
		if p.Status.Harmed() && p.Ecosystem != "" {
			r.Affected = append(r.Affected, osvAffected{osvPackage{p.Ecosystem, p.Name, p.PURL}, osvRanges(p)})
		}
	}
	for _, c := range d.Credits {
		one := osvCredit{Name: name(c.Who), Type: strings.ToUpper(string(c.Type))}
		if login := c.Login(); login != "" {
			one.Name, one.Contact = login, []string{"https://github.com/" + login}
		}
		r.Credits = append(r.Credits, one)
	}
	return r, nil
}

func osvRanges(p tocsin.Product) []osvRange {
	typ := tocsin.RangeEcosystem
	if slices.Contains(semver, purl.Base(p.Ecosystem)) {
		typ = tocsin.RangeSemver
	}
	own := func(s string) string {
		if p.Ecosystem == "Go" { // whose records leave the v away
			return strings.TrimPrefix(s, "v")
		}
		return s
	}
	var out []osvRange
	for _, v := range affected(p) {
		from := own(v.From)
		if from == "" {
			from = "0"
		}
		events := []tocsin.Event{{Introduced: from}}
		switch {
		case v.Before != "":
			events = append(events, tocsin.Event{Fixed: own(v.Before)})
		case v.Through != "":
			events = append(events, tocsin.Event{LastAffected: own(v.Through)})
		}
		out = append(out, osvRange{typ, events})
	}
	return out
}

// system is OSV's name of the version of CVSS that a vector is of; empty where it is none.
func system(c *tocsin.CVSS) string {
	if c == nil {
		return ""
	}
	if _, err := gocvss40.ParseVector(c.Vector); err == nil {
		return "CVSS_V4"
	}
	_, err30 := gocvss30.ParseVector(c.Vector)
	_, err31 := gocvss31.ParseVector(c.Vector)
	if err30 == nil || err31 == nil {
		return "CVSS_V3"
	}
	if _, err := gocvss20.ParseVector(c.Vector); err == nil {
		return "CVSS_V2"
	}
	return ""
}

// stamp is a time as it is written: in UTC, to the second.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Second)
}
