package extract

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// npmLock reads package-lock.json and npm-shrinkwrap.json of all three versions. It is ours because osv-scalibr's takes
// an entry without address for a local one, fails on `"resolved": false`, and has neither integrity nor graph.
// https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
type npmLock struct{}

func (npmLock) Format() string { return "npm/package-lock" }
func (npmLock) Limit() int64   { return LimitWhole }

// npmEntry is one entry of "packages" (versions 2 and 3) or "dependencies" (version 1).
type npmEntry struct {
	name, version, resolved, integrity string
	link, dev, devOptional             bool
	line                               int
	// wants are the names it asks for; the project's own include those for development.
	wants []string
	// pkg is its index in the result, or -1.
	pkg int
}

func (npmLock) Read(_ context.Context, f File) (Result, error) {
	data, err := whole(f)
	if err != nil {
		return Result{}, err
	}
	l := &npmReader{lined: newLined(data), entries: map[string]*npmEntry{}}
	known := false
	err = l.object(func(name []byte) error {
		switch string(name) {
		case "lockfileVersion", "name", "version", "requires":
			known = true
			return l.skip()
		case "packages":
			known, l.modern = true, true
			return l.object(func(name []byte) error { return l.entry(string(name)) })
		case "dependencies":
			known = true
			if l.modern {
				// Version 2 says everything twice, for old npms.
				return l.skip()
			}
			return l.nested("")
		default:
			return l.skip()
		}
	})
	if err == nil && !known {
		return Result{}, fmt.Errorf("%w: no lockfileVersion, packages or dependencies", errWrongTop)
	}
	r := l.result(f.Path)
	if r.Partial, err = l.finish(err, len(r.Packages)); err != nil {
		return Result{}, err
	}
	if l.lookups > maxLookups && r.Partial == "" {
		r.Partial = fmt.Sprintf("more than %d lookups of dependencies", maxLookups)
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

type npmReader struct {
	*lined
	entries map[string]*npmEntry
	order   []string
	modern  bool
	lookups int
}

// A folder of a thousand levels whose package asks for a million names would be looked up a billion times. Real folders are
// some levels deep, and the largest real lockfiles take some million lookups.
const (
	maxFolder  = 1024
	maxLookups = 5_000_000
)

func (l *npmReader) put(key string, e *npmEntry) error {
	if len(l.entries) == MaxPackages {
		return errTooMany
	}
	if _, again := l.entries[key]; !again {
		l.order = append(l.order, key)
	}
	l.entries[key] = e
	return nil
}

func (l *npmReader) names(e *npmEntry) error {
	return l.object(func(name []byte) error {
		e.wants = append(e.wants, string(name))
		return l.skip()
	})
}

// entry reads one entry of "packages"; its key is the folder it is installed in.
func (l *npmReader) entry(key string) error {
	e := &npmEntry{line: l.at()}
	err := l.object(func(name []byte) error {
		switch string(name) {
		case "name":
			return l.text(&e.name)
		case "version":
			return l.text(&e.version)
		case "resolved":
			return l.address(&e.resolved)
		case "integrity":
			return l.text(&e.integrity)
		case "link":
			return l.truth(&e.link)
		case "dev":
			return l.truth(&e.dev)
		case "devOptional":
			return l.truth(&e.devOptional)
		case "dependencies", "devDependencies", "optionalDependencies", "peerDependencies":
			return l.names(e)
		default:
			return l.skip()
		}
	})
	if err != nil {
		return err
	}
	return l.put(key, e)
}

// address reads "resolved", which npm 6 wrote as false for bundled packages.
func (l *npmReader) address(into *string) error {
	if l.dec.PeekKind() != '"' {
		return l.skip()
	}
	return l.text(into)
}

// nested reads the tree of "dependencies" of version 1, filing each entry under the folder it is installed in.
func (l *npmReader) nested(folder string) error {
	return l.object(func(name []byte) error {
		e := &npmEntry{name: string(name), line: l.at()}
		key := path.Join(folder, "node_modules", e.name)
		err := l.object(func(name []byte) error {
			switch string(name) {
			case "version":
				return l.text(&e.version)
			case "resolved":
				return l.address(&e.resolved)
			case "integrity":
				return l.text(&e.integrity)
			case "dev":
				return l.truth(&e.dev)
			case "requires":
				if l.dec.PeekKind() != '{' {
					return l.skip()
				}
				return l.names(e)
			case "dependencies":
				return l.nested(key)
			default:
				return l.skip()
			}
		})
		if err != nil {
			return err
		}
		// The version stands for an address where there is no version, and for the real name of an alias.
		if alias, ok := strings.CutPrefix(e.version, "npm:"); ok {
			if i := strings.LastIndexByte(alias, '@'); i > 0 {
				e.name, e.version = alias[:i], alias[i+1:]
			}
		} else if strings.ContainsAny(e.version, ":/") {
			e.resolved, e.version = e.version, ""
		}
		return l.put(key, e)
	})
}

func (l *npmReader) result(file string) Result {
	var r Result
	for _, key := range l.order {
		e := l.entries[key]
		e.pkg = -1
		if key == "" || e.link {
			continue
		}
		name := e.name
		if name == "" && inModules(key) {
			name = key[strings.LastIndex("/"+key, "/node_modules/")+len("node_modules/"):]
		}
		if name == "" {
			name = path.Base(key)
		}
		p := tocsin.Package{
			Ecosystem: "npm", Name: name, Version: e.version, Integrity: e.integrity, Origin: tarball(e.resolved),
			Location: []tocsin.Location{{Path: file, Line: e.line}},
		}
		if !inModules(key) {
			p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: key}
		}
		if e.dev {
			// devOptional is needed by something that may be installed, so it is not for development only.
			p.Scope = tocsin.ScopeDev
		}
		if p.Origin.Kind != tocsin.OriginLocal {
			p.PURL = purl.Make("npm", p.Name, p.Version)
		}
		e.pkg = len(r.Packages)
		r.Packages = append(r.Packages, p)
	}
	for _, key := range l.order {
		e := l.entries[key]
		from := e.pkg
		if key == "" {
			from = tocsin.EdgeRoot
		}
		if e.link {
			continue
		}
		if key != "" && !inModules(key) {
			// A project of the workspace, which the one above need not ask for.
			r.Edges = append(r.Edges, tocsin.Edge{From: tocsin.EdgeRoot, To: from})
		}
		for _, want := range e.wants {
			if to := l.resolve(key, want); to >= 0 {
				r.Edges = append(r.Edges, tocsin.Edge{From: from, To: to})
			}
		}
	}
	if l.modern {
		relate(&r)
	}
	return r
}

// inModules says that what is installed in folder came from elsewhere, and is no part of the project.
func inModules(folder string) bool { return strings.Contains("/"+folder, "/node_modules/") }

// resolve finds the package that a name means for whoever is installed in folder, as Node does: in its own
// node_modules, then in those of the folders above. https://nodejs.org/api/modules.html#loading-from-node_modules-folders
func (l *npmReader) resolve(folder, name string) int {
	if len(folder) > maxFolder {
		return -1
	}
	for {
		if l.lookups++; l.lookups > maxLookups {
			return -1
		}
		if e := l.entries[strings.TrimPrefix(folder+"/node_modules/"+name, "/")]; e != nil {
			if target := l.entries[e.resolved]; e.link && target != nil {
				return target.pkg
			}
			return e.pkg
		}
		if folder == "" {
			return -1
		}
		if i := strings.LastIndexByte(folder, '/'); i >= 0 {
			folder = folder[:i]
		} else {
			folder = ""
		}
	}
}

// relate derives relations from edges: direct is what the project, or a part of it, asks for.
func relate(r *Result) {
	for _, e := range r.Edges {
		p := &r.Packages[e.To]
		if e.From == tocsin.EdgeRoot || r.Packages[e.From].Origin.Kind == tocsin.OriginLocal {
			p.Relation = tocsin.RelationDirect
		} else if p.Relation == "" {
			p.Relation = tocsin.RelationTransitive
		}
	}
}
