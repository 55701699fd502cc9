package extract

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// maxExpansion is how many values one property of a Maven project may draw on. Properties of real projects draw on a
// handful; some sixty that each name the one before twice would keep the borrowed reader busy, and growing, for ever.
const maxExpansion = 100_000

// maxDependencies is how many dependencies a Maven project may list. Real ones list some hundred; the borrowed reader looks
// for each among all, which takes a minute where there are 100,000.
const maxDependencies = 20_000

var reference = pattern.Lazy(`\$\{([^}$]*)\}`)

// guardPOM refuses properties that expand without bound, and dependencies without end, in the file and in the parents that the reader opens.
// https://maven.apache.org/pom.html#Properties
func guardPOM(f *File, data []byte) error {
	g := &pomGuard{FS: f.FS, values: map[string][]string{}, texts: map[string]string{}}
	f.FS = g
	return g.admit(data)
}

// completePOM adds the dependencies that the borrowed reader drops because a property of theirs is not in the same file.
// What a parent beside it defines is filled in; the others are kept without version.
func completePOM(f File, data []byte, r *Result) error {
	g, ok := f.FS.(*pomGuard)
	if !ok {
		return nil
	}
	have := map[string]bool{}
	for _, p := range r.Packages {
		have[p.Name] = true
	}
	x := newElements(bytes.NewReader(data))
	return x.document("project", func(e xml.StartElement) error {
		if e.Name.Local != "dependencies" {
			return x.skip()
		}
		return x.children(func(e xml.StartElement) error {
			fields := map[string]string{}
			line := x.line()
			err := x.children(func(e xml.StartElement) error {
				var text string
				err := x.text(&text)
				fields[e.Name.Local] = text
				return err
			})
			name := g.fill(fields["groupId"]) + ":" + g.fill(fields["artifactId"])
			if err != nil || have[name] || name == ":" {
				return err
			}
			have[name] = true
			p := tocsin.Package{
				Ecosystem: "Maven", Name: name, Version: g.fill(fields["version"]), Relation: tocsin.RelationDirect,
				Location: []tocsin.Location{{Path: f.Path, Line: line}},
			}
			if strings.ContainsAny(p.Version, "$[(,") {
				p.Version = ""
			}
			if fields["scope"] == "test" {
				p.Scope = tocsin.ScopeDev
			}
			r.Packages = append(r.Packages, p)
			return nil
		})
	})
}

// fill replaces references in a text, as far as they are known and however they are nested within reason.
func (g *pomGuard) fill(text string) string {
	for range 10 {
		next := reference().ReplaceAllStringFunc(text, func(ref string) string {
			key := ref[2 : len(ref)-1]
			if v, ok := g.texts[key]; ok {
				return v
			}
			// Version and group are inherited.
			if v, ok := g.texts["project.parent."+strings.TrimPrefix(key, "project.")]; ok {
				return v
			}
			return ref
		})
		if next == text || len(next) > 1024 {
			break
		}
		text = next
	}
	return text
}

type pomGuard struct {
	fs.FS
	// values are the texts of all elements by name, since a reference may lead to any of them.
	values map[string][]string
	// texts are properties and fields of the project by their names in references; the file's own come before its parents'.
	texts map[string]string
}

func (g *pomGuard) Open(name string) (fs.File, error) {
	f, err := g.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err == nil {
		err = errors.Join(checkText(data), g.admit(data))
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &held{Reader: bytes.NewReader(data), info: info}, nil
}

// held is an open file whose content is in memory.
type held struct {
	*bytes.Reader
	info fs.FileInfo
}

func (h *held) Stat() (fs.FileInfo, error) { return h.info, nil }
func (h *held) Close() error               { return nil }

func (g *pomGuard) admit(data []byte) error {
	x := newElements(bytes.NewReader(data))
	var name string
	dependencies := 0
	for {
		t, err := x.next()
		if err != nil {
			// What is wrong with the document is the reader's to say.
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			name = t.Name.Local
			if name == "dependency" {
				dependencies++
			}
			if dependencies > maxDependencies {
				return fmt.Errorf("more than %d dependencies", maxDependencies)
			}
		case xml.CharData:
			g.note(strings.Join(x.path, "."), strings.TrimSpace(string(t)))
			if bytes.Contains(t, []byte("${")) {
				g.values[name] = append(g.values[name], string(t))
			}
		}
	}
	costs := map[string]int{}
	for name := range g.values {
		if g.cost(name, costs, 0) > maxExpansion {
			return fmt.Errorf("property %q draws on more than %d others", name, maxExpansion)
		}
	}
	return nil
}

// note files a text by what a reference to it is called.
func (g *pomGuard) note(where, text string) {
	if text == "" {
		return
	}
	key := strings.TrimPrefix(where, "project.properties.")
	switch where {
	case "project.version", "project.groupId", "project.artifactId", "project.parent.version", "project.parent.groupId":
	default:
		if key == where {
			return
		}
	}
	if _, ok := g.texts[key]; !ok {
		g.texts[key] = text
	}
}

// cost is how many values a property draws on. The name of a field of the project is that of its element.
func (g *pomGuard) cost(name string, costs map[string]int, depth int) int {
	if c, ok := costs[name]; ok {
		return c
	}
	if depth > maxNesting {
		return maxExpansion + 1
	}
	// A property that leads back to itself counts once; the reader leaves it as written.
	costs[name] = 1
	most := 1
	for _, v := range g.values[name] {
		sum := 1
		for _, m := range reference().FindAllStringSubmatch(v, -1) {
			key := m[1]
			if strings.HasPrefix(key, "project.") || strings.HasPrefix(key, "pom.") {
				key = key[strings.LastIndexByte(key, '.')+1:]
			}
			sum = min(sum+g.cost(key, costs, depth+1), maxExpansion+1)
		}
		most = max(most, sum)
	}
	costs[name] = most
	return most
}
