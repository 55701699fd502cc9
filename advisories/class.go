package advisories

import (
	"cmp"
	"slices"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/tocsin-dev/tocsin"
)

// Facts are what other feeds know of a CVE.
type Facts struct {
	KEV  map[string]tocsin.KEV  // by CVE id
	EPSS map[string]tocsin.EPSS // by CVE id
}

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

// member is what a record adds to its class.
type member struct {
	id, digest          string
	origins             []string
	private             bool
	summary, url        string
	malware             bool
	published, modified int64 // Unix seconds, 0 for none
	cvss                *tocsin.CVSS
	cwes                []string
}

func newMember(a tocsin.Advisory, digest string) member {
	m := member{id: a.ID, digest: digest, origins: origins(a), private: a.Private, summary: clip(a.Summary, 300), malware: malicious(a), cvss: worst(a), cwes: a.CWEs}
	if !a.Published.IsZero() {
		m.published = a.Published.Unix()
	}
	if !a.Modified.IsZero() {
		m.modified = a.Modified.Unix()
	}
	for _, r := range a.References {
		if r.Type == "ADVISORY" && strings.HasPrefix(r.URL, "https://") {
			m.url = clip(r.URL, 500)
			break
		}
	}
	return m
}

// compareMembers orders records by id; two revisions under one id, which occur in the feeds, by digest.
func compareMembers(a, b member) int {
	return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.digest, b.digest))
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

// class makes the class of the given ids and members. Both may come in any order.
func class(ids []string, members []member, facts Facts) tocsin.Class {
	slices.Sort(ids)
	slices.SortFunc(members, compareMembers)
	c := tocsin.Class{Aliases: ids, Kind: tocsin.KindFlaw, Private: true}
	var summaryFrom, urlFrom string
	var published, modified int64
	for _, m := range members {
		c.Origins = append(c.Origins, m.origins...)
		c.Private = c.Private && m.private
		c.CWEs = append(c.CWEs, m.cwes...)
		if m.malware {
			c.Kind = tocsin.KindMalware
		}
		if m.published != 0 && (published == 0 || m.published < published) {
			published = m.published
		}
		modified = max(modified, m.modified)
		if m.cvss != nil && (c.CVSS == nil || m.cvss.Score > c.CVSS.Score) {
			c.CVSS = m.cvss
		}
		if m.summary != "" && (summaryFrom == "" || rank(m.id) < rank(summaryFrom)) {
			c.Summary, summaryFrom = m.summary, m.id
		}
		if m.url != "" && (urlFrom == "" || rank(m.id) < rank(urlFrom)) {
			c.URL, urlFrom = m.url, m.id
		}
	}
	c.Published, c.Modified = unixTime(published), unixTime(modified)
	slices.Sort(c.Origins)
	c.Origins = slices.Compact(c.Origins)
	slices.Sort(c.CWEs)
	c.CWEs = slices.Compact(c.CWEs)
	c.ID = slices.MinFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(preference(a, c.Kind), preference(b, c.Kind)), strings.Compare(a, b))
	})
	for _, id := range ids {
		if k, ok := facts.KEV[id]; ok && (c.KEV == nil || k.DateAdded.Before(c.KEV.DateAdded)) {
			c.KEV = &k
		}
		if e, ok := facts.EPSS[id]; ok && (c.EPSS == nil || e.Score > c.EPSS.Score) {
			c.EPSS = &e
		}
	}
	return c
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
