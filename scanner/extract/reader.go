// Package extract turns one file into packages: lockfiles and manifests, SBOMs, the pins of GitHub workflows, the
// images that containers are built from, the databases of system packages, and what programs and archives say of their parts.
//
// Every reader takes the content of a file and returns values. None opens anything but the siblings its format refers to
// (go.sum, requirements files, the manifest of a lockfile), and those through the [File.FS] it was handed; none has state, and
// all may be used from several goroutines at once. What a reader cannot use it counts, in gaps or in the reason of a partial
// result.
package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tocsin-dev/tocsin"
)

// A Reader reads one format.
type Reader interface {
	// Format names the reader in coverage reports, as "npm/package-lock".
	Format() string
	// Limit is the largest file that the reader is given, in bytes: what it makes of one must fit in memory.
	Limit() int64
	// Read returns what the file holds. [ErrForeign] means that the file is of another kind than it looked, any other error
	// that nothing could be used. It may panic on input that a borrowed parser does not survive, and may ignore ctx while
	// it computes: the caller guards against both.
	Read(ctx context.Context, f File) (Result, error)
}

// The limits of readers, by what they make of the worst file of that size: about a gigabyte at most.
const (
	// LimitStream is for readers that read as they go. The largest real SBOM known has some 80 MB.
	LimitStream = 256 << 20
	// LimitWhole is for readers that hold the file and some ten times its size. The largest real package-lock.json files
	// have some 10 MB.
	LimitWhole = 64 << 20
	// LimitParsed is for general parsers, and for lines that are all made packages. Nodes, tables and lines of a few
	// bytes each become seventy times as much. Real lockfiles of these formats have some 3 MB at most.
	LimitParsed = 8 << 20
	// LimitConfiguration is for YAML that is written by hand.
	LimitConfiguration = 4 << 20
)

// A File is an open file to read.
type File struct {
	// Path is slash-separated and relative to FS.
	Path string
	Body io.Reader
	// FS is where files that this one refers to are opened.
	FS fs.FS
}

// A Result is what one file holds.
type Result struct {
	Packages []tocsin.Package
	// Edges index Packages; From may be [tocsin.EdgeRoot].
	Edges []tocsin.Edge
	Gaps  []tocsin.Gap
	// Partial says where and why reading stopped short or left something out; empty if the file was read whole.
	Partial string
}

// MaxPackages is the most one file may hold. The largest real SBOM known holds some 50,000; a hostile one of the largest
// permitted size could hold ten million, which would not fit in memory.
const MaxPackages = 500_000

// maxNesting is the deepest nesting of brackets or elements that a reader follows. Real documents stay below a hundred;
// parsers that descend by recursion die of a few million.
const maxNesting = 10_000

var (
	errNesting  = fmt.Errorf("nested deeper than %d levels", maxNesting)
	errTooMany  = fmt.Errorf("more than %d packages", MaxPackages)
	errNotText  = errors.New("not a text file")
	errWrongTop = errors.New("not a document of this format")
)

// gapExamples is how many packages a gap names, for people.
const gapExamples = 3

// gaps counts the packages of a file that cannot be matched.
func gaps(path string, packages []tocsin.Package) []tocsin.Gap {
	var out []tocsin.Gap
	count := func(reason tocsin.GapReason, example string) {
		for i := range out {
			if out[i].Reason == reason {
				out[i].Count++
				if len(out[i].Examples) < gapExamples {
					out[i].Examples = append(out[i].Examples, example)
				}
				return
			}
		}
		out = append(out, tocsin.Gap{Path: path, Reason: reason, Count: 1, Examples: []string{example}})
	}
	for _, p := range packages {
		switch {
		case p.Name == "":
			count(tocsin.GapNoName, p.PURL)
		case p.Ecosystem == "":
			count(tocsin.GapNoEcosystem, p.String())
		case p.Version == "" && p.Origin.Kind != tocsin.OriginLocal:
			// A part of the project itself needs no version to be known.
			count(tocsin.GapNoVersion, p.String())
		}
	}
	return out
}
