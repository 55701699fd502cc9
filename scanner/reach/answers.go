package reach

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// output is the part of govulncheck's output that is read.
// https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck#Message
type output struct {
	SBOM *struct {
		Modules []struct{ Path, Version string }
		Roots   []string
	}
	Finding *struct {
		OSV   string
		Trace []frame
	}
}

type frame struct {
	Module, Version, Package, Function, Receiver string
	Position                                     *struct {
		Filename string
		Line     int
	}
}

// answers are what govulncheck says of one module: the versions of the modules that are compiled in, by key, and how far the
// code gets to a flaw.
type answers struct {
	versions map[string]string
	reach    map[flaw]tocsin.Reachability
}

// flaw is a record in a module, by key.
type flaw struct{ module, record string }

// read reads govulncheck's output about the module in dir, relative to what was scanned. It says of one flaw several times
// how far the code gets, the farthest counts; of equal ones the shortest trace, and of equal traces the first in order. That a
// package is initialised is no call of it, but for the records that name just that: inits.
func read(text []byte, dir string, inits map[string]bool) (answers, error) {
	a := answers{versions: map[string]string{}, reach: map[flaw]tocsin.Reachability{}}
	var roots []string
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var m output
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return a, fmt.Errorf("golang.org/x/vuln gave no JSON: %w", err)
		}
		if m.SBOM != nil {
			roots = m.SBOM.Roots
			for _, mod := range m.SBOM.Modules {
				a.versions[key(mod.Path)] = mod.Version
			}
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 {
			continue
		}
		at := m.Finding.Trace[0] // the flaw; the way to it follows
		k := flaw{key(at.Module), m.Finding.OSV}
		r := tocsin.Reachability{Reach: tocsin.ReachPresent, Advisory: m.Finding.OSV}
		switch {
		case at.Function != "" && (at.Function != "init" || inits[k.record]):
			r.Reach, r.Trace = tocsin.ReachCalled, trace(m.Finding.Trace, roots, dir)
		case at.Package != "":
			r.Reach = tocsin.ReachImported
		}
		if old, ok := a.reach[k]; !ok || compare(r, old) < 0 {
			a.reach[k] = r
		}
	}
	if len(a.versions) == 0 {
		return a, errors.New("golang.org/x/vuln named no modules")
	}
	return a, nil
}

// trace is the chain of calls, from the project's code to the flaw.
func trace(frames []frame, roots []string, dir string) []tocsin.Call {
	var out []tocsin.Call
	for _, f := range slices.Backward(frames) {
		name := f.Function
		switch {
		case strings.HasPrefix(f.Receiver, "*"):
			name = "(" + f.Receiver + ")." + name
		case f.Receiver != "":
			name = f.Receiver + "." + name
		}
		c := tocsin.Call{Function: f.Package + "." + name}
		if f.Position != nil && slices.Contains(roots, f.Package) {
			c.At = tocsin.Location{Path: path.Join(dir, f.Position.Filename), Line: f.Position.Line}
		}
		out = append(out, c)
	}
	return out
}
