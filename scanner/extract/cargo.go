package extract

import (
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/tocsin-dev/tocsin"
)

// completeCargo adds source, checksum and edges. A package without source is a member of the workspace or a path.
// https://doc.rust-lang.org/cargo/reference/pkgid-spec.html
func completeCargo(_ File, data []byte, r *Result) error {
	lines := split(data)
	// Before 2018 checksums stood in a table at the end: "checksum name version (source)" = "…".
	old := map[string]string{}
	for _, l := range lines {
		if rest, ok := strings.CutPrefix(l, `"checksum `); ok {
			key, sum, _ := strings.Cut(rest, `" = `)
			if parts := strings.Fields(key); len(parts) >= 2 {
				old[parts[0]+"@"+parts[1]] = strings.Trim(sum, `"`)
			}
		}
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		if p.Location[0].Line == 0 {
			continue
		}
		body := table(lines, p.Location[0].Line, "[[package]]")
		source := value(body, "source = ")
		if source == "" {
			p.Origin.Kind = tocsin.OriginLocal
			continue
		}
		p.Integrity = value(body, "checksum = ")
		if p.Integrity == "" {
			p.Integrity = old[p.String()]
		}
		if strings.HasPrefix(source, "git+") {
			p.Origin = origin("crates.io", source)
		} else {
			p.Origin = registry("crates.io", source)
		}
	}
	return cargoEdges(data, r)
}

// cargoEdges resolves dependencies, which are written as short as they are unambiguous: "name", "name version" or
// "name version (source)". https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html
func cargoEdges(data []byte, r *Result) error {
	type entry struct {
		Name, Version, Source string
		Dependencies          []string
	}
	var lock struct {
		// Root is what the project itself was before 2017.
		Root    entry
		Package []entry
	}
	if err := toml.Unmarshal(data, &lock); err != nil {
		return errDependencies(err)
	}
	const ambiguous = -1
	places, index := newPlaces(r.Packages), map[string]int{}
	at := make([]int, len(lock.Package))
	for i, e := range lock.Package {
		var known bool
		if at[i], known = places.take(e.Name, e.Version); !known {
			at[i] = ambiguous
			continue
		}
		source, _, _ := strings.Cut(e.Source, "#")
		for _, key := range []string{e.Name, e.Name + " " + e.Version, e.Name + " " + e.Version + " (" + source + ")"} {
			if _, again := index[key]; again {
				index[key] = ambiguous
			} else {
				index[key] = at[i]
			}
		}
	}
	g := newGraph(r)
	link := func(from int, dependencies []string) {
		for _, d := range dependencies {
			if i := strings.IndexByte(d, '#'); i >= 0 {
				d = d[:i] + ")"
			}
			if to, ok := index[d]; ok && to != ambiguous {
				g.link(from, false, to)
			}
		}
	}
	link(tocsin.EdgeRoot, lock.Root.Dependencies)
	for i, e := range lock.Package {
		if at[i] == ambiguous {
			continue
		}
		if e.Source == "" {
			g.link(tocsin.EdgeRoot, false, at[i])
		}
		link(at[i], e.Dependencies)
	}
	g.settle()
	return nil
}
