package purl_test

import (
	"errors"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want purl.Ref
	}{
		{"pkg:npm/%40scope/a@1.0.0", purl.Ref{Ecosystem: "npm", Name: "@scope/a", Version: "1.0.0"}},
		{"pkg:pypi/My_Pkg@1.0", purl.Ref{Ecosystem: "PyPI", Name: "my-pkg", Version: "1.0"}},
		{"pkg:maven/org.example/a@1", purl.Ref{Ecosystem: "Maven", Name: "org.example:a", Version: "1"}},
		{"pkg:composer/vendor%2Fa@1", purl.Ref{Ecosystem: "Packagist", Name: "vendor/a", Version: "1"}},
		{"pkg:golang/cloud.google.com/go@v0.1.0", purl.Ref{Ecosystem: "Go", Name: "cloud.google.com/go", Version: "v0.1.0"}},
		{"pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl%403.0", purl.Ref{Ecosystem: "Debian:12", Name: "libssl3", Version: "3.0.11-1", SourceName: "openssl"}},
		{"pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", purl.Ref{Ecosystem: "Ubuntu:22.04:LTS", Name: "a", Version: "1"}},
		{"pkg:deb/ubuntu/a@1?distro=ubuntu-23.10", purl.Ref{Ecosystem: "Ubuntu:23.10", Name: "a", Version: "1"}},
		{"pkg:apk/alpine/a@1?distro=alpine-3.17.2", purl.Ref{Ecosystem: "Alpine:v3.17", Name: "a", Version: "1"}},
		{"pkg:rpm/redhat/a@1?distro=rhel-9.2", purl.Ref{Ecosystem: "Red Hat", Name: "a", Version: "1"}},
		{"pkg:rpm/almalinux/libssl@1?distro=almalinux-8.6&upstream=openssl-libs-1.1.1k-7.el8_6.src.rpm", purl.Ref{Ecosystem: "AlmaLinux:8", Name: "libssl", Version: "1", SourceName: "openssl-libs"}},
		{"pkg:apk/wolfi/git@2.39.0-r1?arch=armv7", purl.Ref{Ecosystem: "Wolfi", Name: "git", Version: "2.39.0-r1", Arch: "armv7"}},
		{"pkg:npm/a?vers=vers:npm%2F%3C2", purl.Ref{Ecosystem: "npm", Name: "a", Vers: "vers:npm/<2"}},
		{"pkg:rpm/amzn/a@1", purl.Ref{Name: "a", Version: "1"}},
		{"pkg:generic/a@1", purl.Ref{Name: "a", Version: "1"}},
	}
	for _, tt := range tests {
		got, err := purl.Parse(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("Parse(%s) = %+v, %v; want %+v", tt.in, got, err, tt.want)
		}
	}
	if _, err := purl.Parse("npm/a"); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}

func TestKey(t *testing.T) {
	for _, tt := range [][3]string{
		{"PyPI", "Foo__.-bar-", "foo-bar-"}, {"PyPI", "_a", "-a"}, {"PyPI", "Ünder_Score", "ünder-score"}, {"Go", "github.com/Azure/A_b", "github.com/azure/a_b"},
		{"npm", "@S/A", "@S/A"}, {"NuGet", "ÄB", "äb"}, {"SwiftURL", "https://github.com/A/b.git", "github.com/a/b"}, {"Debian:12", "A", "A"}, {"PyPI", "", ""},
	} {
		if got := purl.Key(tt[0], tt[1]); got != tt[2] {
			t.Errorf("Key(%s, %s) = %q, want %q", tt[0], tt[1], got, tt[2])
		}
		if got := string(purl.AppendKey([]byte("x"), tt[0], tt[1])); got != "x"+tt[2] {
			t.Errorf("AppendKey(%s, %s) = %q", tt[0], tt[1], got)
		}
	}
}

// What Make writes, Parse reads back.
func TestMake(t *testing.T) {
	for _, tt := range [][3]string{
		{"npm", "@scope/a", "1.0.0"}, {"Maven", "org.example:a", "1"}, {"Go", "example.com/a/v2", "2.0.0"}, {"PyPI", "a-b", "1"},
		{"GitHub Actions", "actions/checkout", "v4"}, {"SwiftURL", "github.com/someone/a", "1.0.0"}, {"crates.io", "a", ""},
	} {
		s := purl.Make(tt[0], tt[1], tt[2])
		ref, err := purl.Parse(s)
		if err != nil || ref.Ecosystem != tt[0] || ref.Name != tt[1] || ref.Version != tt[2] {
			t.Errorf("%v: %s: %+v, %v", tt, s, ref, err)
		}
	}
	if got := purl.Make("", "a", "1") + purl.Make("npm", "", "1"); got != "" {
		t.Errorf("a purl from nothing: %s", got)
	}
}

func TestQuery(t *testing.T) {
	for in, want := range map[string]purl.Ref{
		"npm/debug@4.4.2":                               {Ecosystem: "npm", Name: "debug", Version: "4.4.2"},
		"NPM/debug":                                     {Ecosystem: "npm", Name: "debug"},
		"npm/@ctrl/tinycolor@4.1.1":                     {Ecosystem: "npm", Name: "@ctrl/tinycolor", Version: "4.1.1"},
		"npm/@ctrl/tinycolor":                           {Ecosystem: "npm", Name: "@ctrl/tinycolor"},
		"pypi/Flask_Login@1":                            {Ecosystem: "PyPI", Name: "flask-login", Version: "1"},
		"maven/org.apache.logging.log4j:log4j-core":     {Ecosystem: "Maven", Name: "org.apache.logging.log4j:log4j-core"},
		"go/github.com/a/b@v1.0.0":                      {Ecosystem: "Go", Name: "github.com/a/b", Version: "v1.0.0"},
		"debian:12/openssl":                             {Ecosystem: "Debian:12", Name: "openssl"},
		"pkg:npm/%40ctrl/tinycolor@4.1.1":               {Ecosystem: "npm", Name: "@ctrl/tinycolor", Version: "4.1.1"},
		"pkg:maven/org.apache.logging.log4j/log4j-core": {Ecosystem: "Maven", Name: "org.apache.logging.log4j:log4j-core"},
	} {
		if got, err := purl.Query(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "debug", "npm/", "nowhere/debug", "pkg:nowhere/debug", "pkg:", "/debug", "@npm/x"} {
		if got, err := purl.Query(in); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}
