package chat

import (
	"strings"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// gap is a space without width. No service looks through it.
const gap = "\u200b"

var (
	// What is markup somewhere has its like in its place: not all services know how to escape it.
	alike = strings.NewReplacer("@", "@"+gap, "#", "#"+gap, "&", "&"+gap, "<", "‹", ">", "›", "`", "'", "*", "∗", "~", "∼", "|", "¦", "](", "]"+gap+"(", "://", ":"+gap+"//")
	// dot is one that names of hosts have, colon one of an emoji or a scheme, edge an underscore that begins or ends emphasis.
	dot   = pattern.Lazy(`\.([A-Za-z])`)
	colon = pattern.Lazy(`:([A-Za-z_+-])`)
	edge  = pattern.Lazy(`\b_+\B|\B_+\b|\B_+\B|_{2,}`)
)

// still makes text do nothing in any service: it mentions nobody, links nowhere and is no markup, and reads as before.
func still(s string) string {
	s = dot().ReplaceAllString(alike.Replace(s), gap+".$1")
	s = colon().ReplaceAllString(s, ":"+gap+"$1")
	return edge().ReplaceAllStringFunc(s, func(run string) string { return strings.Repeat("ˍ", len(run)) })
}

// shorten cuts text at a number of characters. A cut never makes anything of what was nothing.
func shorten(s string, limit int) string {
	n := 0
	for i := range s {
		if n == limit {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
