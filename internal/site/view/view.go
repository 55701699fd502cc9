package view

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"strings"
	"time"
)

//go:embed templates
var templates embed.FS

//go:embed assets
var assets embed.FS

// A Page is what the layout shows around a body.
type Page struct {
	// Title is of this page, Section the name of the part of the navigation that it belongs to.
	Title, Section string
	// Who is signed in, by name; empty: nobody. Then only what is for everybody is shown around the body.
	Who string
	// Nav is the navigation as far as it is theirs.
	Nav []Link
	Now time.Time
	// Done tells of what was just done, Wrong of what was refused.
	Done  string
	Wrong *Wrong
	// Live is where the page hears that it is out of date; empty: it does not.
	Live string
	// Copy says that it is a file, and nobody can sign in there.
	Copy bool
	// Exercise says that what the page is about is one.
	Exercise bool
	Body     any
}

// A Link of the navigation.
type Link struct {
	Name, To string
	// Count is how much waits there; 0: nothing is shown.
	Count int
}

// Wrong is what was refused: what was wrong, where, and what to do.
type Wrong struct{ Title, Detail, Field, Fix, Request string }

// A Set is the templates of all pages. It is safe for concurrent use.
type Set struct {
	pages  map[string]*template.Template
	assets map[string]Asset
}

// An Asset is a file that pages ask for. Its name changes with its content.
type Asset struct {
	Type string
	Body []byte
}

// New parses what is embedded.
func New() (*Set, error) {
	s := &Set{pages: map[string]*template.Template{}, assets: map[string]Asset{}}
	names := map[string]string{}
	files, err := assets.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("reading the assets: %w", err)
	}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	for _, f := range files {
		b, err := assets.ReadFile("assets/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the assets: %w", err)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(f.Name())
		name := strings.TrimSuffix(f.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		names[f.Name()] = name
		s.assets[name] = Asset{types[ext], b}
	}
	shared, err := template.New("").Funcs(words()).Funcs(template.FuncMap{"asset": func(name string) string { return "/assets/" + names[name] }}).
		ParseFS(templates, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the layout: %w", err)
	}
	pages, err := fs.Glob(templates, "templates/pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the pages: %w", err)
	}
	for _, file := range pages {
		t, err := shared.Clone()
		if err == nil {
			_, err = t.ParseFS(templates, file)
		}
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", file, err)
		}
		s.pages[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return s, nil
}

// Write writes a page, by the name of its template. Nothing is written if it cannot be made.
func (s *Set) Write(w io.Writer, name string, p Page) error {
	t := s.pages[name]
	if t == nil {
		return fmt.Errorf("there is no page %s", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", p); err != nil {
		return fmt.Errorf("writing page %s: %w", name, err)
	}
	_, err := b.WriteTo(w)
	return err
}

// Assets are all of them, by name.
func (s *Set) Assets() map[string]Asset { return maps.Clone(s.assets) }

// Asset gives a file by its name; ok is false if there is none, or no longer.
func (s *Set) Asset(name string) (a Asset, ok bool) {
	a, ok = s.assets[name]
	return a, ok
}
