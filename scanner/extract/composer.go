package extract

import (
	"context"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// composerLock reads composer.lock. It is ours because osv-scalibr's looks for the line of each package from the start of
// the file, which takes hours where there are a million. https://getcomposer.org/doc/01-basic-usage.md
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
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}
