package extract

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxManifest is the largest manifest beside a lockfile that is read, in bytes.
const maxManifest = 1 << 20

// A want is what a manifest asks for.
type want struct {
	name string
	// wanted is the range or address, as written.
	wanted string
	dev    bool
}

// beside is the content of a file in the folder of another, or nil if there is none that can be read. A manifest that is
// missing or bad is no fault of the lockfile; what it would tell is unknown.
func beside(f File, name string) []byte {
	if f.FS == nil {
		return nil
	}
	in, err := f.FS.Open(path.Join(path.Dir(f.Path), name))
	if err != nil {
		return nil
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxManifest+1))
	if err != nil || len(data) > maxManifest || checkText(data) != nil {
		return nil
	}
	return data
}

// composerJSON is what the composer.json beside a lockfile asks for. https://getcomposer.org/doc/04-schema.md
func composerJSON(f File) []want {
	w := newWalk(bytes.NewReader(beside(f, "composer.json")))
	var out []want
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "require", "require-dev":
			return w.wants(&out, string(name) == "require-dev")
		default:
			return w.skip()
		}
	})
	if err != nil || w.fault != "" {
		return nil
	}
	return out
}

// packageJSON is what a package.json asks for, and the folders of its workspace.
// https://docs.npmjs.com/cli/v11/configuring-npm/package-json
type packageJSON struct {
	wants      []want
	workspaces []string
}

// readPackageJSON reads the package.json in a folder beside a lockfile; it is false if there is none that can be read.
func readPackageJSON(f File, folder string) (packageJSON, bool) {
	w := newWalk(bytes.NewReader(beside(f, path.Join(folder, "package.json"))))
	var p packageJSON
	folders := func() error {
		return w.array(func() error {
			var s string
			err := w.text(&s)
			p.workspaces = append(p.workspaces, s)
			return err
		})
	}
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "dependencies", "optionalDependencies", "devDependencies":
			return w.wants(&p.wants, string(name) == "devDependencies")
		case "workspaces":
			if w.dec.PeekKind() == '[' {
				return folders()
			}
			return w.object(func(name []byte) error {
				if string(name) == "packages" {
					return folders()
				}
				return w.skip()
			})
		default:
			return w.skip()
		}
	})
	return p, err == nil && w.fault == ""
}

// wants reads an object of names and ranges.
func (w *walk) wants(into *[]want, dev bool) error {
	return w.object(func(name []byte) error {
		x := want{name: string(name), dev: dev}
		err := w.text(&x.wanted)
		*into = append(*into, x)
		return err
	})
}

// folders is the folders of a workspace that a pattern means, relative to the lockfile: one, or all in one. Of other
// patterns it is false that all are known.
func folders(f File, pattern string) ([]string, bool) {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/")
	parent, all := strings.CutSuffix(pattern, "/*")
	if pattern == "*" {
		parent, all = ".", true
	}
	if strings.ContainsAny(parent, "*?[]{}!") || f.FS == nil {
		return nil, false
	}
	if !all {
		return []string{parent}, true
	}
	entries, err := fs.ReadDir(f.FS, path.Join(path.Dir(f.Path), parent))
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, path.Join(parent, e.Name()))
		}
	}
	return out, err == nil
}
