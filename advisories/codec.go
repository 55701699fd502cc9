package advisories

import (
	"encoding/binary"
	"errors"

	"github.com/tocsin-dev/tocsin"
)

var errShort = errors.New("record ends early")

func appendUint(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendString(b []byte, s string) []byte { return append(appendUint(b, len(s)), s...) }

// cursor reads what the append functions wrote. The strings that it gives are parts of one. After the first error every
// read gives zero values, so callers check once.
type cursor struct {
	s   string
	err error
}

func (c *cursor) fail() int {
	if c.s = ""; c.err == nil {
		c.err = errShort
	}
	return 0
}

func (c *cursor) uint() int {
	n := 0
	for i := range min(len(c.s), binary.MaxVarintLen64-1) {
		n |= int(c.s[i]&0x7f) << (7 * i)
		if c.s[i] < 0x80 {
			c.s = c.s[i+1:]
			return n
		}
	}
	return c.fail()
}

// count reads a number of things that take at least one byte each, so that damage cannot make us allocate.
func (c *cursor) count() int {
	n := c.uint()
	if n > len(c.s) {
		return c.fail()
	}
	return n
}

// text reads n bytes.
func (c *cursor) text(n int) string {
	if n > len(c.s) {
		n = c.fail()
	}
	s := c.s[:n]
	c.s = c.s[n:]
	return s
}

func (c *cursor) string() string { return c.text(c.count()) }

// below reads a number that must be less than n.
func (c *cursor) below(n int) int {
	i := c.uint()
	if i >= n {
		return c.fail()
	}
	return i
}

// appendAffected keeps an affected entry until the versions of its package are all known: its ecosystem, versions, and
// ranges without the GIT ones.
func appendAffected(b []byte, a tocsin.Affected) []byte {
	b = appendString(b, a.Package.Ecosystem)
	b = appendUint(b, len(a.Versions))
	for _, v := range a.Versions {
		b = appendString(b, v)
	}
	for _, r := range a.Ranges {
		if r.Type == tocsin.RangeGit {
			continue
		}
		b = appendString(b, string(r.Type))
		b = appendUint(b, len(r.Events))
		for _, e := range r.Events {
			for _, s := range [4]string{e.Introduced, e.Fixed, e.LastAffected, e.Limit} {
				b = appendString(b, s)
			}
		}
	}
	return b
}

func readAffected(b []byte) tocsin.Affected {
	c := cursor{s: string(b)}
	var a tocsin.Affected
	a.Package.Ecosystem = c.string()
	a.Versions = make([]string, c.count())
	for i := range a.Versions {
		a.Versions[i] = c.string()
	}
	for len(c.s) > 0 {
		r := tocsin.Range{Type: tocsin.RangeType(c.string())}
		r.Events = make([]tocsin.Event, c.count())
		for i := range r.Events {
			r.Events[i] = tocsin.Event{Introduced: c.string(), Fixed: c.string(), LastAffected: c.string(), Limit: c.string()}
		}
		a.Ranges = append(a.Ranges, r)
	}
	return a
}

// appendScale writes the versions of one package: how many can be ordered, each with whether it equals the one before,
// then the others.
func appendScale(b []byte, s scale) []byte {
	b = appendUint(b, len(s.ranks))
	for i, v := range s.versions[:len(s.ranks)] {
		same := 0
		if i > 0 && s.ranks[i] == s.ranks[i-1] {
			same = 1
		}
		b = append(appendUint(b, len(v)<<1|same), v...)
	}
	b = appendUint(b, len(s.versions)-len(s.ranks))
	for _, v := range s.versions[len(s.ranks):] {
		b = appendString(b, v)
	}
	return b
}

// scale reads what appendScale wrote.
func (c *cursor) scale(p *tocsin.Postings) {
	n := c.count()
	p.Versions, p.Ranks = make([]string, n), make([]int, n)
	rank := 0
	for i := range n {
		size := c.uint()
		if i > 0 && size&1 == 0 {
			rank++
		}
		p.Versions[i], p.Ranks[i] = c.text(size>>1), rank
	}
	for range c.count() {
		p.Versions = append(p.Versions, c.string())
	}
}

func appendPosting(b []byte, p tocsin.Posting) []byte {
	b = appendString(b, p.Record)
	b = appendUint(b, p.Class)
	b = appendString(b, p.Ecosystem)
	b = appendUint(b, len(p.Ranges))
	for _, r := range p.Ranges {
		b = appendUint(b, len(r))
		for _, e := range r {
			b = appendUint(b, (e.At+1)<<2|int(e.Kind))
		}
	}
	b = appendUint(b, len(p.Versions))
	last := 0
	for _, at := range p.Versions {
		b = appendUint(b, at-last)
		last = at
	}
	return b
}

// posting reads what appendPosting wrote, for a package of so many versions.
func (c *cursor) posting(versions int) tocsin.Posting {
	p := tocsin.Posting{Record: c.string(), Class: c.uint(), Ecosystem: c.string()}
	p.Ranges = make([][]tocsin.Bound, c.count())
	for i := range p.Ranges {
		p.Ranges[i] = make([]tocsin.Bound, c.count())
		for j := range p.Ranges[i] {
			n := c.below((versions + 1) << 2)
			p.Ranges[i][j] = tocsin.Bound{Kind: tocsin.BoundKind(n & 3), At: n>>2 - 1}
		}
	}
	p.Versions = make([]int, c.count())
	at := 0
	for i := range p.Versions {
		at += c.below(max(versions-at, 0))
		p.Versions[i] = at
	}
	return p
}
