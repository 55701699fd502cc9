package advisories

import (
	"math"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

const (
	flagMalware = 1 << iota
	flagPrivate
	flagScored
	flagUnmaintained
)

// appendClass writes a class without its facts.
func appendClass(b []byte, c tocsin.Class, n *names) []byte {
	b = appendUint(b, len(c.Aliases))
	for _, id := range c.Aliases {
		b = appendString(b, id)
	}
	at := func(id string) int { return max(0, slices.Index(c.Aliases, id)) }
	b = appendUint(b, at(c.ID))
	flags := 0
	switch c.Kind {
	case tocsin.KindMalware:
		flags |= flagMalware
	case tocsin.KindUnmaintained:
		flags |= flagUnmaintained
	}
	if c.Private {
		flags |= flagPrivate
	}
	if c.CVSS != nil {
		flags |= flagScored
	}
	b = appendUint(b, flags)
	b = appendString(b, c.Summary)
	cut := strings.LastIndexByte(c.URL, '/') + 1
	b = appendUint(b, n.intern(c.URL[:cut]))
	b = appendString(b, c.URL[cut:])
	b = appendUint(b, zigzag(unixOf(c.Published)))
	b = appendUint(b, zigzag(unixOf(c.Modified)))
	for _, list := range [][]string{c.Origins, c.CWEs} {
		b = appendUint(b, len(list))
		for _, s := range list {
			b = appendUint(b, n.intern(s))
		}
	}
	b = appendUint(b, len(c.Assertions))
	for _, a := range c.Assertions {
		b = appendUint(b, at(a.Record))
		b = appendUint(b, at(a.Alias))
	}
	if c.CVSS != nil {
		b = appendUint(b, at(c.CVSS.Source))
		b = appendUint(b, n.intern(c.CVSS.Vector))
		b = appendUint(b, int(math.Round(c.CVSS.Score*10))) // CVSS has one decimal
	}
	return b
}

// class reads what appendClass wrote.
func (c *cursor) class(nameAt func(int) (string, error)) tocsin.Class {
	var out tocsin.Class
	out.Aliases = make([]string, c.count())
	for i := range out.Aliases {
		out.Aliases[i] = c.string()
	}
	id := func() string {
		if i := c.below(len(out.Aliases)); c.err == nil {
			return out.Aliases[i]
		}
		return ""
	}
	name := func() string {
		s, err := nameAt(c.uint())
		if err != nil {
			c.s, c.err = "", err
		}
		return s
	}
	out.ID, out.Kind = id(), tocsin.KindFlaw
	flags := c.uint()
	switch {
	case flags&flagMalware != 0:
		out.Kind = tocsin.KindMalware
	case flags&flagUnmaintained != 0:
		out.Kind = tocsin.KindUnmaintained
	}
	out.Private = flags&flagPrivate != 0
	out.Summary = c.string()
	out.URL = name() + c.string()
	out.Published, out.Modified = unixTime(unzigzag(c.uint())), unixTime(unzigzag(c.uint()))
	for _, list := range []*[]string{&out.Origins, &out.CWEs} {
		for range c.count() {
			*list = append(*list, name())
		}
	}
	for range c.count() {
		out.Assertions = append(out.Assertions, tocsin.Assertion{Record: id(), Alias: id()})
	}
	if flags&flagScored != 0 {
		out.CVSS = &tocsin.CVSS{Source: id(), Vector: name(), Score: float64(c.uint()) / 10}
	}
	return out
}

// zigzag makes a small number of a small time before 1970 too.
func zigzag(n int64) int { return int(n<<1 ^ n>>63) }

func unzigzag(n int) int64 { return int64(n>>1) ^ -int64(n&1) }
