package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ellipsis ends what was cut.
const ellipsis = "…"

// Line returns s as one plain line of at most limit characters, for places that know no Markdown, such as the title
// of an issue: without line breaks, control, invisible and direction-changing characters.
func Line(s string, limit int) string {
	return shorten(strings.Join(strings.Fields(clean(s, false)), " "), limit)
}

// Lines returns Markdown that people wrote for others to read, of at most limit characters: it means what it meant, without control,
// invisible and direction-changing characters.
func Lines(s string, limit int) string {
	return shorten(strings.TrimSpace(clean(strings.ReplaceAll(s, "\r\n", "\n"), true)), limit)
}

// clean drops what cannot be seen or changes how the rest is seen. Line breaks and tabs become spaces unless kept.
func clean(s string, keepLines bool) string {
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > 3 {
				continue // letters buried under their accents
			}
		} else {
			marks = 0
		}
		switch {
		case r == '\n' || r == '\t':
			if keepLines {
				b.WriteRune(r)
			} else {
				b.WriteByte(' ')
			}
		case r == '\u2028' || r == '\u2029' || r == '\u0085' || r == '\v' || r == '\f':
			b.WriteByte(' ')
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs), invisible(r):
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// invisible letters and marks that Unicode does not count among the format characters.
func invisible(r rune) bool {
	switch r {
	case '\u034F', '\u115F', '\u1160', '\u17B4', '\u17B5', '\u3164', '\uFFA0', '\u2800':
		return true
	}
	return r >= 0xE0100 && r <= 0xE01EF || r >= 0xFE00 && r <= 0xFE0F // variation selectors carry hidden bytes
}

// shorten cuts s to limit characters, the last of which then is an ellipsis.
func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	n := 0
	for i := range s {
		if n == limit-1 {
			return strings.TrimRight(s[:i], " ") + ellipsis
		}
		n++
	}
	return s
}
