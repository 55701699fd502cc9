package extract

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// pipfileLock reads Pipfile.lock. It is ours because osv-scalibr's looks for the line of each package from the start of the
// file, which takes hours where there are a million. https://pipenv.pypa.io/en/latest/pipfile.html
type pipfileLock struct{}

func (pipfileLock) Format() string { return "python/pipfile-lock" }
func (pipfileLock) Limit() int64   { return LimitWhole }

// pipfileEntry is what a Pipfile.lock says of a package.
type pipfileEntry struct{ version, index, git, file, path string }

func (pipfileLock) Read(_ context.Context, f File) (Result, error) {
	data, err := whole(f)
	if err != nil {
		return Result{}, err
	}
	l := newLined(data)
	var r Result
	sources := map[string]string{}
	var indexes []string // of each package
	known := false
	err = l.object(func(name []byte) error {
		known = true
		if string(name) == "_meta" {
			return pipfileSources(l, sources)
		}
		// Any other name is that of a group; "default" is what is installed unless another is asked for.
		var scope tocsin.Scope
		if string(name) == "develop" {
			scope = tocsin.ScopeDev
		}
		return l.object(func(name []byte) error {
			if len(r.Packages) == MaxPackages {
				return errTooMany
			}
			p := tocsin.Package{
				Ecosystem: "PyPI", Name: purl.Canonical("PyPI", string(name)), Scope: scope,
				Location: []tocsin.Location{{Path: f.Path, Line: l.at()}},
			}
			e, err := pipfilePackage(l, &p)
			r.Packages, indexes = append(r.Packages, p), append(indexes, e.index)
			return err
		})
	})
	if r.Partial, err = l.finish(err, len(r.Packages)); err != nil {
		return Result{}, err
	}
	if !known {
		return Result{}, errWrongTop
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		if address := sources[indexes[i]]; p.Origin.Kind == "" && address != "" {
			p.Origin = registry("PyPI", address)
		}
		if p.Origin.Kind != tocsin.OriginLocal {
			p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
		}
	}
	pipfileRoots(f, &r)
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// pipfileRoots adds what the Pipfile beside the lockfile asks for; all else in the lockfile is there for that, but for whom
// it does not tell.
func pipfileRoots(f File, r *Result) {
	data := beside(f, "Pipfile")
	var tables map[string]any
	if err := toml.Unmarshal(data, &tables); data == nil || err != nil {
		return
	}
	g, names := newGraph(r), named(r.Packages)
	for name, table := range tables {
		// Groups have any name but those of settings.
		if slices.Contains([]string{"source", "requires", "scripts", "pipenv"}, name) {
			continue
		}
		table, _ := table.(map[string]any)
		for name := range table {
			g.link(tocsin.EdgeRoot, false, names[purl.Canonical("PyPI", name)]...)
		}
	}
	if len(r.Edges) == 0 {
		return
	}
	for i := range r.Packages {
		r.Packages[i].Relation = tocsin.RelationTransitive
	}
	for _, e := range r.Edges {
		r.Packages[e.To].Relation = tocsin.RelationDirect
	}
}

// pipfileSources reads the names of the indexes.
func pipfileSources(l *lined, sources map[string]string) error {
	return l.object(func(name []byte) error {
		if string(name) != "sources" {
			return l.skip()
		}
		return l.array(func() error {
			var id, address string
			err := l.object(func(name []byte) error {
				switch string(name) {
				case "name":
					return l.text(&id)
				case "url":
					return l.text(&address)
				default:
					return l.skip()
				}
			})
			sources[id] = address
			return err
		})
	})
}

func pipfilePackage(l *lined, p *tocsin.Package) (pipfileEntry, error) {
	var e pipfileEntry
	var hashes []string
	err := l.object(func(name []byte) error {
		switch string(name) {
		case "version":
			return l.text(&e.version)
		case "index":
			return l.text(&e.index)
		case "git":
			return l.text(&e.git)
		case "file":
			return l.text(&e.file)
		case "path":
			return l.text(&e.path)
		case "hashes":
			return l.array(func() error {
				var hash string
				err := l.text(&hash)
				hashes = append(hashes, hash)
				return err
			})
		default:
			return l.skip()
		}
	})
	p.Integrity = strings.Join(hashes, " ")
	// Any other operator does not say which version runs.
	if version, ok := strings.CutPrefix(e.version, "=="); ok {
		p.Version = strings.TrimLeft(version, "= ")
	}
	switch {
	case e.git != "":
		p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(e.git)}
	case e.path != "":
		p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: e.path}
	case e.file != "":
		p.Origin = origin("PyPI", e.file)
		p.Origin.Kind = cmp.Or(p.Origin.Kind, tocsin.OriginLocal)
	}
	return e, err
}
