package advisories

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// A Builder collects records and writes the index. Its result depends on the set of records and facts only, not on
// their order. It is not safe for concurrent use.
type Builder struct {
	joiner   joiner
	members  []member
	postings []posting
	digests  []string
}

// posting is one affected entry of one record, under the key of its package.
type posting struct {
	key      string // ecosystem base, NUL, purl.Key
	record   int    // index into members
	affected tocsin.Affected
}

// Add takes a record in its current revision. A withdrawn record adds nothing but is remembered in the snapshot id.
// digest identifies the revision.
func (b *Builder) Add(a tocsin.Advisory, digest string) {
	b.digests = append(b.digests, a.ID+"\x00"+digest)
	if !a.Withdrawn.IsZero() {
		return
	}
	n := len(b.members)
	b.members = append(b.members, newMember(a))
	b.joiner.add(a.ID)
	for _, alias := range a.Aliases {
		if alias != "" && len(alias) <= 200 {
			b.joiner.join(a.ID, alias)
		}
	}
	for _, aff := range a.Affected {
		if aff.Package.Name == "" || aff.Package.Ecosystem == "" {
			continue // GIT-only entries: no package to look up
		}
		aff.Severity = nil
		aff.Package.PURL = ""
		for i, r := range aff.Ranges {
			aff.Ranges[i].Events = sortEvents(aff.Package.Ecosystem, r)
			aff.Ranges[i].Repo = ""
		}
		aff.Ranges = slices.DeleteFunc(aff.Ranges, func(r tocsin.Range) bool { return r.Type == tocsin.RangeGit })
		slices.Sort(aff.Versions)
		b.postings = append(b.postings, posting{key: key(aff.Package.Ecosystem, aff.Package.Name), record: n, affected: aff})
	}
}

// key is what a package is looked up by: releases of one distribution share it, and each posting keeps its own.
func key(ecosystem, name string) string {
	return purl.Base(ecosystem) + "\x00" + purl.Key(ecosystem, name)
}

// sortEvents puts events in version order, once, so that matching walks them. Events at one version keep the order the
// schema's algorithm needs: introduced first, so that a fix at the same version wins. A version that cannot be read
// stays where it stands; matching will report it.
func sortEvents(ecosystem string, r tocsin.Range) []tocsin.Event {
	type at struct {
		v    version.Version
		zero bool
		ok   bool
		e    tocsin.Event
	}
	list := make([]at, len(r.Events))
	for i, e := range r.Events {
		list[i].e = e
		list[i].zero = e.Introduced == "0"
		v, err := version.Parse(ecosystem, cmp.Or(e.Introduced, e.Fixed, e.LastAffected, e.Limit))
		list[i].v, list[i].ok = v, err == nil
	}
	slices.SortStableFunc(list, func(x, y at) int {
		switch {
		case x.zero || y.zero:
			return cmp.Compare(bit(y.zero), bit(x.zero))
		case !x.ok || !y.ok:
			return 0
		}
		c, err := x.v.Compare(y.v)
		if err != nil {
			return 0
		}
		return cmp.Or(c, cmp.Compare(bit(x.e.Introduced == ""), bit(y.e.Introduced == "")))
	})
	out := make([]tocsin.Event, len(list))
	for i := range list {
		out[i] = list[i].e
	}
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Snapshot is the id of what was added: "adv:" and the start of a digest over records and facts.
func (b *Builder) Snapshot(facts Facts) string {
	h := sha256.New()
	slices.Sort(b.digests)
	for _, d := range b.digests {
		fmt.Fprintln(h, d)
	}
	for _, id := range sortedKeys(facts.KEV) {
		fmt.Fprintln(h, "kev", id, facts.KEV[id].DateAdded.Unix(), facts.KEV[id].DueDate.Unix(), facts.KEV[id].Ransomware)
	}
	for _, id := range sortedKeys(facts.EPSS) {
		fmt.Fprintln(h, "epss", id, facts.EPSS[id].Score, facts.EPSS[id].Percentile)
	}
	return "adv:" + hex.EncodeToString(h.Sum(nil))[:24]
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Build writes the index of everything that was added. It fills the counts and the id of info, which it stores with the
// index and returns. The builder is spent afterwards.
func (b *Builder) Build(w io.Writer, facts Facts, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	classOf, classes := b.classes(facts)
	slices.SortStableFunc(b.postings, func(x, y posting) int {
		return cmp.Or(strings.Compare(x.key, y.key), strings.Compare(b.members[x.record].id, b.members[y.record].id))
	})
	info.ID = b.Snapshot(facts)
	info.Records, info.Classes, info.KEV, info.EPSS = len(b.members), len(classes), len(facts.KEV), len(facts.EPSS)
	return info, write(w, info, b.postings, func(p posting) (string, int) {
		return b.members[p.record].id, classOf[p.record]
	}, classes)
}

// classes numbers the classes in the order of their ids and says to which each member belongs.
func (b *Builder) classes(facts Facts) (classOf []int, classes []tocsin.Class) {
	ids := map[int][]string{}
	for n, id := range b.joiner.ids {
		root := b.joiner.find(n)
		ids[root] = append(ids[root], id)
	}
	members := map[int][]int{}
	for i, m := range b.members {
		root := b.joiner.find(b.joiner.number[m.id])
		members[root] = append(members[root], i)
	}
	type group struct {
		class tocsin.Class
		of    []int
	}
	groups := make([]group, 0, len(members))
	for root, of := range members {
		ms := make([]member, len(of))
		for i, n := range of {
			ms[i] = b.members[n]
		}
		groups = append(groups, group{class(ids[root], ms, facts), of})
	}
	slices.SortFunc(groups, func(x, y group) int { return strings.Compare(x.class.ID, y.class.ID) })
	classOf = make([]int, len(b.members))
	for i, g := range groups {
		classes = append(classes, g.class)
		for _, n := range g.of {
			classOf[n] = i
		}
	}
	return classOf, classes
}

func unixTime(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
