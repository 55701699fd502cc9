package markdown

import (
	"strings"
)

// maxText is how many characters of an inline text are kept.
const maxText = 1000

// gap is a zero width space. GitHub looks for mentions and references in the rendered text, so that an entity or a
// backslash does not stop it; a character between does, as Dependabot and Renovate use it.
const gap = "&#8203;"

// Text returns s as inline text that reads as s and does nothing: no formatting, HTML, mention, reference or link, on
// one line of at most 1,000 characters.
func Text(s string) string {
	s = Line(s, maxText)
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	for i := 0; i < len(s); i++ {
		c := s[i]
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch {
		case c == '&':
			b.WriteString("&amp;")
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == '@':
			b.WriteString("@" + gap)
		case c == '#':
			b.WriteString(`\#` + gap)
		case c == ':' && (next == '/' || word(next) || next == '+' || next == '-'): // URLs, other schemes, :emoji:
			b.WriteString(":" + gap)
		case c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteString("." + gap)
		case c == '.' && digits(s[:i]): // "1." begins a list
			b.WriteString(`\.`)
		case c == '-' && digit(next) && i >= 2 && strings.EqualFold(s[i-2:i], "GH"): // GH-123 refers to an issue
			b.WriteString("-" + gap)
		case c == '-' && i == 0:
			b.WriteString(`\-`)
		case strings.IndexByte("\\`*_{}[]()+!|~$^=", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func word(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }

// digits says whether s is a number.
func digits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}
