package version_test

import (
	"bufio"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/version"
)

func compare(t testing.TB, ecosystem, a, b string) int {
	t.Helper()
	v, err1 := version.Parse(ecosystem, a)
	w, err2 := version.Parse(ecosystem, b)
	c, err3 := v.Compare(w)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatalf("%s: %s and %s: %v", ecosystem, a, b, err)
	}
	return c
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct{ ecosystem, a, op, b string }{
		{"npm", "1.0.0-alpha", "<", "1.0.0"},
		{"npm", "=1.0.0", "=", "v1.0.0"},
		{"npm", "V1.0.0", "=", "1.0.0+build"},
		{"npm", "1.10.0", ">", "1.9.0"},
		{"npm", "4.0.0.1", "=", "4.0.0"},
		{"npm", "4.0.0.1", "<", "4.0.1"},
		{"crates.io", "1.2.3.4", ">", "1.2.3-rc.1"},
		{"Go", "v1.2.3", "=", "1.2.3+incompatible"},
		{"Go", "0.0.0-20190306092124-e2d15f34fcf9", "<", "0.0.1"},
		{"Go", "go1.21rc2", "=", "1.21.0-rc.2"},
		{"Go", "1.21rc2", "<", "1.21.0"},
		{"Go", "go1.21beta1", "<", "go1.21rc1"},
		{"Go", "go1.21", "=", "1.21.0"},
		{"Go", "go1.22.3 X:boringcrypto", "=", "1.22.3"},
		{"Go", "go1.22.3-vendor", "=", "1.22.3"},
		{"Go", "go1", "=", "1.0.0"},
		{"Go", "1.0.0-rc1", "<", "1.0.0"},
		{"PyPI", "1.0", "=", "1.0.0"},
		{"PyPI", "1!0.1", ">", "2.0"},
		{"PyPI", "2.0b1", "<", "2.0"},
		{"PyPI", "v2.0", "=", "2.0"},
		{"PyPI", "2.0.post1", ">", "2.0"},
		{"PyPI", "1.0+local.1", ">", "1.0"},
		{"PyPI", "2.6.0-cu124", "=", "2.6.0+cu124"},
		{"PyPI", "2.6.0-NA", "<", "2.13.0"},
		{"Maven", "2.0-beta9", "<", "2.0"},
		{"Maven", "Finchley.SR1", "<", "Finchley.SR2"},
		{"Maven", "r03", "<", "r09"},
		{"RubyGems", "2.0.0-alpha", "<", "2.0.0"},
		{"RubyGems", "2.0.0.beta1", "<", "2.0.0-alpha"}, // which is 2.0.0.pre.alpha
		{"RubyGems", "1.15.4-x86_64-linux", "=", "1.15.4"},
		{"RubyGems", "1.15.4-java", "=", "1.15.4"},
		{"RubyGems", "v1.0", "=", "1.0"},
		{"Packagist", "v1.0.0", "=", "1.0.0"},
		{"NuGet", "1.0.0.1", ">", "1.0"},
		{"Debian:12", "1:1.0-1", ">", "2.0-1"},
		{"Debian", "1.0~rc1", "<", "1.0"},
		{"Alpine:v3.17", "1.2.3-r1", "<", "1.2.3-r10"},
		{"AlmaLinux:8", "B.02.19.2-6.el8", "<", "B.02.20.2-6.el8"},
		{"GitHub Actions", "v4.1.2", "<", "v4.2.0"},
		{"opam", "1.2.3", "<", "1.3"},
		{"Pub", "1.0.0+1", "<", "1.0.0+2"},
	} {
		want := map[string]int{"<": -1, "=": 0, ">": 1}[tt.op]
		if got := compare(t, tt.ecosystem, tt.a, tt.b); got != want {
			t.Errorf("%s: %s %s %s, got %d", tt.ecosystem, tt.a, tt.op, tt.b, got)
		}
		if got := compare(t, tt.ecosystem, tt.b, tt.a); got != -want {
			t.Errorf("%s: %s against %s: got %d, want the opposite", tt.ecosystem, tt.b, tt.a, got)
		}
	}
}

// What is no version must not get a place in the order.
func TestNoVersion(t *testing.T) {
	everywhere := []string{
		"", " ", "latest", "LATEST", "main", "master", "HEAD", "*", "${x}", "${project.version}", "$version", "[1,2)", "(,1.0]", ">=1.0", "^1.0", "<2",
		"1.0 || 2.0", "1.0 - 2.0", "1.0, 2.0", "1.*", "file:../a", "git+https://example.com/a", "feature/x", "unknown", "unspecified", "-",
		"1.0\n", "1.0\x00", "1.0\u00a0", "１.0", "8e5b2f7d9a1c3e5f7a9b1c3d5e7f9a1b3c5d7e9f", strings.Repeat("1", 300),
	}
	for ecosystem, list := range map[string][]string{
		"npm": {"1.x", "1.2.x", "workspace:1.0.0"}, "crates.io": nil, "Hex": nil, "Pub": nil, "NuGet": {"=1.0"}, "Julia": nil, "Bitnami": nil,
		"Go":        {"(devel)", "devel go1.22-abcdef", "go", "gopher1.0"},
		"PyPI":      {"===1.0", "1.0.foo", "2004d", "trunk"},
		"Maven":     {"RELEASE", "release", "SNAPSHOT", "Hoxton.RELEASE"},
		"Packagist": {"dev-master", "dev-main#abc", "2.0.x-dev", "6.4.x-dev"},
		"RubyGems":  nil, "CRAN": {"1.0a"}, "Hackage": {"1.0-beta"}, "SwiftURL": {"branch"}, "ConanCenter": {"cci.20231129", "system"},
		"GitHub Actions": {"8e5b2f7d9a1c", "1e5b2f7", "v", "v1beta", "v4-", "release/v1"},
		"Debian:12":      {"v1.0", "=1.0"}, "Ubuntu:22.04:LTS": {"v1.0"}, "Alpine:v3.17": {"v1.0"}, "AlmaLinux:8": nil, "Red Hat": nil, "Wolfi": nil,
		"Nowhere": {"1.0"}, "": {"1.0"}, "OSS-Fuzz": {"1.0"}, "GIT": {"1.0"},
	} {
		for _, s := range append(list, everywhere...) {
			if ecosystem == "GitHub Actions" && s == "v4-" {
				continue // an empty pre-release; it orders as the version
			}
			if v, err := version.Parse(ecosystem, s); !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("%s: %q is read as %v, %v", ecosystem, s, v, err)
			}
		}
	}
}

func TestCompareOfDifferentOrders(t *testing.T) {
	v, err1 := version.Parse("npm", "1.0.0")
	w, err2 := version.Parse("PyPI", "1.0.0")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	for _, pair := range [][2]version.Version{{v, w}, {w, v}, {v, {}}, {{}, v}, {{}, {}}} {
		if _, err := pair[0].Compare(pair[1]); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%v with %v: error %v, want ErrInvalid", pair[0], pair[1], err)
		}
	}
	if v.String() != "1.0.0" {
		t.Errorf("text %q", v)
	}
}

func TestSpan(t *testing.T) {
	for _, tt := range [][4]string{
		{"GitHub Actions", "v4", "4.0.0", "4.999999.999999"},
		{"GitHub Actions", "4.1", "4.1.0", "4.1.999999"},
		{"GitHub Actions", "v4.1.2", "v4.1.2", "v4.1.2"},
		{"GitHub Actions", "v4-beta", "v4-beta", "v4-beta"},
		{"GitHub Actions", "main", "main", "main"},
		{"GitHub Actions", "v4.", "v4.", "v4."},
		{"GitHub Actions", "", "", ""},
		{"GitHub Actions", "8e5b2f7d9a1c", "8e5b2f7d9a1c", "8e5b2f7d9a1c"},
		{"npm", "4", "4", "4"},
	} {
		if low, high := version.Span(tt[0], tt[1]); low != tt[2] || high != tt[3] {
			t.Errorf("Span(%s, %s) = %s, %s; want %s, %s", tt[0], tt[1], low, high, tt[2], tt[3])
		}
	}
}

// fixtures are the version lists of osv-scalibr and the ecosystems they speak for.
var fixtures = map[string][]string{
	"alpine-versions.txt": {"Alpine", "Wolfi", "Chainguard", "Alpaquita"}, "alpine-versions-generated.txt": {"Alpine"},
	"cran-versions.txt": {"CRAN"}, "cran-versions-generated.txt": {"CRAN"},
	"debian-versions.txt": {"Debian", "Ubuntu"}, "debian-versions-generated.txt": {"Debian"},
	"hackage-versions.txt": {"Hackage"},
	"maven-versions.txt":   {"Maven"}, "maven-versions-generated.txt": {"Maven"},
	"nuget-versions.txt":     {"NuGet"},
	"packagist-versions.txt": {"Packagist"}, "packagist-versions-generated.txt": {"Packagist"},
	"pub-versions.txt":  {"Pub"},
	"pypi-versions.txt": {"PyPI"}, "pypi-versions-generated.txt": {"PyPI"},
	"redhat-versions.txt":   {"Red Hat", "AlmaLinux", "Rocky Linux"},
	"rubygems-versions.txt": {"RubyGems"}, "rubygems-versions-generated.txt": {"RubyGems"},
	"semver-versions.txt": {"npm", "crates.io", "Go", "Hex"},
}

// lines gives the comparisons of a fixture: a, operator, b.
func lines(t testing.TB, name string) [][3]string {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus.Dir(t), "conformance", "versions", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out [][3]string
	s := bufio.NewScanner(f)
	for s.Scan() {
		if text := strings.TrimSpace(s.Text()); strings.HasPrefix(text, "#") || strings.HasPrefix(text, "//") {
			continue
		}
		if p := strings.Fields(s.Text()); len(p) == 3 {
			out = append(out, [3]string{p[0], p[1], p[2]})
		}
	}
	if err := s.Err(); err != nil || len(out) == 0 {
		t.Fatalf("%s: %d lines, %v", name, len(out), err)
	}
	return out
}

func TestFixtures(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(corpus.Dir(t), "conformance", "versions"))
	if err != nil || len(entries) != len(fixtures) {
		t.Errorf("%d fixtures, %v; this test knows %d", len(entries), err, len(fixtures))
	}
	refused := map[string]int{}
	for name, ecosystems := range fixtures {
		for _, ecosystem := range ecosystems {
			for _, l := range lines(t, name) {
				v, err1 := version.Parse(ecosystem, l[0])
				w, err2 := version.Parse(ecosystem, l[2])
				if err1 != nil || err2 != nil {
					refused[ecosystem+" "+name]++
					if testing.Verbose() {
						t.Logf("%s: %v, %v", ecosystem, err1, err2)
					}
					continue
				}
				want := map[string]int{"<": -1, "=": 0, ">": 1}[l[1]]
				if c, err := v.Compare(w); err != nil || c != want {
					t.Errorf("%s: %s %s %s: got %d, %v", ecosystem, l[0], l[1], l[2], c, err)
				}
			}
		}
	}
	// What the fixtures order and we hold for no version: pieces of a version on their own, and words.
	want := map[string]int{
		"Alpaquita alpine-versions.txt": 6, "Alpine alpine-versions.txt": 6, "Chainguard alpine-versions.txt": 6, "Wolfi alpine-versions.txt": 6,
		"Maven maven-versions-generated.txt": 5, "Packagist packagist-versions.txt": 8,
		"PyPI pypi-versions.txt": 11, "PyPI pypi-versions-generated.txt": 69, // from before PEP 440
		"AlmaLinux redhat-versions.txt": 25, "Red Hat redhat-versions.txt": 25, "Rocky Linux redhat-versions.txt": 25,
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("lines that were not compared: %s", diff)
	}
}

// The order is one: opposite when turned around, and transitive.
func TestOrder(t *testing.T) {
	for name, ecosystems := range fixtures {
		var list []version.Version
		for _, l := range lines(t, name) {
			for _, s := range []string{l[0], l[2]} {
				if v, err := version.Parse(ecosystems[0], s); err == nil {
					list = append(list, v)
				}
			}
		}
		compare := func(v, w version.Version) int {
			c, err := v.Compare(w)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return c
		}
		r := rand.New(rand.NewPCG(1, 2))
		pick := func() version.Version { return list[r.IntN(len(list))] }
		broken := 0
		for range 3000 {
			a, b, c := pick(), pick(), pick()
			if compare(a, b) != -compare(b, a) {
				broken++
				t.Logf("%s: %s and %s are not opposite when turned around", name, a, b)
			}
			if compare(a, b) <= 0 && compare(b, c) <= 0 && compare(a, c) > 0 {
				broken++
				t.Logf("%s: %s <= %s <= %s, but not the first and last", name, a, b, c)
			}
		}
		if broken > 0 {
			t.Errorf("%s: %d of 3000 triples are out of order", name, broken)
		}
	}
}

func FuzzParse(f *testing.F) {
	ecosystems := []string{
		"npm", "Go", "PyPI", "Maven", "RubyGems", "Packagist", "NuGet", "CRAN", "Hackage", "Pub", "Debian:12", "Alpine", "Red Hat", "GitHub Actions", "Nowhere",
	}
	for i := range ecosystems {
		f.Add(uint8(i), "1.0.0", "1.0.0-rc1")
		f.Add(uint8(i), "1:2.0~a1+b-r3", "v1!2.post4")
	}
	f.Fuzz(func(t *testing.T, n uint8, a, b string) {
		ecosystem := ecosystems[int(n)%len(ecosystems)]
		version.Span(ecosystem, a)
		v, err1 := version.Parse(ecosystem, a)
		w, err2 := version.Parse(ecosystem, b)
		if err1 != nil || err2 != nil {
			for _, err := range []error{err1, err2} {
				if err != nil && !errors.Is(err, tocsin.ErrInvalid) {
					t.Errorf("%s: error %v, want ErrInvalid", ecosystem, err)
				}
			}
			return
		}
		if _, err := v.Compare(w); err != nil && !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%s: %q, %q: %v", ecosystem, a, b, err)
		}
		if c, err := v.Compare(v); err == nil && c != 0 {
			t.Errorf("%s: %q differs from itself: %d", ecosystem, a, c)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for ecosystem, s := range map[string]string{
		"npm": "4.17.21", "Go": "v0.0.0-20190306092124-e2d15f34fcf9", "PyPI": "2.0.0rc1", "Maven": "2.14.1", "Debian:12": "1:3.0.11-1~deb12u2", "Alpine:v3.17": "3.0.8-r3",
	} {
		b.Run(ecosystem, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := version.Parse(ecosystem, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
