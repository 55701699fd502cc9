package tocsin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

func TestHygiene(t *testing.T) {
	const sha1, sha256 = "0123456789abcdef0123456789ABCDEF01234567", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	at := func(file string) []tocsin.Location { return []tocsin.Location{{Path: "a/" + file, Line: 3}} }
	registry, private, git, local := tocsin.Origin{Kind: tocsin.OriginRegistry}, tocsin.Origin{Kind: tocsin.OriginPrivate}, tocsin.Origin{Kind: tocsin.OriginGit}, tocsin.Origin{Kind: tocsin.OriginLocal}
	for name, c := range map[string]struct {
		p    tocsin.Package
		want string
	}{
		"a requirement without version": {tocsin.Package{Ecosystem: "PyPI", Location: at("requirements.txt")}, "unpinned"},
		"one with a version":            {tocsin.Package{Ecosystem: "PyPI", Version: "1", Location: at("requirements.txt")}, ""},
		"a workspace member":            {tocsin.Package{Ecosystem: "npm", Origin: local, Location: at("pnpm-lock.yaml")}, ""},
		"an action by tag":              {tocsin.Package{Ecosystem: "GitHub Actions", Version: "v4"}, "mutable"},
		"an action by branch":           {tocsin.Package{Ecosystem: "GitHub Actions", Version: "main"}, "mutable"},
		"an action by short commit":     {tocsin.Package{Ecosystem: "GitHub Actions", Version: sha1[:12]}, "mutable"},
		"an action by commit":           {tocsin.Package{Ecosystem: "GitHub Actions", Version: sha1}, ""},
		"an action by nothing":          {tocsin.Package{Ecosystem: "GitHub Actions"}, "unpinned mutable"},
		"an action of this repository":  {tocsin.Package{Ecosystem: "GitHub Actions", Origin: local}, ""},
		"an image by tag":               {tocsin.Package{Version: "3.20", PURL: "pkg:docker/alpine@3.20"}, "mutable"},
		"an image by tag and digest":    {tocsin.Package{Version: "3.20", PURL: "pkg:oci/alpine@sha256:" + sha256, Integrity: "sha256:" + sha256}, ""},
		"an image by digest alone":      {tocsin.Package{Version: "sha256:" + sha256, PURL: "pkg:oci/base"}, ""},
		"a crate without checksum":      {tocsin.Package{Version: "1", Origin: registry, Location: at("Cargo.lock")}, "no integrity"},
		"one of another registry":       {tocsin.Package{Version: "1", Origin: private, Location: at("Cargo.lock")}, "no integrity"},
		"one from git":                  {tocsin.Package{Version: "1", Origin: git, Location: at("Cargo.lock")}, ""},
		"one with a checksum":           {tocsin.Package{Version: "1", Origin: registry, Integrity: "x", Location: at("Cargo.lock")}, ""},
		"one of pnpm":                   {tocsin.Package{Version: "1", Location: at("pnpm-lock.yaml")}, "no integrity"},
		"one of npm":                    {tocsin.Package{Version: "1", Origin: registry, Location: at("package-lock.json")}, "no integrity"},
		"one bundled in another":        {tocsin.Package{Version: "1", Location: at("package-lock.json")}, ""},
		"one of Poetry":                 {tocsin.Package{Version: "1", Location: at("poetry.lock")}, "no integrity"},
		"one of uv, from git":           {tocsin.Package{Version: "1", Origin: git, Location: at("uv.lock")}, ""},
		"a format without hashes":       {tocsin.Package{Version: "1", Origin: registry, Location: at("Gemfile.lock")}, ""},
		"no place at all":               {tocsin.Package{Version: "1"}, ""},
	} {
		var got []string
		for _, h := range c.p.Hygiene() {
			got = append(got, string(h))
		}
		if strings.Join(got, " ") != c.want || !slices.Equal(got, slices.Compact(slices.Clone(got))) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
