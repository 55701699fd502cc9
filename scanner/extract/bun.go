package extract

import (
	"context"
	"strings"

	"github.com/tidwall/jsonc"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// bunLock reads bun.lock, which is JSON with comments. It is ours because osv-scalibr's looks for the line of each package
// from the start of the file, which takes hours where there are a million. https://bun.com/docs/pm/lockfile
type bunLock struct{}

func (bunLock) Format() string { return "npm/bun-lock" }
func (bunLock) Limit() int64   { return LimitWhole }

func (bunLock) Read(_ context.Context, f File) (Result, error) {
	data, err := whole(f)
	if err != nil {
		return Result{}, err
	}
	// Comments and trailing commas become blanks, so that lines stay.
	l := newLined(jsonc.ToJSONInPlace(data))
	var r Result
	known := false
	err = l.object(func(name []byte) error {
		switch string(name) {
		case "lockfileVersion":
			known = true
			return l.skip()
		case "packages":
			known = true
			return l.object(func([]byte) error {
				if len(r.Packages) == MaxPackages {
					return errTooMany
				}
				line := l.at()
				var elements []string
				err := l.array(func() error {
					if l.dec.PeekKind() != '"' {
						return l.skip()
					}
					var s string
					err := l.text(&s)
					elements = append(elements, s)
					return err
				})
				if len(elements) > 0 {
					p := bunPackage(elements[0])
					p.Location = []tocsin.Location{{Path: f.Path, Line: line}}
					if last := elements[len(elements)-1]; strings.HasPrefix(last, "sha") {
						p.Integrity = last
					}
					r.Packages = append(r.Packages, p)
				}
				return err
			})
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

// bunPackage reads "name@version", where the version may be an address: git+ssh://…#commit, github:owner/repo#commit, an
// archive, or a folder of the project.
func bunPackage(entry string) tocsin.Package {
	p := tocsin.Package{Ecosystem: "npm", Name: entry}
	if i := strings.IndexByte(entry[min(1, len(entry)):], '@'); i >= 0 {
		p.Name, p.Version = entry[:i+1], entry[i+2:]
	}
	kind, _, isAddress := strings.Cut(p.Version, ":")
	address := p.Version
	switch {
	case !isAddress:
		p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
		return p
	case kind == "workspace", kind == "file", kind == "link", kind == "root":
		p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: plain(address)}
	case kind == "github", strings.HasPrefix(kind, "git"):
		address, _, _ = strings.Cut(address, "#")
		p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(address)}
	default:
		p.Origin = origin("npm", address)
	}
	p.Version = ""
	if p.Origin.Kind != tocsin.OriginLocal {
		p.PURL = purl.Make(p.Ecosystem, p.Name, "")
	}
	return p
}
