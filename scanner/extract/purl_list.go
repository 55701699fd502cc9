package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// purlList reads a plain list of purls, one a line, with empty lines and comments that begin with "#".
// https://github.com/package-url/purl-spec
type purlList struct{}

func (purlList) Format() string { return "purl/list" }
func (purlList) Limit() int64   { return LimitStream }

func isPURLList(file string) bool {
	base := path.Base(file)
	return base == "purls.txt" || strings.HasSuffix(base, ".purls")
}

// maxLined is how many packages are given with their line. A longer list is no longer one that somebody looks up.
const maxLined = 50_000

func (purlList) Read(_ context.Context, f File) (Result, error) {
	in := bufio.NewReaderSize(f.Body, 64<<10)
	b := newBOM(f.Path)
	whole, partial := b.at, ""
	var err error
	for n := 1; err == nil; n++ {
		var line string
		line, err = readLine(in)
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case strings.HasPrefix(line, "pkg:"):
			b.at = []tocsin.Location{{Path: f.Path, Line: n}}
			if b.count >= maxLined {
				b.at = whole
			}
			if err := b.add(component{purl: line}); err != nil {
				return b.result(Result{Partial: fmt.Sprintf("line %d: %v", n, err)}), nil
			}
		case partial == "":
			partial = fmt.Sprintf("line %d is not a purl", n)
		}
	}
	switch {
	case !errors.Is(err, io.EOF) && b.count == 0:
		return Result{}, err
	case !errors.Is(err, io.EOF):
		partial = err.Error()
	case partial != "" && b.count == 0:
		return Result{}, fmt.Errorf("%w: %s", errWrongTop, partial)
	}
	return b.result(Result{Partial: partial}), nil
}
