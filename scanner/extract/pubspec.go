package extract

import (
	"context"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// pubspecLock reads pubspec.lock. It is ours because osv-scalibr's compares every key with every other, which takes hours
// where there are a million. https://github.com/dart-lang/pub/blob/master/lib/src/lock_file.dart
type pubspecLock struct{}

func (pubspecLock) Format() string { return "dart/pubspec-lock" }
func (pubspecLock) Limit() int64   { return LimitParsed }

func (pubspecLock) Read(_ context.Context, f File) (Result, error) {
	docs, err := yamlDocuments(f)
	if err != nil {
		return Result{}, err
	}
	if len(docs) == 0 || entry(docs[0], "packages") == nil && entry(docs[0], "sdks") == nil {
		return Result{}, errWrongTop
	}
	var r Result
	g := newGraph(&r)
	for key, body := range pairs(entry(docs[0], "packages")) {
		if len(r.Packages) == MaxPackages {
			r.Partial = errTooMany.Error()
			break
		}
		description := entry(body, "description")
		p := tocsin.Package{
			Ecosystem: "Pub", Name: key.Value, Version: scalar(body, "version"), Integrity: scalar(description, "sha256"),
			Location: []tocsin.Location{{Path: f.Path, Line: key.Line}},
		}
		address := scalar(description, "url")
		switch scalar(body, "source") {
		case "path", "sdk":
			// What comes with the SDK is versioned by it, under names that pub.dev may use otherwise.
			p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: scalar(description, "path")}
		case "git":
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(address)}
		case "hosted":
			p.Origin = registry("Pub", address)
		}
		if p.Origin.Kind != tocsin.OriginLocal {
			p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
		}
		// Who asks for a transitive package is not told.
		switch kind := scalar(body, "dependency"); {
		case strings.HasPrefix(kind, "direct"):
			p.Relation = tocsin.RelationDirect
			if strings.Contains(kind, "dev") {
				p.Scope = tocsin.ScopeDev
			}
			g.link(tocsin.EdgeRoot, false, len(r.Packages))
		case kind == "transitive":
			p.Relation = tocsin.RelationTransitive
		}
		r.Packages = append(r.Packages, p)
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}
