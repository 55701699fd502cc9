package exceptions

import (
	"bytes"
	"cmp"
	"path"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/openvex/go-vex/pkg/vex"
)

// openVEXDocument is a document of OpenVEX 0.0.1 or 0.2.0. The library reads the first only from a path, and the second
// without lines; the parts are its own.
type openVEXDocument struct {
	Author      string                     `json:"author"`
	Timestamp   time.Time                  `json:"timestamp"`
	LastUpdated time.Time                  `json:"last_updated"`
	Statements  []placed[openVEXStatement] `json:"statements"`
}

type openVEXStatement struct {
	Vulnerability   openVEXVulnerability `json:"vulnerability"`
	Timestamp       time.Time            `json:"timestamp"`
	LastUpdated     time.Time            `json:"last_updated"`
	Products        []openVEXProduct     `json:"products"`
	Subcomponents   []openVEXProduct     `json:"subcomponents"` // 0.0.1
	Status          vex.Status           `json:"status"`
	StatusNotes     string               `json:"status_notes"`
	Justification   vex.Justification    `json:"justification"`
	ImpactStatement string               `json:"impact_statement"`
}

// openVEXVulnerability is an id in 0.0.1.
type openVEXVulnerability struct{ vex.Vulnerability }

// UnmarshalJSON reads either form.
func (v *openVEXVulnerability) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &v.Name)
	}
	return json.Unmarshal(data, &v.Vulnerability)
}

// openVEXProduct is an id in 0.0.1.
type openVEXProduct struct{ vex.Product }

// UnmarshalJSON reads either form.
func (p *openVEXProduct) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &p.ID)
	}
	return json.Unmarshal(data, &p.Product)
}

// openVEX reads an OpenVEX document. A statement about a product with subcomponents is about these, within the product.
// https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
func (r *reader) openVEX() {
	var doc openVEXDocument
	if err := json.Unmarshal(r.data, &doc); err != nil {
		r.faults = append(r.faults, jsonProblem(r.name, r.data, err))
		return
	}
	at, author := newLines(r.data), plain(doc.Author)
	for _, p := range doc.Statements {
		s, line := p.V, at.of(p.offset)
		if !r.validOpenVEX(line, s) {
			continue
		}
		st := statement{
			line: line, ids: s.Vulnerability.ids(), justification: string(s.Justification), impact: plain(cmp.Or(s.ImpactStatement, s.StatusNotes)), author: author,
			at: stated(s.LastUpdated, s.Timestamp, doc.LastUpdated, doc.Timestamp),
		}
		switch s.Status {
		case vex.StatusNotAffected:
			st.status = statusNotAffected
		case vex.StatusFixed:
			st.status = statusFixed
		}
		for _, about := range s.subjects() {
			if err := r.state(st, about); err != nil {
				r.fault(line, "%v", err)
				return
			}
		}
	}
}

// validOpenVEX checks what the specification demands of a statement and what the mapping depends on.
func (r *reader) validOpenVEX(line int, s openVEXStatement) bool {
	switch {
	case !s.Status.Valid():
		r.fault(line, "status: %q: want one of %q", clip(string(s.Status)), vex.Statuses())
	case s.Justification != "" && !s.Justification.Valid():
		r.fault(line, "justification: %q: want one of %q", clip(string(s.Justification)), vex.Justifications())
	case s.Status == vex.StatusNotAffected && s.Justification == "" && s.ImpactStatement == "":
		r.fault(line, "justification: is missing: not_affected needs one, or an impact_statement")
	default:
		return true
	}
	return false
}

func (v openVEXVulnerability) ids() []string {
	var out []string
	if v.Name != "" {
		out = append(out, string(v.Name))
	} else if v.ID != "" {
		out = append(out, path.Base(v.ID)) // the page of a vulnerability ends with its name
	}
	for _, a := range v.Aliases {
		out = append(out, string(a))
	}
	return out
}

func (s openVEXStatement) subjects() []subject {
	var out []subject
	for _, p := range s.Products {
		product := purlOf(p.Component)
		parts := make([]vex.Component, 0, len(p.Subcomponents))
		for _, c := range p.Subcomponents {
			parts = append(parts, c.Component)
		}
		for _, c := range s.Subcomponents {
			parts = append(parts, c.Component)
		}
		if len(parts) == 0 {
			out = append(out, subject{purl: product})
		}
		for _, c := range parts {
			if len(out) > maxStatements {
				return out // one more than may be
			}
			out = append(out, subject{purl: purlOf(c), product: cmp.Or(product, "a product without a name")})
		}
	}
	return out
}

// purlOf is the purl of a component, or what else names it.
func purlOf(c vex.Component) string {
	return cmp.Or(c.Identifiers[vex.PURL], c.ID)
}
