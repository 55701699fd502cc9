package extract

import (
	"context"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// nugetAssets reads project.assets.json, what a restore of a .NET project resolved. It is ours because osv-scalibr's
// takes the lower bounds of dependencies for packages. https://learn.microsoft.com/en-us/nuget/concepts/package-installation-process
type nugetAssets struct{}

func (nugetAssets) Format() string { return "dotnet/assets" }
func (nugetAssets) Limit() int64   { return LimitStream }

func (nugetAssets) Read(_ context.Context, f File) (Result, error) {
	w := newWalk(f.Body)
	b := newBOM(f.Path)
	known := false
	// Within one target a package has one version, so that names identify.
	type want struct{ target, from, name string }
	var wants []want
	versions := map[[2]string]string{}
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "targets":
			known = true
			return w.object(func(name []byte) error {
				target := string(name)
				return w.object(func(name []byte) error {
					key := string(name)
					id, _, _ := strings.Cut(key, "/")
					versions[[2]string{target, strings.ToLower(id)}] = key
					return w.object(func(name []byte) error {
						if string(name) != "dependencies" {
							return w.skip()
						}
						return w.object(func(name []byte) error {
							wants = append(wants, want{target, key, strings.ToLower(string(name))})
							return w.skip()
						})
					})
				})
			})
		case "libraries":
			known = true
			return w.object(func(name []byte) error {
				key := string(name)
				var kind, sum string
				err := w.object(func(name []byte) error {
					switch string(name) {
					case "type":
						return w.text(&kind)
					case "sha512":
						return w.text(&sum)
					default:
						return w.skip()
					}
				})
				if b.count == MaxPackages {
					return errTooMany
				}
				id, version, _ := strings.Cut(key, "/")
				p := tocsin.Package{Ecosystem: "NuGet", Name: id, Version: version, Integrity: sum, Location: b.at}
				if kind == "project" {
					p.Origin.Kind = tocsin.OriginLocal
				} else {
					p.PURL = purl.Make("NuGet", id, version)
				}
				b.parts[b.node(key)] = int32(b.keep(p))
				return err
			})
		case "projectFileDependencyGroups":
			return w.object(func(name []byte) error {
				target := string(name)
				return w.array(func() error {
					var text string
					err := w.text(&text)
					id, _, _ := strings.Cut(text, " ")
					wants = append(wants, want{target, "", strings.ToLower(id)})
					return err
				})
			})
		default:
			return w.skip()
		}
	})
	if err == nil && !known {
		return Result{}, errWrongTop
	}
	var r Result
	if r.Partial, err = w.finish(err, b.count); err != nil {
		return Result{}, err
	}
	const project = "\x00project"
	b.root(project)
	for _, x := range wants {
		from := x.from
		if from == "" {
			from = project
		}
		b.link(from, versions[[2]string{x.target, x.name}])
	}
	return b.result(r), nil
}
