package exceptions

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

const good = `exceptions:
  - kind: accepted-risk
    class: CVE-2026-1
    package: pkg:npm/left
    project: shop
    reason: behind a filter until the rewrite
    owner: ada
    expires: 2026-06-30
  - {kind: not-affected, class: GHSA-1, package: "pkg:pypi/Some_Thing@1.0", justification: vulnerable_code_not_present, reason: built without it, owner: grace, expires: 2026-12-31}
`

var spring = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func load(t *testing.T, text string) []tocsin.Exception {
	t.Helper()
	list, err := Load("exceptions.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func finding(ecosystem, name, version string, kind tocsin.Kind, aliases ...string) tocsin.Finding {
	return tocsin.Finding{
		Package: tocsin.Package{Ecosystem: ecosystem, Name: name, Version: version}, Status: tocsin.StatusAffected, Match: tocsin.MatchRange,
		Class: tocsin.Class{ID: aliases[0], Aliases: aliases, Kind: kind},
	}
}

func TestApply(t *testing.T) {
	list := load(t, good)
	left := finding("npm", "left", "1.0.0", tocsin.KindFlaw, "CVE-2026-1", "GHSA-9")
	for name, c := range map[string]struct {
		f       tocsin.Finding
		project string
		now     time.Time
		status  tocsin.Status
		kind    tocsin.ExceptionKind
	}{
		"accepted":               {left, "shop", spring, tocsin.StatusAffected, tocsin.ExceptionAccepted},
		"another project":        {left, "other", spring, tocsin.StatusAffected, ""},
		"on its last day":        {left, "shop", time.Date(2026, 6, 30, 23, 0, 0, 0, time.UTC), tocsin.StatusAffected, tocsin.ExceptionAccepted},
		"expired":                {left, "shop", time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), tocsin.StatusAffected, ""},
		"too far ahead":          {left, "shop", spring.AddDate(-2, 0, 0), tocsin.StatusAffected, ""},
		"another class":          {finding("npm", "left", "1.0.0", tocsin.KindFlaw, "CVE-2026-2"), "shop", spring, tocsin.StatusAffected, ""},
		"another ecosystem":      {finding("PyPI", "left", "1.0.0", tocsin.KindFlaw, "CVE-2026-1"), "shop", spring, tocsin.StatusAffected, ""},
		"malware":                {finding("npm", "left", "1.0.0", tocsin.KindMalware, "CVE-2026-1"), "shop", spring, tocsin.StatusAffected, ""},
		"not affected":           {finding("PyPI", "some-thing", "1.0", tocsin.KindFlaw, "CVE-2", "GHSA-1"), "any", spring, tocsin.StatusNotAffected, tocsin.ExceptionNotAffected},
		"but another version is": {finding("PyPI", "some-thing", "1.1", tocsin.KindFlaw, "CVE-2", "GHSA-1"), "any", spring, tocsin.StatusAffected, ""},
	} {
		in := []tocsin.Finding{c.f}
		got := Apply(in, list, tocsin.Project{Slug: c.project}, c.now)[0]
		kind := tocsin.ExceptionKind("")
		if got.Exception != nil {
			kind = got.Exception.Kind
		}
		if got.Status != c.status || kind != c.kind {
			t.Errorf("%s: %s, exception %q", name, got.Status, kind)
		}
		if in[0].Exception != nil {
			t.Errorf("%s: the argument was changed", name)
		}
	}
	both := append(list, tocsin.Exception{Kind: tocsin.ExceptionNotAffected, Class: "CVE-2026-1", Package: "pkg:npm/left", Expires: spring})
	if got := Apply([]tocsin.Finding{left}, both, tocsin.Project{Slug: "shop"}, spring)[0]; got.Status != tocsin.StatusNotAffected {
		t.Error("an accepted risk outweighs a statement that it is not affected")
	}
}

func TestLoadReportsAll(t *testing.T) {
	_, err := Load("e.yaml", []byte(`exceptions:
  - kind: ignore
    clas: CVE-1
    package: lodash
    expires: never
  - {kind: not-affected, class: C, package: pkg:npm/a, reason: r, owner: o, expires: 2026-01-01, justification: because}
  - {kind: accepted-risk, class: C, package: pkg:npm/a, reason: r, owner: o, expires: 2026-01-01, justification: component_not_present}
`))
	if !errors.Is(err, tocsin.ErrInvalid) {
		t.Fatal(err)
	}
	for _, want := range []string{
		`e.yaml:2:11: kind: "ignore"`, `e.yaml:3:5: unknown key "clas"`, `exception 1: class: is missing`, `exception 1: owner: is missing`,
		`e.yaml:4:14: package: "lodash" is no purl`, `e.yaml:5:14: expires: "never"`, `e.yaml:6:`, `"because": want one of`, `an accepted risk has a reason`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Fuzz(func(t *testing.T, s string) {
		list, err := Load("f", []byte(s))
		if err == nil {
			Apply([]tocsin.Finding{finding("npm", "left", "1.0.0", tocsin.KindFlaw, "CVE-2026-1")}, list, tocsin.Project{}, spring)
		}
	})
}
