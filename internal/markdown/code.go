package markdown

import (
	"strconv"
	"strings"
)

// Code returns s as an inline code span of at most limit characters, on one line, which is safe in a table too.
func Code(s string, limit int) string {
	s = Line(s, limit)
	switch {
	case s == "":
		return "` `"
	case strings.Contains(s, "|") || strings.Contains(s, "<!"):
		// A pipe would split a table's cell even inside a span, and a marker's text must not stand in ours.
		return "<code>" + entities(s) + "</code>"
	}
	fence := strings.Repeat("`", longestRun(s)+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return fence + s + fence
}

// Block returns s as a fenced code block of at most limit characters, with its line breaks. It must be placed at the
// beginning of a line and ends with a line break.
func Block(s string, limit int) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = shorten(clean(s, true), limit)
	s = strings.ReplaceAll(s, "<!", "<\u200b!") // no marker of ours can be forged
	fence := strings.Repeat("`", max(3, longestRun(s)+1))
	return fence + "text\n" + strings.TrimRight(s, "\n") + "\n" + fence + "\n"
}

// entities writes all punctuation as numbers, which have no meaning to Markdown.
func entities(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 0x80 && c != ' ' && (!word(c) || c == '_') {
			b.WriteString("&#" + strconv.Itoa(int(c)) + ";")
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// longestRun of backticks in s.
func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
