package web

import (
	"io"

	"github.com/tocsin-dev/tocsin"
)

// An InventoryInput is an inventory that was taken elsewhere.
type InventoryInput struct {
	Packages []tocsin.Package `json:"packages"`
	// Edges are the dependency graph, by place in packages; -1 is the project itself.
	Edges []tocsin.Edge `json:"edges,omitempty"`
	// Coverage says which files it was read from; missing: all of it is taken as read.
	Coverage tocsin.Coverage `json:"coverage,omitzero"`
}

// sent reads an inventory. Its order, and its digest, are made here.
func (c *call) sent(r io.Reader, source string) (inv tocsin.Inventory, err error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return inv, invalid("", "", "it cannot be unpacked")
	}
	if int64(len(b)) >= c.api.opts.Limits.Unpacked {
		return inv, tooLarge(c.api.opts.Limits.Unpacked)
	}
	var in InventoryInput
	if err := strict(b, &in); err != nil {
		return inv, err
	}
	for _, e := range in.Edges {
		if e.From < tocsin.EdgeRoot || e.From >= len(in.Packages) || e.To < 0 || e.To >= len(in.Packages) {
			return inv, invalid("/edges", "", "%d to %d, and there are %d packages", e.From, e.To, len(in.Packages))
		}
	}
	for _, p := range in.Packages {
		if p.Name == "" {
			return inv, invalid("/packages", "", "a package has no name")
		}
	}
	inv = tocsin.Inventory{Source: source, TakenAt: c.now, Packages: in.Packages, Edges: in.Edges, Coverage: in.Coverage}
	if c.project != nil {
		inv.Project = c.project.Slug
	}
	if len(inv.Coverage.Files) == 0 {
		inv.Coverage.Files = []tocsin.FileCoverage{{Path: source, Format: "tocsin/inventory", Status: tocsin.FileRead, Packages: len(in.Packages)}}
	}
	inv.Seal()
	return inv, nil
}
