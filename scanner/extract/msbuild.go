package extract

import (
	"context"
	"encoding/xml"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// msbuild reads the package references of a .NET project and the versions of a Directory.Packages.props. It is ours
// because osv-scalibr's knows neither PackageVersion nor a version written as an element.
// https://learn.microsoft.com/en-us/nuget/consume-packages/package-references-in-project-files
// https://learn.microsoft.com/en-us/nuget/consume-packages/central-package-management
type msbuild struct{ format string }

func (m msbuild) Format() string { return m.format }
func (msbuild) Limit() int64     { return LimitStream }

func (msbuild) Read(_ context.Context, f File) (Result, error) {
	x := newElements(f.Body)
	var r Result
	properties := map[string]string{}
	item := func(e xml.StartElement) error {
		if e.Name.Local != "PackageReference" && e.Name.Local != "PackageVersion" && e.Name.Local != "GlobalPackageReference" {
			return x.skip()
		}
		line := x.line()
		name, version := attribute(e, "Include"), attribute(e, "Version")
		if v := attribute(e, "VersionOverride"); v != "" {
			version = v
		}
		err := x.children(func(e xml.StartElement) error {
			if e.Name.Local == "Version" && version == "" {
				return x.text(&version)
			}
			return x.skip()
		})
		if name == "" || err != nil {
			// Update and Remove change what another file includes.
			return err
		}
		if len(r.Packages) == MaxPackages {
			return errTooMany
		}
		version = exactNuGet(version, properties)
		r.Packages = append(r.Packages, tocsin.Package{
			Ecosystem: "NuGet", Name: name, Version: version, PURL: purl.Make("NuGet", name, version),
			Relation: tocsin.RelationDirect, Location: []tocsin.Location{{Path: f.Path, Line: line}},
		})
		return nil
	}
	err := x.document("Project", func(e xml.StartElement) error {
		switch e.Name.Local {
		case "ItemGroup":
			return x.children(item)
		case "PropertyGroup":
			return x.children(func(e xml.StartElement) error {
				var value string
				err := x.text(&value)
				properties[e.Name.Local] = value
				return err
			})
		default:
			return x.skip()
		}
	})
	if r.Partial, err = x.finish(err, len(r.Packages)); err != nil {
		return Result{}, err
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// exactNuGet is the one version that a reference means, or nothing: a property of this file is filled in, "[1.0]" is
// 1.0, and a plain version is what NuGet takes where it exists. Ranges and floating versions are decided elsewhere.
// https://learn.microsoft.com/en-us/nuget/concepts/package-versioning#version-ranges
func exactNuGet(version string, properties map[string]string) string {
	if name, ok := strings.CutPrefix(version, "$("); ok && strings.HasSuffix(name, ")") {
		version = properties[strings.TrimSuffix(name, ")")]
	}
	if one, ok := strings.CutPrefix(version, "["); ok && strings.HasSuffix(one, "]") {
		version = strings.TrimSuffix(one, "]")
	}
	if strings.ContainsAny(version, "*,[]()$; ") {
		return ""
	}
	return version
}
