package extract

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	cpb "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/requirements"
	scalibrfs "github.com/google/osv-scalibr/fs"
	"github.com/google/osv-scalibr/log"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// borrowed reads a lockfile with an extractor of osv-scalibr, then looks at the file once more for what that leaves out.
type borrowed struct {
	format    string
	ecosystem string
	// open makes the extractor. It is made per file: some keep state, and making one is cheap.
	open func(*cpb.PluginConfig) (filesystem.Extractor, error)
	// lines says that the extractor reads by lines, and stops at an overlong one.
	lines bool
	// manifest says that the file states wishes of its project only, so that every package in it is direct.
	manifest bool
	// guard refuses content that the extractor does not survive, and may wrap the files it opens; nil if there is none.
	guard func(f *File, data []byte) error
	// complete adds what the extractor leaves out, from the same content; nil if there is nothing to add.
	complete func(f File, data []byte, r *Result) error
}

func (b *borrowed) Format() string { return b.format }
func (b *borrowed) Limit() int64   { return LimitParsed }

func (b *borrowed) Read(ctx context.Context, f File) (Result, error) {
	silence()
	data, err := readText(f)
	if err != nil {
		return Result{}, err
	}
	if b.guard != nil {
		if err := b.guard(&f, data); err != nil {
			return Result{}, err
		}
	}
	ext, err := b.open(&cpb.PluginConfig{})
	if err != nil {
		return Result{}, fmt.Errorf("opening the %s reader: %w", b.format, err)
	}
	in := &filesystem.ScanInput{FS: siblings{f.FS}, Path: f.Path, Reader: bytes.NewReader(data), Info: size{path.Base(f.Path), int64(len(data))}}
	inv, err := ext.Extract(ctx, in)
	if err != nil && len(inv.Packages) == 0 {
		return Result{}, strip(err)
	}
	var r Result
	if err != nil {
		r.Partial = strip(err).Error()
	}
	if n := longLine(data); b.lines && n > 0 {
		r.Partial = fmt.Sprintf("line %d is longer than 64 KiB; what follows was not read", n)
	}
	if len(inv.Packages) > MaxPackages {
		r.Partial = errTooMany.Error()
		clear(inv.Packages[MaxPackages:])
		inv.Packages = inv.Packages[:MaxPackages]
	}
	r.Packages = make([]tocsin.Package, 0, len(inv.Packages))
	for i, p := range inv.Packages {
		r.Packages = append(r.Packages, b.pack(f.Path, p))
		inv.Packages[i] = nil // a million of them would fill the memory twice
	}
	// Extractors go through maps: order the packages, so that the rest does not depend on chance.
	slices.SortStableFunc(r.Packages, func(x, y tocsin.Package) int {
		return cmp.Or(cmp.Compare(x.Location[0].Line, y.Location[0].Line), tocsin.ComparePackages(x, y))
	})
	if b.complete != nil {
		if err := b.complete(f, data, &r); err != nil && r.Partial == "" {
			r.Partial = strip(err).Error()
		}
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		if p.Origin.Kind != tocsin.OriginLocal {
			p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
		}
	}
	r.Gaps = append(r.Gaps, gaps(f.Path, r.Packages)...)
	return r, nil
}

// readText reads all of a file. What is no UTF-8 in it is replaced: parsers differ in what they do about it, and a name that is
// not text can match nothing either way.
func readText(f File) ([]byte, error) {
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if err := checkText(data); err != nil {
		return nil, err
	}
	return bytes.ToValidUTF8(data, []byte("\uFFFD")), nil
}

func (b *borrowed) pack(file string, p *extractor.Package) tocsin.Package {
	out := tocsin.Package{Ecosystem: b.ecosystem, Version: p.Version, Name: purl.Canonical(b.ecosystem, p.Name), Scope: scope(p.Metadata)}
	if b.manifest {
		out.Relation = tocsin.RelationDirect
	}
	at := tocsin.Location{Path: file}
	if d := p.Location.Descriptor; d != nil && d.File != nil {
		at.Line = d.File.LineNumber
		if d.File.Path != "" {
			at.Path = path.Clean(strings.ReplaceAll(d.File.Path, `\`, "/"))
		}
	}
	out.Location = []tocsin.Location{at}
	if m, ok := p.Metadata.(*requirements.Metadata); ok {
		pinned(&out, m)
	}
	if p.PURLType == "git" || p.PURLType == "github" {
		if p.PURLType == "github" {
			// A file or repository that a lockfile of packages refers to is none of its packages.
			out.Ecosystem = ""
		}
		out.Origin.Kind = tocsin.OriginGit
		if p.SourceCode != nil && p.SourceCode.Repo != "" {
			out.Origin.URL = plain(p.SourceCode.Repo)
		}
	}
	return out
}

// devGroups are the dependency groups whose members are never part of what is shipped. Others, like "docs" or
// "optional", may be extras that somebody installs.
var devGroups = []string{"dev", "develop", "development", "dev-dependencies", "test", "tests", "require-dev", "build-requires"}

func scope(metadata any) tocsin.Scope {
	g, ok := metadata.(interface{ DepGroups() []string })
	if !ok {
		return ""
	}
	return scopeOf(g.DepGroups())
}

// scopeOf is dev if all of the groups a package belongs to are.
func scopeOf(groups []string) tocsin.Scope {
	groups = slices.DeleteFunc(slices.Clone(groups), func(s string) bool {
		// Optional and bundled say how, not when, a package is used.
		return s == "optional" || s == "bundled"
	})
	if len(groups) == 0 {
		return ""
	}
	for _, s := range groups {
		if !slices.Contains(devGroups, strings.ToLower(s)) {
			return tocsin.ScopeRuntime
		}
	}
	return tocsin.ScopeDev
}

// strip shortens the chains of prefixes that borrowed errors carry to their last part, which says what was wrong.
func strip(err error) error {
	text := err.Error()
	for _, prefix := range []string{"could not extract: ", "could not extract from "} {
		if i := strings.LastIndex(text, prefix); i >= 0 {
			text = text[i+len(prefix):]
		}
	}
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return errors.New(text)
}

// silence keeps osv-scalibr from writing to standard error. Its logger is a variable of that package.
var silence = sync.OnceFunc(func() { log.SetLogger(quiet{}) })

type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Error(...any)          {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Warn(...any)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Info(...any)           {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Debug(...any)          {}

// siblings is the part of a tree that an extractor may open: fs.FS with the methods osv-scalibr asks for.
type siblings struct {
	fs.FS
}

var _ scalibrfs.FS = siblings{}

func (s siblings) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(s.FS, name) }
func (s siblings) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(s.FS, name) }

// size is the file info of content in memory.
type size struct {
	name string
	n    int64
}

func (s size) Name() string     { return s.name }
func (s size) Size() int64      { return s.n }
func (size) Mode() fs.FileMode  { return 0o444 }
func (size) IsDir() bool        { return false }
func (size) ModTime() time.Time { return time.Time{} }
func (size) Sys() any           { return nil }
