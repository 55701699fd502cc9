package extract

import (
	"context"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// pnpmLock reads pnpm-lock.yaml, versions 5 to 9. It is ours because osv-scalibr's compares every key with every other, which
// takes hours where there are a million, and has no graph. https://github.com/pnpm/spec/tree/master/lockfile
type pnpmLock struct{}

func (pnpmLock) Format() string { return "npm/pnpm-lock" }
func (pnpmLock) Limit() int64   { return LimitParsed }

func (pnpmLock) Read(_ context.Context, f File) (Result, error) {
	// What the package manager itself needs may stand in a document of its own, before the project's.
	docs, fault := yamlDocuments(f)
	if fault != nil && len(docs) == 0 {
		return Result{}, fault
	}
	var r Result
	g := newGraph(&r)
	known := false
	for _, doc := range docs {
		if entry(doc, "lockfileVersion") == nil {
			continue
		}
		known = true
		d := &pnpmDocument{graph: g, keys: map[string]int{}}
		d.read(f.Path, doc)
	}
	if !known {
		return Result{}, errWrongTop
	}
	if fault != nil {
		r.Partial = strip(fault).Error()
	}
	g.settle()
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// pnpmDocument is one document of a lockfile; its keys mean nothing in another.
type pnpmDocument struct {
	*graph
	keys map[string]int
}

func (d *pnpmDocument) read(file string, doc *yaml.Node) {
	version, _, _ := strings.Cut(scalar(doc, "lockfileVersion"), ".")
	major, err := strconv.Atoi(version)
	modern := err != nil || major >= 9
	packages := entry(doc, "packages")
	for key, body := range pairs(packages) {
		if len(d.Packages) == MaxPackages {
			d.Partial = errTooMany.Error()
			break
		}
		p := pnpmPackage(key.Value, body, modern)
		p.Location = []tocsin.Location{{Path: file, Line: key.Line}}
		d.keys[key.Value] = len(d.Packages)
		d.Packages = append(d.Packages, p)
	}
	// Version 9 tells apart what a package is, and what it got in each place where it is installed.
	installed := entry(doc, "snapshots")
	if installed == nil {
		installed = packages
	}
	for key, body := range pairs(installed) {
		if from, ok := d.find(key.Value); ok {
			d.wants(from, body, "dependencies", false)
			d.wants(from, body, "optionalDependencies", false)
		}
	}
	importers := entry(doc, "importers")
	if importers == nil {
		d.project(doc)
	}
	for _, body := range pairs(importers) {
		d.project(body)
	}
}

// project adds what one project of the workspace asks for.
func (d *pnpmDocument) project(n *yaml.Node) {
	d.wants(tocsin.EdgeRoot, n, "dependencies", false)
	d.wants(tocsin.EdgeRoot, n, "optionalDependencies", false)
	d.wants(tocsin.EdgeRoot, n, "devDependencies", true)
	// These run when the project is installed.
	d.wants(tocsin.EdgeRoot, n, "configDependencies", true)
	d.wants(tocsin.EdgeRoot, n, "packageManagerDependencies", true)
}

func (d *pnpmDocument) wants(from int, n *yaml.Node, section string, dev bool) {
	for name, ref := range pairs(entry(n, section)) {
		version := ref.Value
		if ref.Kind == yaml.MappingNode {
			version = scalar(ref, "version")
		}
		// A reference is a version, an address, or the key itself where the name is an alias.
		for _, key := range []string{name.Value + "@" + version, "/" + name.Value + "@" + version, "/" + name.Value + "/" + version, version} {
			if to, ok := d.find(key); ok {
				d.link(from, dev, to)
				break
			}
		}
	}
}

// find gives the package of a key. Where packages and what they got are told apart, only the latter says for which peers.
func (d *pnpmDocument) find(key string) (int, bool) {
	i, ok := d.keys[key]
	if !ok {
		key, _, _ = strings.Cut(key, "(")
		i, ok = d.keys[key]
	}
	return i, ok
}

func pnpmPackage(key string, body *yaml.Node, modern bool) tocsin.Package {
	p := tocsin.Package{Ecosystem: "npm"}
	if modern {
		p.Name, p.Version = splitAt(key)
	} else {
		p.Name, p.Version = pnpmPath(key)
	}
	if name := scalar(body, "name"); name != "" {
		p.Name = name
	}
	if version := scalar(body, "version"); version != "" {
		p.Version = version
	}
	if p.Name == "" {
		p.Name = plain(key)
	}
	if strings.ContainsAny(p.Version, ":/") {
		p.Version = ""
	}
	if scalar(body, "dev") == "true" {
		p.Scope = tocsin.ScopeDev
	}
	resolution := entry(body, "resolution")
	p.Integrity = scalar(resolution, "integrity")
	address, repo := scalar(resolution, "tarball"), scalar(resolution, "repo")
	switch {
	case scalar(resolution, "type") == "directory":
		p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: scalar(resolution, "directory")}
	case repo != "":
		p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(strings.TrimPrefix(repo, "git+"))}
	default:
		p.Origin = tarball(address)
	}
	if p.Origin.Kind != tocsin.OriginLocal {
		p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
	}
	return p
}

// splitAt reads a key of version 9: "@scope/name@1.0.0" or "name@https://…".
func splitAt(key string) (name, version string) {
	key, _, _ = strings.Cut(key, "(")
	if i := strings.IndexByte(key[min(1, len(key)):], '@'); i >= 0 {
		return key[:i+1], key[i+2:]
	}
	return key, ""
}

// pnpmPath reads a key of an older version: "/name/1.0.0_peer@2.0.0" (5) or "/name@1.0.0(peer@2.0.0)" (6), with the registry
// before it unless that is the public one. Other addresses tell no name; it stands in the entry then.
func pnpmPath(key string) (name, version string) {
	if strings.HasPrefix(key, "file:") {
		return "", ""
	}
	key, _, _ = strings.Cut(key, "(")
	_, path, _ := strings.Cut(key, "/")
	name, rest, _ := strings.Cut(path, "/")
	if strings.HasPrefix(name, "@") {
		var second string
		second, rest, _ = strings.Cut(rest, "/")
		name += "/" + second
	}
	version, _, _ = strings.Cut(rest, "/")
	if version == "" {
		name, version = splitAt(name)
	}
	version, _, _ = strings.Cut(version, "_")
	if version == "" || version[0] < '0' || version[0] > '9' {
		return "", ""
	}
	return name, version
}
