package pin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/pin"
)

// inventory is of packages written as "ecosystem name version integrity", with "-" for nothing.
func inventory(lines ...string) tocsin.Inventory {
	var inv tocsin.Inventory
	for _, l := range lines {
		f := strings.Fields(strings.ReplaceAll(l, " -", " \x00"))
		for len(f) < 4 {
			f = append(f, "")
		}
		for i := range f {
			f[i] = strings.ReplaceAll(strings.Trim(f[i], "\x00"), "+", " ")
		}
		p := tocsin.Package{Ecosystem: f[0], Name: f[1], Version: f[2], Integrity: f[3]}
		switch f[0] {
		case "image":
			p.Ecosystem, p.PURL = "", "pkg:oci/"+f[1]
		case "GitHubActions":
			p.Ecosystem = "GitHub Actions"
		case "workspace":
			p.Ecosystem, p.Origin.Kind = "npm", tocsin.OriginLocal
		}
		inv.Packages = append(inv.Packages, p)
	}
	inv.Seal()
	return inv
}

// What changed against a base. Each case is a lockfile before and after; what is told of the packages is "name fact: detail".
func TestChanges(t *testing.T) {
	for name, c := range map[string]struct{ before, after, want []string }{
		"nothing": {
			[]string{"npm a 1.0.0 sha512-aa", "PyPI b 2", "Go c v1.0.0"}, []string{"npm a 1.0.0 sha512-aa", "PyPI b 2", "Go c v1.0.0"}, nil},
		"a tampered tarball": {
			[]string{"npm a 1.0.0 sha512-aa"}, []string{"npm a 1.0.0 sha512-bb"}, []string{"a integrity changed: It is sha512-bb, and was sha512-aa"}},
		"a crate without the name of the algorithm": {
			[]string{"crates.io a 1.0.0 aa11"}, []string{"crates.io a 1.0.0 bb22"}, []string{"a integrity changed: It is bb22, and was aa11"}},
		"a hash of NuGet has slashes": {
			[]string{"NuGet A 1.0.0 ab/cd=="}, []string{"NuGet a 1.0.0 xb/cd=="}, []string{"a integrity changed: It is xb/cd==, and was ab/cd=="}},
		"another algorithm cannot be compared": {
			[]string{"npm a 1.0.0 sha1-aa"}, []string{"npm a 1.0.0 sha512-bb"}, nil},
		"one of two algorithms changed": {
			[]string{"npm a 1.0.0 sha1-aa+sha512-aa"}, []string{"npm a 1.0.0 sha1-aa+sha512-bb"}, []string{"a integrity changed: It is sha512-bb, and was sha512-aa"}},
		"a release that gained a file": {
			[]string{"PyPI a 1 sha256:aa+sha256:bb"}, []string{"PyPI a 1 sha256:00+sha256:aa+sha256:bb"}, nil},
		"a release whose files are all others": {
			[]string{"PyPI a 1 sha256:aa+sha256:bb"}, []string{"PyPI a 1 sha256:cc+sha256:dd"}, []string{"a integrity changed: It is sha256:cc, and was sha256:aa"}},
		"a release whose hashes are in another order": {
			[]string{"PyPI a 1 sha256:aa+sha256:bb"}, []string{"PyPI a 1 sha256:bb+sha256:aa"}, nil},
		"another version has another hash": {
			[]string{"npm a 1.0.0 sha512-aa"}, []string{"npm a 1.0.1 sha512-bb"}, nil},
		"a hash that is gone is another fact": {
			[]string{"npm a 1.0.0 sha512-aa"}, []string{"npm a 1.0.0"}, nil},
		"an archive of yarn's own making": {
			[]string{"npm a 1.0.0 aa11"}, []string{"npm a 1.0.0 bb22"}, nil},
		"the same archive of yarn 4": {
			[]string{"npm a 1.0.0 10c0/aa"}, []string{"npm a 1.0.0 10c0/bb"}, []string{"a integrity changed: It is 10c0/bb, and was 10c0/aa"}},
		"an image that was built anew": {
			[]string{"image a 3.20 sha256:aa"}, []string{"image a 3.20 sha256:bb"}, nil},
		"a new dependency": {
			[]string{"npm a 1.0.0"}, []string{"npm a 1.0.0", "npm b 1.0.0", "PyPI a 1"}, []string{"b new: ", "a new: "}},
		"another spelling is not new": {
			[]string{"PyPI Ruamel_yaml 1"}, []string{"PyPI ruamel.yaml 1"}, nil},
		"a new part of the project is no dependency": {
			[]string{"npm a 1.0.0"}, []string{"npm a 1.0.0", "workspace b 1.0.0"}, nil},
		"a part of the project that is now from a registry": {
			[]string{"workspace b 2.0.0"}, []string{"npm b 1.0.0"}, nil},
		"a downgrade": {
			[]string{"npm a 1.10.0"}, []string{"npm a 1.9.0"}, []string{"a downgrade: It was 1.10.0"}},
		"an upgrade by the ecosystem's order": {
			[]string{"RubyGems a 2.0.0.pre"}, []string{"RubyGems a 2.0.0"}, nil},
		"a lower one beside what was there": {
			[]string{"npm a 9.0.0"}, []string{"npm a 9.0.0", "npm a 3.0.0"}, nil},
		"a lower one beside an upgrade": {
			[]string{"npm a 9.0.0"}, []string{"npm a 9.0.1", "npm a 3.0.0"}, nil},
		"the lower of two replaced by one lower still": {
			[]string{"npm a 9.0.0", "npm a 3.1.0"}, []string{"npm a 9.2.0", "npm a 3.0.0"}, []string{"a downgrade: It was 3.1.0"}},
		"only the lower of two is left": {
			[]string{"npm a 9.0.0", "npm a 3.1.0"}, []string{"npm a 3.1.0"}, nil},
		"another notation": {
			[]string{"Go a v1.0.0"}, []string{"Go a 1.0.0"}, nil},
		"a tag that moves with its newest version": {
			[]string{"GitHubActions a v4.1.0"}, []string{"GitHubActions a v4"}, nil},
		"what cannot be ordered": {
			[]string{"npm a master"}, []string{"npm a 1.0.0"}, nil},
	} {
		base, head := inventory(c.before...), inventory(c.after...)
		j := pin.New(head, &base)
		var got []string
		for i := range head.Packages {
			for _, f := range j.Of(&head.Packages[i]) {
				if f.Hygiene != tocsin.HygieneMutable && f.Hygiene != tocsin.HygieneUnpinned {
					got = append(got, fmt.Sprintf("%s %s: %s", head.Packages[i].Name, f.Hygiene, f.Detail))
				}
			}
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

// Each fact is a finding of its own, which knows the others, and neither a flaw nor malware. Without a base nothing is new.
func TestFindings(t *testing.T) {
	base, head := inventory("npm a 1.0.0 sha512-aa"), inventory("npm a 1.0.0 sha512-bb", "npm loadsh -", "npm plain 1.0.0")
	tell := func(base *tocsin.Inventory) []string {
		var out []string
		for _, f := range pin.New(head, base).Findings() {
			out = append(out, fmt.Sprintf("%s %s %s %s %q", f.Package, f.Class.ID, f.Class.Kind, f.Status, f.Hygiene))
			if f.Class.Summary == "" || !slices.Equal(f.Class.Aliases, []string{f.Class.ID}) {
				t.Errorf("%+v", f.Class)
			}
		}
		return out
	}
	if diff := cmp.Diff([]string{
		`loadsh TOCSIN-PIN-UNPINNED pin affected ["unpinned" "lookalike"]`,
		`loadsh TOCSIN-PIN-LOOKALIKE pin affected ["unpinned" "lookalike"]`,
	}, tell(nil)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		`a@1.0.0 TOCSIN-PIN-INTEGRITY-CHANGED pin affected ["integrity changed"]`,
		`loadsh TOCSIN-PIN-UNPINNED pin affected ["unpinned" "new" "lookalike"]`,
		`loadsh TOCSIN-PIN-NEW pin affected ["unpinned" "new" "lookalike"]`,
		`loadsh TOCSIN-PIN-LOOKALIKE pin affected ["unpinned" "new" "lookalike"]`,
		`plain@1.0.0 TOCSIN-PIN-NEW pin affected ["new"]`,
	}, tell(&base)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	flaws := []tocsin.Finding{{Package: head.Packages[0]}}
	pin.New(head, &base).Note(flaws)
	if !slices.Equal(flaws[0].Hygiene, []tocsin.Hygiene{tocsin.HygieneChanged}) {
		t.Errorf("a finding's own facts: %q", flaws[0].Hygiene)
	}
}

// Facts are told in the order that the inventory and the base were written in or any other.
func TestOrderDoesNotMatter(t *testing.T) {
	a := []string{"npm a 9.0.0 sha512-aa", "npm a 3.1.0 sha512-bb", "npm b 1.0.0 sha512-cc"}
	b := []string{"npm a 9.2.0 sha512-aa", "npm a 3.0.0 sha512-bb", "npm b 1.0.0 sha512-dd", "npm c 1.0.0"}
	base, head := inventory(a...), inventory(b...)
	want := pin.New(head, &base).Findings()
	slices.Reverse(a)
	slices.Reverse(b)
	base, head = inventory(a...), inventory(b...)
	if diff := cmp.Diff(want, pin.New(head, &base).Findings()); diff != "" || len(want) != 3 {
		t.Errorf("%d findings\n%s", len(want), diff)
	}
}
