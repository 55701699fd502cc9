package extract

import (
	"context"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// sbtLock reads the build.sbt.lock that the plugin sbt-dependency-lock writes.
// https://stringbean.github.io/sbt-dependency-lock/file-formats/version-1.html
type sbtLock struct{}

func (sbtLock) Format() string { return "scala/sbt-lock" }
func (sbtLock) Limit() int64   { return LimitStream }

func (sbtLock) Read(_ context.Context, f File) (Result, error) {
	w := newWalk(f.Body)
	var r Result
	known := false
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "lockVersion":
			known = true
			return w.skip()
		case "dependencies":
			known = true
			return w.array(func() error {
				if len(r.Packages) == MaxPackages {
					return errTooMany
				}
				p, err := sbtDependency(w)
				if p.Name != "" {
					p.Location = []tocsin.Location{{Path: f.Path}}
					r.Packages = append(r.Packages, p)
				}
				return err
			})
		default:
			return w.skip()
		}
	})
	if r.Partial, err = w.finish(err, len(r.Packages)); err != nil {
		return Result{}, err
	}
	if !known {
		return Result{}, errWrongTop
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// sbtDependency reads one dependency. Used in tests only, it is a dev dependency.
func sbtDependency(w *walk) (tocsin.Package, error) {
	p := tocsin.Package{Ecosystem: "Maven"}
	var org, name, hash string
	var configurations []string
	err := w.object(func(key []byte) error {
		switch string(key) {
		case "org":
			return w.text(&org)
		case "name":
			return w.text(&name)
		case "version":
			return w.text(&p.Version)
		case "configurations":
			return w.array(func() error {
				var c string
				err := w.text(&c)
				configurations = append(configurations, c)
				return err
			})
		case "artifacts":
			return w.array(func() error {
				return w.object(func(key []byte) error {
					if string(key) == "hash" && hash == "" {
						return w.text(&hash)
					}
					return w.skip()
				})
			})
		default:
			return w.skip()
		}
	})
	if org == "" || name == "" {
		return tocsin.Package{}, err
	}
	p.Name = org + ":" + name
	p.PURL = purl.Make("Maven", p.Name, p.Version)
	p.Integrity = hash
	if len(configurations) > 0 && !slices.ContainsFunc(configurations, func(c string) bool { return !strings.HasPrefix(c, "test") }) {
		p.Scope = tocsin.ScopeDev
	}
	return p, err
}
