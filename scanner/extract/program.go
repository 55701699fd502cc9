package extract

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// goBinary reads the build information that the Go linker puts into programs: the modules they are made of, and the Go
// version, which here is the one whose standard library runs. https://pkg.go.dev/debug/buildinfo
type goBinary struct{}

func (goBinary) Format() string { return "go/binary" }
func (goBinary) Limit() int64   { return LimitStream }

// isProgram knows ELF, PE and Mach-O by their first bytes. The magic of a Mach-O file for several processors is that of
// Java classes too, whose version stands where Mach-O has the number of processors.
func isProgram(head []byte) bool {
	for _, magic := range []string{"\x7fELF", "MZ", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			// Text that begins with "MZ" is no program.
			return magic != "MZ" || bytes.IndexByte(head, 0) >= 0
		}
	}
	return len(head) >= 8 && bytes.HasPrefix(head, []byte("\xca\xfe\xba\xbe")) && binary.BigEndian.Uint32(head[4:]) < 20
}

func (goBinary) Read(_ context.Context, f File) (Result, error) {
	at, _, done, err := random(f)
	if err != nil {
		return Result{}, err
	}
	defer done()
	info, err := buildinfo.Read(at)
	if err != nil {
		return Result{}, fmt.Errorf("%w: no build information of Go: %v", ErrForeign, err)
	}
	return buildInfo(f.Path, info), nil
}

// buildInfo makes packages of what a program says. The main module is the project itself.
func buildInfo(path string, info *debug.BuildInfo) Result {
	var r Result
	at := []tocsin.Location{{Path: path}}
	add := func(p tocsin.Package) {
		p.Ecosystem, p.Location = "Go", at
		p.Version = goVersion(p.Name, p.Version)
		if p.Origin.Kind != tocsin.OriginLocal {
			p.PURL = purl.Make("Go", p.Name, p.Version)
		}
		r.Packages = append(r.Packages, p)
	}
	// After the version may follow experiments, or who built it.
	version, _, _ := strings.Cut(info.GoVersion, " ")
	if version != "" {
		add(tocsin.Package{Name: "stdlib", Version: version})
	}
	for _, m := range info.Deps {
		if len(r.Packages) == MaxPackages {
			r.Partial = errTooMany.Error()
			break
		}
		if m == nil {
			continue
		}
		p := tocsin.Package{Name: m.Path, Version: m.Version, Integrity: m.Sum}
		if m.Replace != nil {
			p.Name, p.Version, p.Integrity = m.Replace.Path, m.Replace.Version, m.Replace.Sum
			if m.Replace.Version == "" {
				// A replacement without version is a folder: https://go.dev/ref/mod#go-mod-file-replace
				p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: m.Replace.Path}
			}
		}
		add(p)
	}
	if info.Main.Path == "" && len(info.Deps) == 0 {
		r.Partial = "the program was built without module information"
	}
	r.Gaps = gaps(path, r.Packages)
	return r
}
