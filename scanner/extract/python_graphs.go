package extract

import (
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A pythonGraph resolves the dependencies of Python lockfiles, which name packages, and versions where there are several.
type pythonGraph struct {
	*graph
	places places
	names  map[string][]int
	exact  map[string][]int
}

func newPythonGraph(r *Result) *pythonGraph {
	g := &pythonGraph{graph: newGraph(r), places: newPlaces(r.Packages), names: named(r.Packages), exact: map[string][]int{}}
	for i, p := range r.Packages {
		g.exact[p.String()] = append(g.exact[p.String()], i)
	}
	return g
}

// place is the package of the next entry of that name and version.
func (g *pythonGraph) place(name, version string) (int, bool) {
	return g.places.take(purl.Canonical("PyPI", name), version)
}

// needs adds an edge to each version that a name may mean: which of several is installed depends on the interpreter.
func (g *pythonGraph) needs(from int, dev bool, name, version string) {
	name = purl.Canonical("PyPI", name)
	if version != "" {
		if found := g.exact[name+"@"+version]; len(found) > 0 {
			g.link(from, dev, found...)
			return
		}
	}
	g.link(from, dev, g.names[name]...)
}

// project adds what the pyproject.toml beside the lockfile asks for, and settles the graph.
func (g *pythonGraph) project(f File) {
	p := readPyproject(f)
	g.unsure = p.dynamic
	for _, w := range p.wants {
		g.needs(tocsin.EdgeRoot, w.dev, w.name, "")
	}
	g.settle()
}

func poetryEdges(f File, data []byte, r *Result) error {
	var lock struct {
		Package []struct {
			Name, Version, Category string
			Groups                  []string
			Dependencies            map[string]any
			Files                   []lockedFile
		}
		// Before Poetry 1.3 files stood at the end, and before 1.0 their hashes alone; both by name, for all versions of it.
		Metadata struct {
			Files  map[string][]lockedFile
			Hashes map[string][]string
		}
	}
	if err := toml.Unmarshal(data, &lock); err != nil {
		return errDependencies(err)
	}
	files := map[string][]lockedFile{}
	for name, list := range lock.Metadata.Files {
		files[purl.Canonical("PyPI", name)] = list
	}
	for name, list := range lock.Metadata.Hashes {
		for _, hash := range list {
			files[purl.Canonical("PyPI", name)] = append(files[purl.Canonical("PyPI", name)], lockedFile{hash})
		}
	}
	g := newPythonGraph(r)
	for _, e := range lock.Package {
		// Poetry 1.0 to 1.4 told a category, and 2.0 and later tell groups.
		g.mixed = g.mixed || e.Groups != nil || e.Category != ""
		from, ok := g.place(e.Name, e.Version)
		if !ok {
			continue
		}
		if e.Category == "dev" {
			r.Packages[from].Scope = tocsin.ScopeDev
		}
		r.Packages[from].Integrity = integrity(append(e.Files, files[purl.Canonical("PyPI", e.Name)]...))
		for name := range e.Dependencies {
			g.needs(from, false, name, "")
		}
	}
	g.project(f)
	return nil
}

func pdmEdges(f File, data []byte, r *Result) error {
	var lock struct {
		Package []struct {
			Name, Version string
			Groups        []string
			Dependencies  []string
			Files         []lockedFile
		}
		// Before PDM 2.8 files stood at the end, under "name version".
		Metadata struct{ Files map[string][]lockedFile }
	}
	if err := toml.Unmarshal(data, &lock); err != nil {
		return errDependencies(err)
	}
	files := map[string][]lockedFile{}
	for release, list := range lock.Metadata.Files {
		if name, version, ok := strings.Cut(release, " "); ok {
			files[purl.Canonical("PyPI", name)+" "+version] = list
		}
	}
	g := newPythonGraph(r)
	for _, e := range lock.Package {
		g.mixed = g.mixed || e.Groups != nil
		from, ok := g.place(e.Name, e.Version)
		if !ok {
			continue
		}
		r.Packages[from].Integrity = integrity(append(e.Files, files[purl.Canonical("PyPI", e.Name)+" "+e.Version]...))
		for _, d := range e.Dependencies {
			g.needs(from, false, requirementName(d), "")
		}
	}
	g.project(f)
	return nil
}

// A lockedName is how uv.lock and pylock.toml name a dependency.
type lockedName struct{ Name, Version string }

func uvEdges(data []byte, r *Result) error {
	var lock struct {
		Package []struct {
			Name, Version string
			Source        map[string]any
			Sdist         lockedFile
			Wheels        []lockedFile
			Dependencies  []lockedName
			Optional      map[string][]lockedName `toml:"optional-dependencies"`
			Dev           map[string][]lockedName `toml:"dev-dependencies"`
		}
	}
	if err := toml.Unmarshal(data, &lock); err != nil {
		return errDependencies(err)
	}
	g := newPythonGraph(r)
	for _, e := range lock.Package {
		from, ok := g.place(e.Name, e.Version)
		_, virtual := e.Source["virtual"]
		_, editable := e.Source["editable"]
		switch {
		case ok && (virtual || editable):
			// A project of the workspace.
			g.link(tocsin.EdgeRoot, false, from)
		case virtual:
			// The project itself, which the borrowed reader leaves out.
			from = tocsin.EdgeRoot
		case !ok:
			continue
		}
		if ok {
			r.Packages[from].Integrity = integrity(append(e.Wheels, e.Sdist))
		}
		for _, d := range e.Dependencies {
			g.needs(from, false, d.Name, d.Version)
		}
		for _, extra := range e.Optional {
			for _, d := range extra {
				g.needs(from, false, d.Name, d.Version)
			}
		}
		for group, list := range e.Dev {
			for _, d := range list {
				g.needs(from, isDevGroup(group), d.Name, d.Version)
			}
		}
	}
	g.settle()
	return nil
}

// A hashedFile is one file of a release as pylock.toml pins it: the hashes by their algorithms.
type hashedFile struct{ Hashes map[string]string }

func (h hashedFile) locked() (out []lockedFile) {
	for algorithm, hash := range h.Hashes {
		out = append(out, lockedFile{algorithm + ":" + hash})
	}
	return out
}

// pylockEdges adds the hashes, and the edges where the tool that wrote the file tells them. What the project asks for it does not tell.
func pylockEdges(data []byte, r *Result) error {
	var lock struct {
		Packages []struct {
			lockedName
			Dependencies   []lockedName
			Archive, Sdist hashedFile
			Wheels         []hashedFile
		}
	}
	if err := toml.Unmarshal(data, &lock); err != nil {
		return errDependencies(err)
	}
	g := newPythonGraph(r)
	for _, e := range lock.Packages {
		if from, ok := g.place(e.Name, e.Version); ok {
			files := append(e.Archive.locked(), e.Sdist.locked()...)
			for _, w := range e.Wheels {
				files = append(files, w.locked()...)
			}
			r.Packages[from].Integrity = integrity(files)
			for _, d := range e.Dependencies {
				g.needs(from, false, d.Name, d.Version)
			}
		}
	}
	return nil
}
