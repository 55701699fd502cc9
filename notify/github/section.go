package github

import (
	"strings"
	"unicode/utf8"

	"github.com/tocsin-dev/tocsin/internal/markdown"
)

const (
	begin = "<!-- tocsin:begin -->"
	end   = "<!-- tocsin:end -->"

	// maxBody is how many bytes of ours a body holds. GitHub refuses more than 65,536 characters; what people add
	// must fit too, and no character is less than a byte.
	maxBody = 60_000
	// maxWhole is how many bytes a body may have with what people added.
	maxWhole = 65_000
	// minRoom is less than which of ours would make no sense.
	minRoom = 1_000

	// cutNote ends a text that was too long.
	cutNote = "\n\n**This text was too long for GitHub and is cut here. The rest is in Tocsin.**\n"
)

// title makes one line of it, under GitHub's limit of 256 characters.
func title(s string) string { return markdown.Line(s, 250) }

// section wraps the text in our marks, in at most room bytes.
func (t task) section(text string, room int) string {
	head, tail := begin+"\n"+t.marker()+"\n\n", "\n"+end
	return head + cut(disarm(text), room-len(head)-len(tail)) + tail
}

// disarm breaks marks of ours within a text, wherever they came from.
func disarm(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1 // GitHub may drop them too, and then would always differ
		}
		return r
	}, s)
	return strings.ReplaceAll(strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD")), "<!-- tocsin:", "&lt;!-- tocsin:")
}

// merge replaces our section of the body and keeps the rest. A section whose marks a person has removed is added at
// the end. It fails, as ok, if people have left no room.
func (t task) merge(body, text string) (merged string, ok bool) {
	from, to := locate(body)
	before, after := body[:from], body[to:]
	if from == to && body != "" {
		before = strings.TrimRight(before, "\r\n") + "\n\n"
	}
	room := min(maxBody, maxWhole-len(before)-len(after))
	if room < minRoom {
		return "", false
	}
	section := t.section(text, room)
	if strings.ReplaceAll(body[from:to], "\r\n", "\n") == section {
		return body, true // the web's line ends are no change
	}
	return before + section + after, true
}

// locate finds our section: the last beginning that is ended before the next. Without one, from and to are the end.
func locate(body string) (from, to int) {
	limit := len(body)
	for {
		b := strings.LastIndex(body[:limit], begin)
		if b < 0 {
			return len(body), len(body)
		}
		if e := strings.Index(body[b:limit], end); e >= 0 {
			return b, b + e + len(end)
		}
		limit = b
	}
}

// cut shortens a Markdown text to room bytes at the end of a line, closes what is open there, and says so.
func cut(s string, room int) string {
	if len(s) <= room {
		return s
	}
	// The more there is to close, the more is cut; at the end of it only the note is left.
	for spare := 200; ; spare *= 2 {
		limit := max(0, room-len(cutNote)-spare)
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		kept := s[:limit]
		if i := strings.LastIndexByte(kept, '\n'); i > limit/2 {
			kept = kept[:i]
		}
		fence, details := unclosed(kept)
		if fence != "" {
			fence = "\n" + fence
		}
		kept += fence + strings.Repeat("\n</details>", details) + cutNote
		if len(kept) <= room || limit == 0 {
			return kept
		}
	}
}

// unclosed returns the fence that is open at the end of the text, and how many details are.
func unclosed(s string) (fence string, details int) {
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimSpace(line)
		run := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		if run == "" {
			run = line[:len(line)-len(strings.TrimLeft(line, "~"))]
		}
		switch {
		case fence != "":
			if len(run) >= len(fence) && run[0] == fence[0] && run == line {
				fence = ""
			}
		case len(run) >= 3:
			fence = run
		default:
			details += strings.Count(line, "<details") - strings.Count(line, "</details")
		}
	}
	return fence, max(details, 0)
}
