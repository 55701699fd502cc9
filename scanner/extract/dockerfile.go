package extract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// dockerfile reads the base images of a Dockerfile or Containerfile: what FROM and COPY --from name, unless that is an
// earlier stage or "scratch". https://docs.docker.com/reference/dockerfile/#from
type dockerfile struct{}

func (dockerfile) Format() string { return "container/dockerfile" }
func (dockerfile) Limit() int64   { return LimitWhole }

// isDockerfile leaves out templates, which are not Dockerfiles until something has filled them.
func isDockerfile(file string) bool {
	base := strings.ToLower(path.Base(file))
	switch path.Ext(base) {
	case ".dockerignore", ".containerignore", ".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".in", ".md", ".txt", ".rst", ".html", ".go", ".py", ".rb", ".js", ".ts", ".json", ".yml", ".yaml", ".sh":
		return false
	case ".dockerfile", ".containerfile":
		return true
	}
	stem, _, _ := strings.Cut(base, ".")
	return stem == "dockerfile" || stem == "containerfile" || strings.HasPrefix(stem, "dockerfile-") || strings.HasPrefix(stem, "containerfile-")
}

// The limits of a Dockerfile; no real one comes near.
const (
	maxDockerfileLines = 1 << 20
	maxInstruction     = 1 << 20
)

func (dockerfile) Read(_ context.Context, f File) (Result, error) {
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return Result{}, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if err := checkText(data); err != nil {
		return Result{}, err
	}
	if bytes.Count(data, []byte("\n")) > maxDockerfileLines {
		return Result{}, fmt.Errorf("more than %d lines", maxDockerfileLines)
	}
	d := dockerfileReader{file: f.Path, args: map[string]string{}, stages: map[string]bool{}}
	d.read(split(data))
	if d.said && !d.known {
		return Result{}, fmt.Errorf("%w: no Dockerfile instruction", errWrongTop)
	}
	d.result.Gaps = gaps(f.Path, d.result.Packages)
	return d.result, nil
}

type dockerfileReader struct {
	file string
	// args are the defaults that stand before the first FROM; only those count in a FROM.
	args   map[string]string
	stages map[string]bool
	from   int
	// said says that there was a line with something in it, known that it was an instruction of Dockerfiles.
	said, known bool
	result      Result
}

func (d *dockerfileReader) read(lines []string) {
	escape := escapeOf(lines)
	for n := 0; n < len(lines); n++ {
		line := strings.TrimSpace(lines[n])
		if line == "" || line[0] == '#' {
			continue
		}
		d.said = true
		at := n + 1
		var joined strings.Builder
		for {
			more, ok := strings.CutSuffix(line, escape)
			joined.WriteString(more)
			if !ok {
				break
			}
			joined.WriteByte(' ')
			// Comments and empty lines do not end a continued instruction.
			for n++; n < len(lines); n++ {
				if line = strings.TrimSpace(lines[n]); line != "" && line[0] != '#' {
					break
				}
			}
			if n >= len(lines) {
				break
			}
		}
		text := joined.String()
		if len(text) > maxInstruction {
			d.result.Partial = fmt.Sprintf("line %d: an instruction of more than %d bytes; what follows was not read", at, maxInstruction)
			return
		}
		d.instruction(text, at)
		for _, word := range hereDocuments(text) {
			for n++; n < len(lines) && strings.TrimLeft(lines[n], "\t") != word; n++ {
			}
		}
	}
}

// escapeOf is the character that continues a line; a directive at the very top may change it.
// https://docs.docker.com/reference/dockerfile/#escape
func escapeOf(lines []string) string {
	for _, l := range lines {
		directive, ok := strings.CutPrefix(strings.TrimSpace(l), "#")
		name, value, found := strings.Cut(directive, "=")
		if !ok || !found {
			break
		}
		if strings.EqualFold(strings.TrimSpace(name), "escape") && strings.TrimSpace(value) == "`" {
			return "`"
		}
	}
	return `\`
}

// hereDocuments are the words that end the here-documents of an instruction, which may hold lines like "FROM users".
// https://docs.docker.com/reference/dockerfile/#here-documents
func hereDocuments(text string) []string {
	var out []string
	fields := strings.Fields(text)
	if len(fields) == 0 || !slices.Contains([]string{"RUN", "COPY", "ADD"}, strings.ToUpper(fields[0])) {
		return nil
	}
	for _, word := range fields[1:] {
		if i := strings.Index(word, "<<"); i >= 0 {
			word = strings.Trim(strings.TrimPrefix(word[i+2:], "-"), `"'`)
			n := 0
			for n < len(word) && wordByte(word[n]) {
				n++
			}
			// Not a here-string, nor a shift in arithmetic.
			if n > 0 && (word[0] < '0' || word[0] > '9') {
				out = append(out, word[:n])
			}
		}
	}
	return out
}

func (d *dockerfileReader) instruction(text string, line int) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return
	}
	switch strings.ToUpper(fields[0]) {
	case "ARG":
		if d.from == 0 {
			for _, a := range fields[1:] {
				if name, value, ok := strings.Cut(a, "="); ok {
					d.args[name] = substitute(strings.Trim(value, `"'`), d.args)
				}
			}
		}
	case "FROM":
		d.known = true
		if d.from++; d.from > maxPins {
			d.result.Partial = errPins.Error()
			return
		}
		fields = slices.DeleteFunc(fields[1:], func(s string) bool { return strings.HasPrefix(s, "--") })
		if len(fields) > 0 && !d.chosen(substitute(fields[0], d.args)) {
			d.use(fields[0], line)
		}
		if len(fields) >= 3 && strings.EqualFold(fields[1], "as") {
			d.stages[strings.ToLower(fields[2])] = true
		}
	case "COPY", "RUN":
		d.known = true
		for _, flag := range fields[1:] {
			if !strings.HasPrefix(flag, "--") {
				break
			}
			if from, ok := strings.CutPrefix(flag, "--from="); ok {
				d.use(from, line)
			}
			if mount, ok := strings.CutPrefix(flag, "--mount="); ok {
				if from := inline(mount, "from"); from != "" {
					d.use(from, line)
				}
			}
		}
	case "ADD", "ENTRYPOINT", "CMD", "WORKDIR", "ENV", "LABEL", "EXPOSE":
		d.known = true
	}
}

// use adds an image, unless it is a stage by name or number.
func (d *dockerfileReader) use(ref string, line int) {
	ref = substitute(strings.Trim(ref, `"'`), d.args)
	if ref == "" || ref == "scratch" || d.stages[strings.ToLower(ref)] || strings.Trim(ref, "0123456789") == "" {
		return
	}
	if len(d.result.Packages) == maxPins {
		d.result.Partial = errPins.Error()
		return
	}
	p, ok := image(ref, tocsin.Location{Path: d.file, Line: line})
	if !ok {
		if d.result.Partial == "" {
			d.result.Partial = fmt.Sprintf("line %d: not an image reference", line)
		}
		return
	}
	d.result.Packages = append(d.result.Packages, p)
}

// chosen says that a reference is one of several stages, by a value that is known when it is built only: after stages
// "build-amd64" and "build-arm64", "build-${TARGETARCH}" is no image.
func (d *dockerfileReader) chosen(ref string) bool {
	prefix, _, ok := strings.Cut(strings.ToLower(ref), "$")
	if !ok || prefix == "" {
		return false
	}
	for stage := range d.stages {
		if strings.HasPrefix(stage, prefix) {
			return true
		}
	}
	return false
}
