package site

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

func TestCellIsNoFormula(t *testing.T) {
	for text, want := range map[string]string{"": "", "left": "left", "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@scope/left": "'@scope/left", "\tx": "'\tx", "\rx": "'\rx", "1.0-2": "1.0-2"} {
		if got := cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDependencies(t *testing.T) {
	inv := tocsin.Inventory{Edges: []tocsin.Edge{{From: tocsin.EdgeRoot, To: 0}, {From: 0, To: 1}, {From: 1, To: 2}, {From: 0, To: 2}, {From: 2, To: 0}}}
	for _, name := range []string{"app", "left", "right", "alone"} {
		inv.Packages = append(inv.Packages, tocsin.Package{Ecosystem: "npm", Name: name, Version: "1.0.0", Relation: tocsin.RelationTransitive})
	}
	inv.Packages[0].Relation = tocsin.RelationDirect
	names := func(list []tocsin.Package) (out []string) {
		for _, p := range list {
			out = append(out, p.Name)
		}
		return out
	}
	d := dependenciesOf("shop", inv, url.Values{"q": {"RIGHT"}, "package": {"2"}})
	if d.Found != 1 || d.All != 4 || d.Rows[0].N != 2 || d.ByProject {
		t.Errorf("%+v", d)
	}
	if diff := cmp.Diff([]string{"app", "right"}, names(d.Path)); diff != "" { // the shortest, though the graph has a circle
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"left", "app"}, names(d.By)); diff != "" {
		t.Error(diff)
	}
	var boxes []string
	for _, n := range d.Drawing.Nodes {
		boxes = append(boxes, n.Name+" "+n.To)
	}
	if diff := cmp.Diff([]string{"shop ", "app ?package=0#graph", "right ?package=2#graph", "app ?package=0#graph"}, boxes); diff != "" { // the last is what it needs
		t.Error(diff)
	}
	if n := len(d.Drawing.Lines); n != 3 {
		t.Errorf("%d lines", n)
	}
	if d = dependenciesOf("shop", inv, url.Values{"package": {"3"}}); len(d.Path) > 0 || d.Chosen.Name != "alone" {
		t.Errorf("%+v", d)
	}
	if d = dependenciesOf("shop", inv, url.Values{"relation": {"direct"}, "package": {"99"}, "from": {"-1"}}); d.Found != 1 || d.Chosen != nil {
		t.Errorf("%+v", d)
	}
	for range 250 {
		inv.Packages = append(inv.Packages, tocsin.Package{Ecosystem: "npm", Name: "many", Version: "1"})
	}
	d = dependenciesOf("shop", inv, url.Values{"q": {"many"}, "from": {"100"}})
	if len(d.Rows) != shownPackages || d.Next != "?from=200&q=many#dependencies" || d.First != "?q=many#dependencies" {
		t.Errorf("%d rows, then %q, first %q", len(d.Rows), d.Next, d.First)
	}
}

// The copy has all that the status page leads to, and a name that would climb out of its folder is refused.
func TestExport(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := tocsin.Publication{Incident: "INC-1", Title: "A token <leaked>", State: tocsin.StateContained, Entries: []tocsin.PublicEntry{{Seq: 1, At: at, Stage: tocsin.StageFirst, Text: "We look into it."}}}
	p.Entries[0].Hash = p.Entries[0].Chain(p.Incident, "")
	feed := func(list []tocsin.Publication, self string) ([]byte, error) { return []byte(self), nil }
	files, err := Export([]tocsin.Publication{p}, "https://status.example/", at, feed)
	if err != nil {
		t.Fatal(err)
	}
	page := string(files["status/INC-1/index.html"])
	for _, want := range []string{"We look into it.", "A token &lt;leaked&gt;", "unbroken", "/assets/style."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "/sign-in") {
		t.Error("nobody can sign in to a file")
	}
	for name := range files {
		if css, ok := strings.CutPrefix(name, "assets/style."); ok && !strings.Contains(page, css) {
			t.Errorf("the page does not ask for %s", name)
		}
	}
	var again tocsin.Publication
	if err := json.Unmarshal(files["status/INC-1/publication.json"], &again); err != nil || again.Verify() != nil {
		t.Error(err, again.Verify())
	}
	if got := string(files["status/feed.atom"]); got != "https://status.example/status/feed.atom" {
		t.Error(got)
	}
	if !strings.Contains(string(files["status/badge.svg"]), "1 open incident") || !strings.Contains(string(files["status/index.html"]), "Going on now") {
		t.Error("the badge or the status page does not tell of it")
	}
	p.Entries[0].Text = "Nothing happened."
	if files, err = Export([]tocsin.Publication{p}, "", at, feed); err != nil || !strings.Contains(string(files["status/INC-1/index.html"]), "Do not trust this page") {
		t.Error("a changed entry is shown as if it were what was said", err)
	}
	p.Incident = ".."
	if _, err = Export([]tocsin.Publication{p}, "", at, feed); !errors.Is(err, tocsin.ErrInvalid) {
		t.Error(err)
	}
}
