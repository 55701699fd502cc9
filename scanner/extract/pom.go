package extract

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"deps.dev/util/maven"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// maxExpansion is how many values one property of a Maven project may draw on. Properties of real projects draw on a
// handful; some sixty that each name the one before twice would keep the model busy, and growing, for ever.
const maxExpansion = 100_000

// maxDependencies is how many dependencies a Maven project may list with its parents. Real ones list some hundred, and the
// model holds a kilobyte for each.
const maxDependencies = 50_000

// maxParents is how many parents a project may have, one above another.
const maxParents = 100

var reference = pattern.Lazy(`\$\{([^}$]*)\}`)

// pom reads a Maven project and the parents beside it. The model and its rules are those of deps.dev/util/maven; no
// repository is asked, so that a version that only a parent elsewhere knows is not known.
// https://maven.apache.org/pom.html
type pom struct{}

func (pom) Format() string { return "java/pom" }
func (pom) Limit() int64   { return LimitParsed }

func (pom) Read(_ context.Context, f File) (Result, error) {
	data, err := readText(f)
	if err != nil {
		return Result{}, err
	}
	g := &pomGuard{FS: f.FS, values: map[string][]string{}, texts: map[string]string{}}
	if err := g.admit(data); err != nil {
		return Result{}, err
	}
	project, err := g.project(f.Path, data)
	if err != nil {
		return Result{}, strip(err)
	}
	declared, parent, err := g.declared(data)
	var r Result
	if err != nil {
		r.Partial = strip(err).Error()
	}
	known := map[string]int{} // the place of a name in the result; of several with one name the last counts
	for _, d := range project.Dependencies {
		line := parent
		key := pomKey(string(d.GroupID), string(d.ArtifactID), string(d.Type), string(d.Classifier))
		if list := declared.lines[key]; len(list) > 0 {
			line, declared.lines[key] = list[0], list[1:]
		}
		p := pomPackage(f.Path, d.Name(), lowest(string(d.Version)), string(d.Scope), line)
		if at, ok := known[p.Name]; ok {
			r.Packages[at] = p
			continue
		}
		known[p.Name] = len(r.Packages)
		r.Packages = append(r.Packages, p)
	}
	slices.SortStableFunc(r.Packages, func(x, y tocsin.Package) int {
		return cmp.Or(cmp.Compare(x.Location[0].Line, y.Location[0].Line), tocsin.ComparePackages(x, y))
	})
	// The model drops dependencies of which a property is not known here. They are kept, without version if it is that.
	for _, d := range declared.list {
		if _, ok := known[d.Name]; !ok && d.Name != ":" {
			known[d.Name] = len(r.Packages)
			d.Location[0].Path = f.Path
			r.Packages = append(r.Packages, d)
		}
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

func pomPackage(file, name, version, scope string, line int) tocsin.Package {
	p := tocsin.Package{
		Ecosystem: "Maven", Name: purl.Canonical("Maven", name), Version: version, Relation: tocsin.RelationDirect,
		Location: []tocsin.Location{{Path: file, Line: line}},
	}
	if scope = strings.TrimSpace(scope); scope != "" && scope != "compile" { // which is what is meant where none is named
		p.Scope = scopeOf([]string{scope})
	}
	return p
}

// lowest is the lower end of a range of versions, or the version itself.
func lowest(version string) string {
	if strings.HasPrefix(version, "[") || strings.HasPrefix(version, "(") {
		version = version[1:]
	}
	if i := strings.IndexAny(version, ",)]"); i >= 0 {
		version = version[:i]
	}
	return version
}

// pomKey is what tells dependencies of one project apart.
func pomKey(group, artifact, typ, classifier string) string {
	return strings.Join([]string{group, artifact, cmp.Or(typ, "jar"), classifier}, ":")
}

// project gives the model with its parents merged in and its properties filled in.
func (g *pomGuard) project(file string, data []byte) (maven.Project, error) {
	project, err := decodePOM(data)
	if err == nil {
		err = project.Interpolate()
	}
	seen := map[maven.ProjectKey]bool{}
	parent, beside := project.Parent, true
	for err == nil && len(seen) < maxParents && parent.GroupID != "" && parent.ArtifactID != "" && parent.Version != "" {
		if seen[parent.ProjectKey] {
			return project, errors.New("the parents go in a circle")
		}
		seen[parent.ProjectKey] = true
		var above maven.Project
		if beside {
			above, file, beside, err = g.parent(file, parent)
		}
		if err == nil {
			err = project.MergeProfiles("", maven.ActivationOS{}) // those that are active by default
		}
		project.MergeParent(above)
		parent = above.Parent
	}
	if err == nil {
		err = project.Interpolate()
	}
	project.ProcessDependencies(func(_, _, _ maven.String) (maven.DependencyManagement, error) {
		return maven.DependencyManagement{}, nil // it lies elsewhere
	})
	return project, err
}

// parent reads the parent of the project in a file; ok is false if it is not where the project says it is.
// https://maven.apache.org/ref/current/maven-model/maven.html#class_parent
func (g *pomGuard) parent(file string, p maven.Parent) (project maven.Project, at string, ok bool, err error) {
	at = path.Join(path.Dir(file), cmp.Or(string(p.RelativePath), "../pom.xml"))
	data, err := g.read(at)
	if errors.Is(err, errFolder) {
		at = path.Join(at, "pom.xml")
		data, err = g.read(at)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) || errors.Is(err, errFolder) {
		return project, file, false, nil
	}
	if err == nil {
		project, err = decodePOM(data)
	}
	if err != nil {
		return project, file, false, fmt.Errorf("parent %s: %w", at, err)
	}
	key := project.ProjectKey
	key.GroupID, key.Version = cmp.Or(key.GroupID, project.Parent.GroupID), cmp.Or(key.Version, project.Parent.Version)
	if key != p.ProjectKey || project.Packaging != "pom" {
		return maven.Project{}, file, false, nil
	}
	return project, at, true, nil
}

func decodePOM(data []byte) (p maven.Project, err error) { return p, decoderOfPOM(data).Decode(&p) }

// decoderOfPOM takes text as UTF-8, which it is by now, whatever it says. Entities are those of HTML, as in Maven's own reader.
func decoderOfPOM(data []byte) *xml.Decoder {
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	dec.Entity = xml.HTMLEntity
	return dec
}

// pomText is what a file itself says of its dependencies, in their order.
type pomText struct {
	list  []tocsin.Package
	lines map[string][]int // by pomKey; those of profiles too
}

// declared goes over the text of a project for what its model does not tell: the lines of dependencies and of the parent,
// and dependencies that it drops.
func (g *pomGuard) declared(data []byte) (t pomText, parent int, err error) {
	t.lines = map[string][]int{}
	x := &elements{dec: decoderOfPOM(data)}
	dependencies := func(top bool) error {
		return x.children(func(xml.StartElement) error {
			fields, line := map[string]string{}, x.line()
			err := x.children(func(e xml.StartElement) error {
				var text string
				err := x.text(&text)
				fields[e.Name.Local] = text
				return err
			})
			for name, text := range fields {
				fields[name] = g.fill(text)
			}
			key := pomKey(fields["groupId"], fields["artifactId"], fields["type"], fields["classifier"])
			t.lines[key] = append(t.lines[key], line)
			if top {
				version := fields["version"]
				if strings.ContainsAny(version, "$[(,") {
					version = ""
				}
				t.list = append(t.list, pomPackage("", fields["groupId"]+":"+fields["artifactId"], version, fields["scope"], line))
			}
			return err
		})
	}
	err = x.document("project", func(e xml.StartElement) error {
		switch e.Name.Local {
		case "dependencies":
			return dependencies(true)
		case "parent":
			parent = x.line()
		case "profiles":
			return x.children(func(xml.StartElement) error {
				return x.children(func(e xml.StartElement) error {
					if e.Name.Local == "dependencies" {
						return dependencies(false)
					}
					return x.skip()
				})
			})
		}
		return x.skip()
	})
	return t, parent, err
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

// pomGuard refuses what would expand without end in a project and the parents that are read with it.
type pomGuard struct {
	FS fs.FS
	// values are the texts of all elements by name, since a reference may lead to any of them.
	values map[string][]string
	// texts are properties and fields of the project by their names in references; the file's own come before its parents'.
	texts map[string]string
	// dependencies are those of all files so far.
	dependencies int
}

var errFolder = errors.New("is a folder")

// read gives the text of a parent, if it is one that may be read.
func (g *pomGuard) read(name string) ([]byte, error) {
	if g.FS == nil {
		return nil, fs.ErrNotExist
	}
	f, err := g.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errFolder
	}
	data, err := readText(File{Path: name, Body: f})
	if err != nil {
		return nil, err
	}
	return data, g.admit(data)
}

func (g *pomGuard) admit(data []byte) error {
	x := &elements{dec: decoderOfPOM(data)}
	var name string
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
				g.dependencies++
			}
			if g.dependencies > maxDependencies {
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
