package exceptions

import (
	"cmp"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

// csafDocument is what a CSAF 2.0 or 2.1 document says about products and their status. The types are our own: the csaf
// library's package brings a JSON schema compiler that takes longer to set up (9 ms and 1.7 MB, in every start of the
// program) than all else that we do before main, knows 2.0 only, and refuses what it does not know.
type csafDocument struct {
	Document struct {
		Publisher struct {
			Name string `json:"name"`
		} `json:"publisher"`
		Tracking struct {
			CurrentReleaseDate time.Time `json:"current_release_date"`
		} `json:"tracking"`
	} `json:"document"`
	ProductTree     csafTree                    `json:"product_tree"`
	Vulnerabilities []placed[csafVulnerability] `json:"vulnerabilities"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	IDs []struct {
		Text string `json:"text"`
	} `json:"ids"`
	ProductStatus map[string][]string `json:"product_status"`
	Flags         []csafNote          `json:"flags"`
	Threats       []csafNote          `json:"threats"`
}

// csafNote is a flag or a threat: something about products and groups of products.
type csafNote struct {
	Label    string   `json:"label"`    // of a flag
	Category string   `json:"category"` // of a threat
	Details  string   `json:"details"`
	Products []string `json:"product_ids"`
	Groups   []string `json:"group_ids"`
}

// csafStatus is what a product status says; "recommended" says nothing.
func csafStatus(name string) (status, bool) {
	switch name {
	case "known_not_affected":
		return statusNotAffected, true
	case "fixed", "first_fixed":
		return statusFixed, true
	case "known_affected", "first_affected", "last_affected", "under_investigation", "unknown":
		return statusOpen, true
	}
	return 0, false
}

// csaf reads a CSAF document of any category: security advisories state statuses as VEX documents do. What is a component
// of another product, by a relationship (2.0) or a product path (2.1), is stated within that product.
// https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html#45-profile-5-vex
func (r *reader) csaf() {
	var doc csafDocument
	if err := json.Unmarshal(r.data, &doc); err != nil {
		r.faults = append(r.faults, jsonProblem(r.name, r.data, err))
		return
	}
	author := plain(doc.Document.Publisher.Name)
	products, groups, at := doc.ProductTree.products(), doc.ProductTree.groups(), newLines(r.data)
	for _, p := range doc.Vulnerabilities {
		v, line := p.V, at.of(p.offset)
		if err := r.csafVulnerability(v, statement{line: line, author: author, at: doc.Document.Tracking.CurrentReleaseDate}, products, groups); err != nil {
			r.fault(line, "%v", err)
			return
		}
	}
}

func (r *reader) csafVulnerability(v csafVulnerability, s statement, products map[string]csafProduct, groups map[string][]string) error {
	s.ids = append(s.ids, v.CVE)
	for _, id := range v.IDs {
		s.ids = append(s.ids, id.Text)
	}
	s.ids = slices.DeleteFunc(s.ids, func(id string) bool { return id == "" })
	labels, impacts := map[string]string{}, map[string]string{}
	for _, f := range v.Flags {
		if slices.Contains(justifications, f.Label) {
			if err := r.note(labels, f, f.Label, groups); err != nil {
				return err
			}
		}
	}
	for _, t := range v.Threats {
		if t.Category == "impact" {
			if err := r.note(impacts, t, plain(t.Details), groups); err != nil {
				return err
			}
		}
	}
	names := make([]string, 0, len(v.ProductStatus))
	for name := range v.ProductStatus {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		st, ok := csafStatus(name)
		if !ok {
			continue
		}
		for _, id := range v.ProductStatus[name] {
			s.status, s.justification, s.impact = st, labels[id], impacts[id]
			if err := r.csafStatement(s, id, products); err != nil {
				return err
			}
		}
	}
	return nil
}

// csafStatement keeps what is said about one product id, which may have several purls.
func (r *reader) csafStatement(s statement, id string, products map[string]csafProduct) error {
	p, ok := resolve(id, products)
	switch {
	case s.status == statusOpen && len(p.purls) == 0:
		r.steps++
		return nil
	case !ok:
		r.steps++
		r.unused(s.line, "product %q is not in the product tree", clip(id))
		return nil
	case len(p.purls) == 0:
		r.steps++
		r.unused(s.line, "product %q has no purl", clip(cmp.Or(p.name, id)))
		return nil
	}
	for _, about := range p.purls {
		if err := r.state(s, subject{purl: about, version: p.version, ranged: p.ranged, vers: p.vers, product: p.in}); err != nil {
			return err
		}
	}
	return nil
}

// note writes a text for every product that a flag or threat names.
func (r *reader) note(to map[string]string, n csafNote, text string, groups map[string][]string) error {
	lists := [][]string{n.Products}
	for _, g := range n.Groups {
		lists = append(lists, groups[g])
	}
	for _, list := range lists {
		if r.steps += len(list); r.steps > maxStatements {
			return errTooMany
		}
		for _, id := range list {
			to[id] = cmp.Or(to[id], text)
		}
	}
	return nil
}
