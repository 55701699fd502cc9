package pin_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/scanner"
	"github.com/tocsin-dev/tocsin/scanner/pin"
)

// looks gives the name that a name is taken for, or "".
func looks(ecosystem, name string, from tocsin.OriginKind) string {
	p := tocsin.Package{Ecosystem: ecosystem, Name: name, Version: "1.0.0", Origin: tocsin.Origin{Kind: from}}
	for _, f := range pin.New(tocsin.Inventory{}, nil).Of(&p) {
		if f.Hygiene == tocsin.HygieneLookalike {
			return strings.TrimPrefix(f.Detail, "Well known is ")
		}
	}
	return ""
}

func TestLookalike(t *testing.T) {
	for _, c := range [][3]string{ // ecosystem, name, what it is taken for
		{"npm", "loadsh", "lodash"}, {"npm", "expresss", "express"}, {"npm", "tailwindscss", "tailwindcss"}, {"npm", "browserlist", "browserslist"},
		{"npm", "l0dash", "lodash"}, {"npm", "node-axios", "axios"}, {"npm", "moment-js", "moment"}, {"npm", "types-node", "@types/node"},
		{"npm", "@tpyes/node", "@types/node"}, {"npm", "@types1/node", ""}, {"npm", "@babell/core", "@babel/core"}, {"npm", "@babe1/core", "@babel/core"},
		{"PyPI", "reqeusts", "requests"}, {"PyPI", "python-requests", "requests"}, {"PyPI", "Djangoo", "django"}, {"PyPI", "typing.extentions", ""},
		{"PyPI", "typing-extensionss", "typing-extensions"}, {"PyPI", "tensorfolw", "tensorflow"},
		{"crates.io", "rustdecimal", "rust-decimal"}, {"crates.io", "postgress", "postgres"}, {"crates.io", "oncecell", "once-cell"}, {"crates.io", "serde-rs", "serde"},
		{"Go", "github.com/boltdb-go/bolt", "github.com/boltdb/bolt"}, {"Go", "github.com/boltdb-go/bolt/v2", "github.com/boltdb/bolt"}, {"Go", "github.com/siruspen/logrus", "github.com/sirupsen/logrus"},
		{"Go", "go1ang.org/x/net", "golang.org/x/net"},
		{"RubyGems", "active-support", "activesupport"}, {"RubyGems", "rspec-croe", ""}, {"RubyGems", "nokogirii", "nokogiri"},
		{"NuGet", "Newtonsotf.Json", "newtonsoft.json"}, {"NuGet", "Microsoft.Extensions.Loging", ""},
		{"Maven", "org.fasterxml.jackson.core:jackson-databind", "com.fasterxml.jackson.core:jackson-databind"}, {"Maven", "org.springframwork:spring-core", "org.springframework:spring-core"},
		{"Packagist", "symfont/process", "symfony/process"},
		// The names themselves, in whatever spelling, and honest neighbours.
		{"npm", "lodash", ""}, {"npm", "preact", ""}, {"npm", "@babel/anything", ""}, {"npm", "babel-core", ""}, {"npm", "simple-get", ""}, {"npm", "https-proxy-agent", ""},
		{"npm", "http-proxy-agent", ""}, {"npm", "cookies", ""}, {"npm", "parse-url", ""}, {"npm", "babel/core", ""}, {"npm", "chalk", ""}, {"npm", "chall", ""}, {"npm", "ms2", ""},
		{"PyPI", "Flask_Cors", ""}, {"PyPI", "jinja3", ""}, {"PyPI", "urllib2", ""}, {"PyPI", "panda", ""}, {"crates.io", "serde-json", ""}, {"RubyGems", "net-sftp", ""},
		{"Go", "gopkg.in/yaml.v9", ""}, {"Go", "github.com/Sirupsen/Logrus", ""}, {"Go", "github.com/someone/logrus", ""}, {"Go", "github.com/go-chi/chi/v5", ""}, {"Go", "stdlib", ""},
		{"Maven", "com.fasterxml.jackson.core:jackson-datebind", ""}, {"Maven", "org.hibernate.orm:hibernate-core", ""}, {"Debian:12", "bahs", ""},
		{"npm", "", ""}, {"npm", "-", ""}, {"npm", "@/", ""}, {"npm", "/", ""}, {"npm", "@types/", ""}, {"Go", "/v2", ""}, {"Maven", ":", ""}, {"", "loadsh", ""},
	} {
		if got := looks(c[0], c[1], ""); got != c[2] {
			t.Errorf("%s %s: %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if got := looks("npm", "loadsh", tocsin.OriginPrivate); got != "" {
		t.Errorf("a package of another registry was not published by a stranger: %q", got)
	}
	if got := looks("npm", strings.Repeat("lodash", 1000), ""); got != "" {
		t.Errorf("nobody types that: %q", got)
	}
}

// Real lockfiles and SBOMs have no lookalikes: an alarm about an honest name is one too many.
func TestNoLookalikesInTheCorpus(t *testing.T) {
	dir := corpus.Dir(t)
	for _, folder := range []string{"lockfiles", "sboms"} {
		fsys, closer, err := scanner.Dir(filepath.Join(dir, folder, "open"))
		if err != nil {
			t.Fatal(err)
		}
		inv, err := scanner.Scan(t.Context(), fsys, scanner.Options{})
		closer.Close()
		if err != nil || len(inv.Packages) < 10_000 {
			t.Fatalf("%s: %d packages, %v", folder, len(inv.Packages), err)
		}
		for _, f := range pin.New(inv, nil).Findings() {
			if f.Class.ID == "TOCSIN-PIN-LOOKALIKE" {
				t.Errorf("%s: %s %s", f.Package.Location[0].Path, f.Package, f.Reason)
			}
		}
	}
}

func FuzzLookalike(f *testing.F) {
	f.Add("npm", "loadsh")
	f.Add("Go", "github.com/boltdb-go/bolt/v2")
	f.Add("Maven", "org.fasterxml.jackson.core:jackson-databind")
	f.Fuzz(func(t *testing.T, ecosystem, name string) {
		model := looks(ecosystem, name, "")
		if model != "" && looks(ecosystem, model, "") != "" {
			t.Errorf("%s is taken for %s, which is taken for another", name, model)
		}
	})
}
