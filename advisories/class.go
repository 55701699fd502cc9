package advisories

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/tocsin-dev/tocsin"
)

// joiner is a union-find over ids. Only alias assertions of standing records join; the result does not depend on the
// order in which they were made, because the name of a class is chosen from the whole set.
type joiner struct {
	number map[string]int
	ids    []string
	parent []int
}

func (j *joiner) add(id string) int {
	if j.number == nil {
		j.number = map[string]int{}
	}
	n, ok := j.number[id]
	if !ok {
		n = len(j.ids)
		j.number[id] = n
		j.ids = append(j.ids, id)
		j.parent = append(j.parent, n)
	}
	return n
}

func (j *joiner) find(n int) int {
	for j.parent[n] != n {
		j.parent[n] = j.parent[j.parent[n]]
		n = j.parent[n]
	}
	return n
}

func (j *joiner) join(a, b string) {
	x, y := j.find(j.add(a)), j.find(j.add(b))
	j.parent[max(x, y)] = min(x, y)
}

// member is a record of a class.
type member struct {
	id       string
	revision revision
	data     kept  // the class that it would be alone, see appendClass
	number   int32 // its place among the members
}

// single is the class that a record would be alone.
func single(a tocsin.Advisory) tocsin.Class {
	c := tocsin.Class{
		ID: a.ID, Aliases: []string{a.ID}, Kind: tocsin.KindFlaw, Summary: clip(a.Summary, 300), Published: a.Published, Modified: a.Modified,
		Origins: reporters(a), Private: a.Private, CVSS: worst(a), CWEs: a.CWEs,
	}
	for _, alias := range Aliases(a) {
		c.Aliases = append(c.Aliases, alias)
		c.Assertions = append(c.Assertions, tocsin.Assertion{Record: a.ID, Alias: alias})
	}
	switch {
	case malicious(a):
		c.Kind = tocsin.KindMalware
	case a.Unmaintained:
		c.Kind = tocsin.KindUnmaintained
	}
	for _, r := range a.References {
		if r.Type == "ADVISORY" && strings.HasPrefix(r.URL, "https://") {
			c.URL = clip(r.URL, 500)
			break
		}
	}
	return c
}

// Aliases are the ids that a record says are about the same as it, as far as they are ids.
func Aliases(a tocsin.Advisory) []string {
	var out []string
	for _, alias := range a.Aliases {
		if alias = strings.TrimSpace(alias); validID(alias) && alias != a.ID {
			out = append(out, alias)
		}
	}
	return out
}

// compareMembers orders records by id; two revisions under one id, which occur in the feeds, by digest.
func compareMembers(a, b member) int {
	return cmp.Or(strings.Compare(a.id, b.id), bytes.Compare(a.revision[:], b.revision[:]))
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// worst is the highest base score among the record's vectors. A vector that cannot be read counts as absent: "no score"
// is a value of its own, never 0.
func worst(a tocsin.Advisory) *tocsin.CVSS {
	var best *tocsin.CVSS
	take := func(list []tocsin.Severity) {
		for _, s := range list {
			score, ok := baseScore(s.Score)
			if ok && (best == nil || score > best.Score || score == best.Score && s.Score > best.Vector) {
				best = &tocsin.CVSS{Vector: s.Score, Score: score, Source: a.ID}
			}
		}
	}
	take(a.Severity)
	for _, aff := range a.Affected {
		take(aff.Severity)
	}
	return best
}

func baseScore(vector string) (float64, bool) {
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		if v, err := gocvss40.ParseVector(vector); err == nil {
			return v.Score(), true
		}
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		if v, err := gocvss31.ParseVector(vector); err == nil {
			return v.BaseScore(), true
		}
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		if v, err := gocvss30.ParseVector(vector); err == nil {
			return v.BaseScore(), true
		}
	case strings.HasPrefix(vector, "AV:"):
		if v, err := gocvss20.ParseVector(vector); err == nil {
			return v.BaseScore(), true
		}
	}
	return 0, false
}

// class joins what the members of a group say.
func (b *Builder) class(g group) tocsin.Class {
	out := tocsin.Class{Kind: tocsin.KindUnmaintained, Private: true}
	for _, n := range g.ids {
		out.Aliases = append(out.Aliases, b.joiner.ids[n])
	}
	slices.Sort(out.Aliases)
	var summaryFrom, urlFrom string
	for _, n := range g.members {
		c := cursor{s: string(b.arena.at(b.members[n].data))}
		m := c.class(b.shared.at)
		out.Origins = append(out.Origins, m.Origins...)
		out.Private = out.Private && m.Private
		out.CWEs = append(out.CWEs, m.CWEs...)
		out.Assertions = append(out.Assertions, m.Assertions...)
		if m.Kind == tocsin.KindMalware || m.Kind == tocsin.KindFlaw && out.Kind == tocsin.KindUnmaintained {
			out.Kind = m.Kind
		}
		if !m.Published.IsZero() && (out.Published.IsZero() || m.Published.Before(out.Published)) {
			out.Published = m.Published
		}
		if m.Modified.After(out.Modified) {
			out.Modified = m.Modified
		}
		if m.CVSS != nil && (out.CVSS == nil || m.CVSS.Score > out.CVSS.Score) {
			out.CVSS = m.CVSS
		}
		if m.Summary != "" && (summaryFrom == "" || rank(m.ID) < rank(summaryFrom)) {
			out.Summary, summaryFrom = m.Summary, m.ID
		}
		if m.URL != "" && (urlFrom == "" || rank(m.ID) < rank(urlFrom)) {
			out.URL, urlFrom = m.URL, m.ID
		}
	}
	slices.Sort(out.Origins)
	out.Origins = slices.Compact(out.Origins)
	slices.Sort(out.CWEs)
	out.CWEs = slices.Compact(out.CWEs)
	slices.SortFunc(out.Assertions, func(x, y tocsin.Assertion) int {
		return cmp.Or(strings.Compare(x.Record, y.Record), strings.Compare(x.Alias, y.Alias))
	})
	out.Assertions = slices.Compact(out.Assertions)
	out.ID = slices.MinFunc(out.Aliases, func(x, y string) int {
		return cmp.Or(cmp.Compare(preference(x, out.Kind), preference(y, out.Kind)), strings.Compare(x, y))
	})
	return out
}

// rank prefers the words of databases whose summaries are written for people.
func rank(id string) int { return place(id, "GHSA", "CVE", "GO", "RUSTSEC", "PYSEC", "MAL") }

// preference orders the ids of a class by how well they are known.
func preference(id string, kind tocsin.Kind) int {
	if kind == tocsin.KindMalware {
		return place(id, "MAL", "CVE", "GHSA")
	}
	return place(id, "CVE", "GHSA", "MAL")
}

// place is the position of the id's database in the order, after all if it is not in it.
func place(id string, order ...string) int {
	if i := slices.Index(order, origin(id)); i >= 0 {
		return i
	}
	return len(order)
}
