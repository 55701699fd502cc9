package exceptions

import (
	"cmp"
	"slices"
)

// csafTree is the product tree of a CSAF document.
type csafTree struct {
	Branches      []csafBranch `json:"branches"`
	FullNames     []csafName   `json:"full_product_names"`
	Relationships []struct {
		FullName csafName `json:"full_product_name"`
		Of       string   `json:"product_reference"`
		In       string   `json:"relates_to_product_reference"`
	} `json:"relationships"`
	Paths []struct { // 2.1
		FullName csafName `json:"full_product_name"`
		Of       string   `json:"beginning_product_reference"`
		Subpaths []struct {
			Next string `json:"next_product_reference"`
		} `json:"subpaths"`
	} `json:"product_paths"`
	Groups []struct {
		ID       string   `json:"group_id"`
		Products []string `json:"product_ids"`
	} `json:"product_groups"`
}

type csafBranch struct {
	Category string       `json:"category"`
	Name     string       `json:"name"`
	Product  csafName     `json:"product"`
	Branches []csafBranch `json:"branches"`
}

type csafName struct {
	ID     string `json:"product_id"`
	Name   string `json:"name"`
	Helper struct {
		PURL  string   `json:"purl"`
		PURLs []string `json:"purls"` // 2.1
	} `json:"product_identification_helper"`
}

// A csafProduct is what a product id means.
type csafProduct struct {
	name    string
	purls   []string
	version string // of the branch that it stands in
	ranged  bool   // it is a range of versions
	vers    string // which one, if it is a vers
	of      string // the product id of the component that it is; empty for a plain product
	in      string // what the component is part of: a product id, once resolved its purl or name
}

// products are all that the tree defines, by id.
func (t csafTree) products() map[string]csafProduct {
	out := map[string]csafProduct{}
	define := func(n csafName, p csafProduct) {
		p.name, p.purls = n.Name, n.Helper.PURLs
		if n.Helper.PURL != "" {
			p.purls = append([]string{n.Helper.PURL}, p.purls...)
		}
		if n.ID != "" {
			out[n.ID] = p
		}
	}
	for _, n := range t.FullNames {
		define(n, csafProduct{})
	}
	var walk func(list []csafBranch, above csafProduct)
	walk = func(list []csafBranch, above csafProduct) {
		for _, b := range list {
			p := above
			switch b.Category {
			case "product_version":
				p = csafProduct{version: b.Name}
			case "product_version_range":
				p = csafProduct{ranged: true, vers: b.Name}
			}
			define(b.Product, p)
			walk(b.Branches, p)
		}
	}
	walk(t.Branches, csafProduct{})
	for _, r := range t.Relationships {
		define(r.FullName, csafProduct{of: r.Of, in: cmp.Or(r.In, "another product")})
	}
	for _, p := range t.Paths {
		in := "another product"
		for _, s := range p.Subpaths {
			in = cmp.Or(s.Next, in)
		}
		define(p.FullName, csafProduct{of: p.Of, in: in})
	}
	return out
}

func (t csafTree) groups() map[string][]string {
	out := map[string][]string{}
	for _, g := range t.Groups {
		out[g.ID] = g.Products
	}
	return out
}

// resolve gives a product with the purls of the component that it is, and its outermost product. Components of components
// are followed a few steps, so that a circle ends.
func resolve(id string, products map[string]csafProduct) (csafProduct, bool) {
	p, ok := products[id]
	if !ok {
		return p, false
	}
	out := csafProduct{name: p.name, purls: p.purls, version: p.version, ranged: p.ranged, vers: p.vers}
	for range 10 {
		if p.of == "" {
			return out, true
		}
		in := products[p.in]
		out.in = cmp.Or(append([]string{out.in}, append(slices.Clone(in.purls), in.name, p.in)...)...)
		if p, ok = products[p.of]; !ok {
			return out, true
		}
		// The component's own purl is the package; that of the pair, where there is one, is of the same package.
		if len(p.purls) > 0 {
			out.purls, out.version, out.ranged, out.vers = p.purls, p.version, p.ranged, p.vers
		}
	}
	return out, false
}
