// Package scanner turns a tree of files into an inventory: which packages a project resolved, how they depend on each
// other, and what could not be read. It walks once, decides for each file which reader of package extract takes it, and
// guards the readers: no file, however large, broken or hostile, stops the scan of the others, and none is left out of
// the coverage report once a reader has claimed it.
//
// The package reads no clock and writes nothing. Its functions may be called from several goroutines at once.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/extract"
)

// Options of a scan. The zero value scans everything.
type Options struct {
	// Project and Source are copied into the inventory.
	Project, Source string
	TakenAt         time.Time
	// Paths are the files and directories to scan, slash-separated and inside the root; empty means all of it. A file
	// that is named is read whatever directory it lies in, and reported as failed if nothing can read it.
	Paths []string
	// Progress, if set, is called with the path of each file that is about to be read.
	Progress func(path string)
}

// Dir opens a directory for scanning. Symbolic links that lead out of it cannot be followed through the returned file
// system. The caller closes the closer when the scan is done.
func Dir(name string) (fs.FS, io.Closer, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %v", tocsin.ErrNotFound, err)
		}
		return nil, nil, fmt.Errorf("opening the directory to scan: %w", err)
	}
	return root.FS(), root, nil
}

// Scan reads everything under root that a reader recognises. It fails with [tocsin.ErrNotFound] if a path of the options
// does not exist, [tocsin.ErrInvalid] if one is not inside root, and with the context's error if that ends; what is wrong
// with a file is not an error but a line of the coverage. If nothing was found to read, the coverage is empty.
func Scan(ctx context.Context, root fs.FS, opts Options) (tocsin.Inventory, error) {
	s := &scan{
		fsys: root, opts: opts, table: extract.NewTable(), seen: map[string]bool{},
		inv: tocsin.Inventory{Project: opts.Project, Source: opts.Source, TakenAt: opts.TakenAt},
	}
	s.inv.Coverage.Files = []tocsin.FileCoverage{}
	paths := opts.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		if err := s.path(ctx, p); err != nil {
			return tocsin.Inventory{}, err
		}
	}
	s.inv.Packages = slices.Concat(s.packages...)
	s.packages = nil
	s.inv.Seal()
	return s.inv, nil
}

// Reads says whether a walk would read a file for its name. An SBOM under a name that does not say so is told by its content
// only, and not by this.
func Reads(name string) bool {
	for dir := range strings.SplitSeq(path.Dir(name), "/") {
		if slices.Contains(skipped, dir) {
			return false
		}
	}
	return extract.NewTable().ByPath(name) != nil || extract.NamedDocument(name) && extract.MayBeDocument(name)
}

// Opens gives a function that says whether a scan may open a file for its name: what [Reads] says, documents that are told by their
// content only, and what readers look for beside their own. Programs, which have no name of their own, are not among them.
func Opens() func(name string) bool {
	table := extract.NewTable()
	return func(name string) bool {
		for dir := range strings.SplitSeq(path.Dir(name), "/") {
			if slices.Contains(skipped, dir) {
				return false
			}
		}
		switch path.Ext(name) {
		case ".toml", ".txt", ".in": // a manifest, what a list of requirements includes
			return true
		}
		base := path.Base(name)
		return extract.MayBeDocument(name) || slices.Contains([]string{"go.sum", "Pipfile", "os-release"}, base) || table.ByPath(name) != nil
	}
}

type scan struct {
	fsys  fs.FS
	opts  Options
	table *extract.Table
	inv   tocsin.Inventory
	// packages of each file, joined at the end: growing one list copies it again and again.
	packages [][]tocsin.Package
	count    int
	// seen are the files done, since paths may overlap.
	seen  map[string]bool
	files int
}

func (s *scan) path(ctx context.Context, name string) error {
	name = path.Clean(strings.TrimPrefix(name, "./"))
	if !fs.ValidPath(name) {
		return fmt.Errorf("%w: path %q is not inside the scanned directory", tocsin.ErrInvalid, name)
	}
	info, err := fs.Stat(s.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %q", tocsin.ErrNotFound, name)
	}
	if err != nil {
		s.failed(name, "", plainError(err))
		return nil
	}
	if info.IsDir() {
		return s.walk(ctx, name)
	}
	return s.file(ctx, name, info, true)
}

// skipped are the directories that a walk does not enter: version control, and installed copies of dependencies, whose
// own lockfiles say what their authors used and not what this project runs. Naming such a directory scans it.
var skipped = []string{
	".git", ".hg", ".svn", ".jj",
	"node_modules", "bower_components", "jspm_packages", ".yarn", ".pnpm-store",
	"vendor", ".bundle", "Pods", "Carthage",
	".venv", "venv", ".tox", ".nox", "site-packages", "__pypackages__", "__pycache__",
	".gradle", ".m2", ".terraform",
}

func (s *scan) walk(ctx context.Context, top string) error {
	return fs.WalkDir(s.fsys, top, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return fmt.Errorf("scanning %s: %w", name, ctx.Err())
		}
		if err != nil {
			s.failed(name, "", plainError(err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if s.files++; s.files > maxFiles {
			s.failed(name, "", fmt.Sprintf("more than %d files and directories; this and what follows was not looked at", maxFiles))
			return fs.SkipAll
		}
		if d.IsDir() {
			switch {
			case name == top:
			case slices.Contains(skipped, d.Name()):
				return fs.SkipDir
			case strings.Count(name, "/") >= maxDepth:
				s.failed(name, "", fmt.Sprintf("deeper than %d directories", maxDepth))
				return fs.SkipDir
			}
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 {
			s.link(name)
			return nil
		}
		known := s.table.ByPath(name) != nil || extract.MayBeDocument(name)
		if !d.Type().IsRegular() || !known && !extract.MayBeProgram(name) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			s.failed(name, "", plainError(err))
			return nil
		}
		if !known && (!executable(name, info) || info.Size() > extract.LimitStream) {
			return nil
		}
		return s.file(ctx, name, info, false)
	})
}

// executable says that a file may be run. Where files have no mode for that, their name tells.
func executable(name string, info fs.FileInfo) bool {
	return info.Mode()&0o111 != 0 || strings.EqualFold(path.Ext(name), ".exe")
}

// link reports a symbolic link that has the name of a lockfile and leads out of the tree. One that stays inside needs
// nothing: its target is met on its own.
func (s *scan) link(name string) {
	r := s.table.ByPath(name)
	if r == nil {
		return
	}
	target, err := fs.ReadLink(s.fsys, name)
	if err == nil && !path.IsAbs(target) && fs.ValidPath(path.Join(path.Dir(name), target)) {
		return
	}
	s.failed(name, r.Format(), "a symbolic link that leads out of the scanned directory is not followed")
}

// file reads one file, if a reader takes it. Only the end of ctx is an error.
func (s *scan) file(ctx context.Context, name string, info fs.FileInfo, named bool) error {
	if s.seen[name] {
		return nil
	}
	if !info.Mode().IsRegular() {
		s.failed(name, "", "not a regular file")
		return nil
	}
	reader, failure := s.choose(name, named)
	if failure != "" {
		s.failed(name, "", failure)
		return nil
	}
	if reader == nil {
		return nil
	}
	s.seen[name] = true
	if s.opts.Progress != nil {
		s.opts.Progress(name)
	}
	limit := reader.Limit()
	if info.Size() > limit {
		s.failed(name, reader.Format(), fmt.Sprintf("%d bytes; the limit is %d", info.Size(), limit))
		return nil
	}
	res, err := s.read(ctx, reader, name, limit)
	if ctx.Err() != nil {
		return fmt.Errorf("scanning %s: %w", name, ctx.Err())
	}
	if errors.Is(err, extract.ErrForeign) && !named {
		return nil
	}
	if err != nil {
		s.failed(name, reader.Format(), plainError(err))
		return nil
	}
	s.collect(name, reader.Format(), res)
	return nil
}

// choose finds the reader of a file. A reason says why there is none for a file that should have one.
func (s *scan) choose(name string, named bool) (reader extract.Reader, reason string) {
	if r := s.table.ByPath(name); r != nil {
		return r, ""
	}
	head, err := s.head(name)
	if err != nil {
		return nil, plainError(err)
	}
	if r := extract.ByContent(head); r != nil {
		return r, ""
	}
	if named {
		if r := s.table.ByNamed(name); r != nil {
			return r, ""
		}
	}
	if named || extract.NamedDocument(name) {
		body, err := s.open(name, extract.LimitStream)
		if err != nil {
			return nil, plainError(err)
		}
		defer body.Close()
		if r := extract.ByWholeContent(body); r != nil {
			return r, ""
		}
	}
	if named {
		return nil, "not recognised by name or content; supported are " + s.table.Supported()
	}
	return nil, ""
}

func (s *scan) failed(name, format, reason string) {
	s.seen[name] = true
	s.inv.Coverage.Files = append(s.inv.Coverage.Files, tocsin.FileCoverage{Path: name, Format: format, Status: tocsin.FileFailed, Reason: reason})
}

func (s *scan) collect(name, format string, res extract.Result) {
	fc := tocsin.FileCoverage{Path: name, Format: format, Status: tocsin.FileRead, Packages: len(res.Packages), Reason: res.Partial}
	if res.Partial != "" {
		fc.Status = tocsin.FilePartial
	}
	base := s.count
	if base+len(res.Packages) > maxPackages {
		s.failed(name, format, fmt.Sprintf("more than %d packages in all", maxPackages))
		return
	}
	if len(s.inv.Edges)+len(res.Edges) > maxEdges {
		res.Edges = nil
		fc.Status, fc.Reason = tocsin.FilePartial, fmt.Sprintf("more than %d edges in all; those of this file were left out", maxEdges)
	}
	s.packages = append(s.packages, res.Packages)
	s.count += len(res.Packages)
	for _, e := range res.Edges {
		if e.From != tocsin.EdgeRoot {
			e.From += base
		}
		e.To += base
		s.inv.Edges = append(s.inv.Edges, e)
	}
	s.inv.Coverage.Files = append(s.inv.Coverage.Files, fc)
	s.inv.Coverage.Gaps = append(s.inv.Coverage.Gaps, res.Gaps...)
}

// plainError is an error's text without the path, which the coverage names already, and on one line.
func plainError(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok && p == err {
		err = p.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
