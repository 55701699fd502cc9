package extract

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
)

// completeNuGetLock adds relation, integrity and edges of a packages.lock.json, and tells projects from packages.
// https://learn.microsoft.com/en-us/nuget/consume-packages/package-references-in-project-files#locking-dependencies
func completeNuGetLock(_ File, data []byte, r *Result) error {
	var lock struct {
		Dependencies map[string]map[string]struct {
			Type         string
			Resolved     string
			ContentHash  string
			Dependencies map[string]string
		}
	}
	if err := json.Unmarshal(data, &lock, json.MatchCaseInsensitiveNames(true)); err != nil {
		return fmt.Errorf("reading the dependency types: %w", err)
	}
	at := map[string]int{}
	byName := map[string][]int{}
	for i, p := range r.Packages {
		at[p.String()] = i
		byName[strings.ToLower(p.Name)] = append(byName[strings.ToLower(p.Name)], i)
	}
	g := newGraph(r)
	for _, framework := range lock.Dependencies {
		for name, d := range framework {
			i, ok := at[tocsin.Package{Name: name, Version: d.Resolved}.String()]
			if !ok {
				continue
			}
			p := &r.Packages[i]
			switch d.Type {
			case "Direct":
				p.Relation = tocsin.RelationDirect
				g.link(tocsin.EdgeRoot, false, i)
			case "Project":
				p.Origin.Kind = tocsin.OriginLocal
			default:
				if p.Relation == "" {
					p.Relation = tocsin.RelationTransitive
				}
			}
			p.Integrity = d.ContentHash
			for to := range d.Dependencies {
				g.link(i, false, byName[strings.ToLower(to)]...)
			}
		}
	}
	return nil
}
