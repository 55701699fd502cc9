package extract

import (
	"context"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// composerLock reads composer.lock. It is ours because osv-scalibr's looks for the line of each package from the start of
// the file, which takes hours where there are a million, and has no graph. https://getcomposer.org/doc/01-basic-usage.md
type composerLock struct{}

func (composerLock) Format() string { return "php/composer-lock" }
func (composerLock) Limit() int64   { return LimitWhole }

func (composerLock) Read(_ context.Context, f File) (Result, error) {
	data, err := whole(f)
	if err != nil {
		return Result{}, err
	}
	l := newLined(data)
	var r Result
	known := false
	var wants []composerWant
	var replaces []composerWant
	names := func(each func(name string)) error {
		if l.dec.PeekKind() == '[' {
			// What PHP writes for an object without fields.
			return l.skip()
		}
		return l.object(func(name []byte) error {
			each(strings.ToLower(string(name)))
			return l.skip()
		})
	}
	packages := func(scope tocsin.Scope) error {
		known = true
		return l.array(func() error {
			if len(r.Packages) == MaxPackages {
				return errTooMany
			}
			p := tocsin.Package{Ecosystem: "Packagist", Scope: scope, Location: []tocsin.Location{{Path: f.Path}}}
			err := l.object(func(name []byte) error {
				switch string(name) {
				case "name":
					p.Location[0].Line = l.at()
					return l.text(&p.Name)
				case "version":
					return l.text(&p.Version)
				case "require":
					return names(func(name string) {
						if len(wants) < MaxEdges {
							wants = append(wants, composerWant{len(r.Packages), name})
						}
					})
				case "replace":
					return names(func(name string) {
						if len(replaces) < MaxEdges {
							replaces = append(replaces, composerWant{len(r.Packages), name})
						}
					})
				default:
					return l.skip()
				}
			})
			p.Name = purl.Canonical(p.Ecosystem, p.Name)
			p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
			if err == nil || p.Name != "" {
				r.Packages = append(r.Packages, p)
			}
			return err
		})
	}
	err = l.object(func(name []byte) error {
		switch string(name) {
		case "packages":
			return packages("")
		case "packages-dev":
			return packages(tocsin.ScopeDev)
		default:
			return l.skip()
		}
	})
	if r.Partial, err = l.finish(err, len(r.Packages)); err != nil {
		return Result{}, err
	}
	if !known {
		return Result{}, errWrongTop
	}
	composerEdges(f, &r, wants, replaces)
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// composerEdges resolves what the packages, and the composer.json beside the lockfile, ask for. A package that another
// replaces is found in that.
func composerEdges(f File, r *Result, wants, replaces []composerWant) {
	g := newGraph(r)
	// The lockfile lists apart what is for development.
	g.mixed = true
	// Names have no case: https://getcomposer.org/doc/04-schema.md#name
	index, replaced := map[string][]int{}, map[string][]int{}
	for i, p := range r.Packages {
		name := strings.ToLower(p.Name)
		index[name] = append(index[name], i)
	}
	for _, x := range replaces {
		if x.from < len(r.Packages) {
			replaced[x.name] = append(replaced[x.name], x.from)
		}
	}
	link := func(from int, name string) {
		found := index[name]
		if len(found) == 0 {
			found = replaced[name]
		}
		g.link(from, false, found...)
	}
	for _, w := range wants {
		if w.from < len(r.Packages) {
			link(w.from, w.name)
		}
	}
	for _, w := range composerJSON(f) {
		link(tocsin.EdgeRoot, strings.ToLower(w.name))
	}
	g.settle()
}

// A composerWant says that a package asks for a name, or replaces it. Where reading broke off, the package may be missing.
type composerWant struct {
	from int
	name string
}
