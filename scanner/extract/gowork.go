package extract

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// goWork reads a go.work for the folders it uses. It names no packages itself: the go.mod of each folder does. What it
// adds is that a folder outside of what is scanned is missed. https://go.dev/ref/mod#workspaces
type goWork struct{}

func (goWork) Format() string { return "go/work" }
func (goWork) Limit() int64   { return LimitParsed }

// maxFolders is how many folders are looked for.
const maxFolders = 10_000

func (goWork) Read(_ context.Context, f File) (Result, error) {
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return Result{}, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if err := checkText(data); err != nil {
		return Result{}, err
	}
	block, known := "", false
	var r Result
	missing, folders, first := 0, 0, ""
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "//")
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
			continue
		case fields[0] == ")":
			block = ""
			continue
		case len(fields) == 2 && fields[1] == "(":
			block = fields[0]
			known = true
			continue
		case block == "":
			known = known || fields[0] == "go" || fields[0] == "use"
			if fields[0] != "use" || len(fields) < 2 {
				continue
			}
			fields = fields[1:]
		case block != "use":
			continue
		}
		folder := strings.Trim(fields[0], "\"`")
		if folders++; folders > maxFolders {
			r.Partial = fmt.Sprintf("uses more than %d folders", maxFolders)
			return r, nil
		}
		if _, err := fs.Stat(f.FS, path.Join(path.Dir(f.Path), folder, "go.mod")); err != nil || path.IsAbs(folder) {
			missing++
			first = cmp.Or(first, folder)
		}
	}
	if !known {
		return Result{}, errWrongTop
	}
	if missing > 0 {
		r.Partial = fmt.Sprintf("folders in use that have no go.mod in what is scanned: %d, first %s", missing, short(first))
	}
	return r, nil
}
