package pin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// A history is what was pinned of each package before and is now.
type history struct{ packages map[key]*pins }

type pins struct {
	// before and now are the versions, each once. was says that the base had the package at all, with a version or without.
	before, now []string
	was         bool
	// hashes are what was pinned before, by version.
	hashes map[string][]string
	// replaced is the lowest version before, where all that is lower now is a downgrade of it; told says that it was looked for.
	replaced string
	told     bool
}

func compare(base, head tocsin.Inventory) *history {
	h := &history{packages: map[key]*pins{}}
	for i := range base.Packages {
		p := &base.Packages[i]
		q := h.of(p)
		q.was = true
		if hashes := strings.Fields(p.Integrity); len(hashes) > 0 && hashed(p) {
			if q.hashes == nil {
				q.hashes = map[string][]string{}
			}
			q.hashes[p.Version] = append(q.hashes[p.Version], hashes...)
		}
		if !own(p) {
			q.before = appendNew(q.before, p.Version)
		}
	}
	for i := range head.Packages {
		if p := &head.Packages[i]; !own(p) {
			if q := h.packages[of(p)]; q != nil {
				q.now = appendNew(q.now, p.Version)
			}
		}
	}
	return h
}

func (h *history) of(p *tocsin.Package) *pins {
	k := of(p)
	if h.packages[k] == nil {
		h.packages[k] = &pins{}
	}
	return h.packages[k]
}

// appendNew keeps versions once. An inventory is sorted, so that equal ones follow each other.
func appendNew(list []string, v string) []string {
	if v == "" || len(list) > 0 && list[len(list)-1] == v {
		return list
	}
	return append(list, v)
}

// facts appends what changed of a package.
func (h *history) facts(out []Fact, p *tocsin.Package) []Fact {
	q := h.packages[of(p)]
	if own(p) {
		return out
	}
	if q == nil || !q.was {
		return append(out, Fact{Hygiene: tocsin.HygieneNew})
	}
	if was, is := q.changed(p); was != "" {
		out = append(out, Fact{tocsin.HygieneChanged, fmt.Sprintf("It is %s, and was %s", is, was)})
	}
	if was := q.downgraded(p); was != "" {
		out = append(out, Fact{tocsin.HygieneDowngrade, "It was " + was})
	}
	return out
}

// changed gives a hash that was pinned of the version and is not any more, with the one that is instead. Hashes of one
// algorithm are alternatives, one for each file of a release, and releases gain files: they changed if they share none.
func (q *pins) changed(p *tocsin.Package) (was, is string) {
	if !hashed(p) {
		return "", ""
	}
	now := strings.Fields(p.Integrity)
	for _, is := range now {
		same := func(hash string) bool { return algorithm(hash) == algorithm(is) }
		i := slices.IndexFunc(q.hashes[p.Version], same)
		if i >= 0 && !slices.ContainsFunc(q.hashes[p.Version], func(hash string) bool { return same(hash) && slices.Contains(now, hash) }) {
			return q.hashes[p.Version][i], is
		}
	}
	return "", ""
}

// hashed says whether the hash of a package is of the file that its version names. The digest of an image is not: its tag
// is built anew now and then, and what is pinned is the digest itself. Nor is a bare hash of yarn 2 and 3: it is of an archive
// that yarn made, and changes with yarn.
func hashed(p *tocsin.Package) bool {
	switch {
	case p.Version == "", own(p), strings.HasPrefix(p.PURL, "pkg:docker/"), strings.HasPrefix(p.PURL, "pkg:oci/"):
		return false
	default:
		return purl.Base(p.Ecosystem) != "npm" || strings.ContainsAny(p.Integrity, "-/")
	}
}

// algorithm is what tells hashes that can be compared from those that cannot: the name before the hash ("sha512-", "sha256:",
// "h1:", yarn's "10c0/"), or its length where there is none.
func algorithm(hash string) string {
	if i := strings.IndexAny(hash, "-:/"); i >= 0 && i < 12 && (hash[i] != '/' || !strings.HasSuffix(hash, "=")) { // base64 has slashes
		return hash[:i]
	}
	return fmt.Sprint(len(hash))
}

// downgraded gives the version that a package replaces though it is lower. Where there are more versions than before, the lower
// one came in beside the others, as something that a new dependency wants.
func (q *pins) downgraded(p *tocsin.Package) string {
	if !q.told {
		q.told = true
		low := lowest(p.Ecosystem, q.before)
		if low != "" && len(q.now) <= len(q.before) && !slices.Contains(q.now, low) {
			q.replaced = low
		}
	}
	if q.replaced == "" || slices.Contains(q.before, p.Version) || !below(p.Ecosystem, p.Version, q.replaced) {
		return ""
	}
	return q.replaced
}

// lowest is the lowest version of a list; empty if it has none that can be ordered.
func lowest(ecosystem string, list []string) string {
	low := ""
	for _, v := range list {
		if _, err := version.Parse(ecosystem, v); err == nil && (low == "" || below(ecosystem, v, low)) {
			low = v
		}
	}
	return low
}

// below says whether a version is before another, whatever a moving tag may mean. What cannot be ordered is not.
func below(ecosystem, v, than string) bool {
	_, high := version.Span(ecosystem, v)
	low, _ := version.Span(ecosystem, than)
	a, err := version.Parse(ecosystem, high)
	if err != nil {
		return false
	}
	b, err := version.Parse(ecosystem, low)
	if err != nil {
		return false
	}
	c, err := a.Compare(b)
	return err == nil && c < 0
}
