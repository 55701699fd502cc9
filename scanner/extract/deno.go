package extract

import (
	"context"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// denoLock reads the npm packages of a deno.lock, versions 2 to 5. Those of jsr.io are kept without ecosystem, since no
// advisories name them; remote modules are addresses, not packages. https://docs.deno.com/runtime/fundamentals/modules/#integrity-checking-and-lock-files
type denoLock struct{}

func (denoLock) Format() string { return "deno/lock" }
func (denoLock) Limit() int64   { return LimitStream }

func (d denoLock) Read(_ context.Context, f File) (Result, error) {
	w := newWalk(f.Body)
	var r Result
	known := false
	entry := func(ecosystem string, key []byte) error {
		if len(r.Packages) == MaxPackages {
			return errTooMany
		}
		p := denoPackage(ecosystem, string(key))
		p.Location = []tocsin.Location{{Path: f.Path}}
		err := w.object(func(name []byte) error {
			if string(name) == "integrity" {
				return w.text(&p.Integrity)
			}
			return w.skip()
		})
		r.Packages = append(r.Packages, p)
		return err
	}
	var section func(name []byte) error
	section = func(name []byte) error {
		switch string(name) {
		case "version":
			known = true
			return w.skip()
		case "packages":
			// Version 3 keeps both kinds under one roof.
			known = true
			return w.object(section)
		case "npm":
			known = true
			return w.object(func(key []byte) error {
				switch string(key) {
				case "specifiers":
					return w.skip()
				case "packages":
					// Version 2 puts them one level deeper.
					return w.object(func(key []byte) error { return entry("npm", key) })
				default:
					return entry("npm", key)
				}
			})
		case "jsr":
			return w.object(func(key []byte) error { return entry("", key) })
		default:
			return w.skip()
		}
	}
	err := w.object(section)
	if err == nil && !known {
		return Result{}, errWrongTop
	}
	if r.Partial, err = w.finish(err, len(r.Packages)); err != nil {
		return Result{}, err
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// denoPackage reads a key like "@scope/name@1.2.3_peer@4.5.6": the version ends where the peers begin.
func denoPackage(ecosystem, key string) tocsin.Package {
	p := tocsin.Package{Ecosystem: ecosystem, Name: key}
	if i := strings.IndexByte(key[min(1, len(key)):], '@'); i >= 0 {
		p.Name, p.Version = key[:i+1], key[i+2:]
		p.Version, _, _ = strings.Cut(p.Version, "_")
	}
	p.PURL = purl.Make(ecosystem, p.Name, p.Version)
	return p
}
