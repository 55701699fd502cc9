package github

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Marks may be doubled, torn and quoted by people; what lies outside a whole section is theirs.
func TestLocate(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"none":                {"text", ""},
		"whole":               {"a " + begin + "x" + end + " b", begin + "x" + end},
		"beginning before":    {begin + " mine " + begin + "x" + end + " b", begin + "x" + end},
		"beginning after":     {begin + "x" + end + " mine " + begin, begin + "x" + end},
		"end after":           {begin + "x" + end + " mine " + end, begin + "x" + end},
		"end before":          {end + " mine " + begin + "x" + end, begin + "x" + end},
		"two":                 {begin + "x" + end + " mine " + begin + "y" + end, begin + "y" + end},
		"no end":              {begin + " mine", ""},
		"no beginning":        {"mine " + end, ""},
		"ends after the next": {begin + " mine " + begin + "y", ""},
	} {
		from, to := locate(c.body)
		if got := c.body[from:to]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	for name, s := range map[string]string{
		"lines":      strings.Repeat("line\n", 1000),
		"one line":   strings.Repeat("é", 5000),
		"huge fence": strings.Repeat("`", 1500) + "\n" + strings.Repeat("x\n", 1000),
		"all fence":  strings.Repeat("`", 5000),
		"tildes":     "~~~\n" + strings.Repeat("x\n", 2000),
		"details":    strings.Repeat("<details>\n", 1000),
		"no room":    strings.Repeat("x", 3000),
	} {
		room := 2000
		if name == "no room" {
			room = 50
		}
		got := cut(s, room)
		if len(got) > max(room, len(cutNote)) || !strings.HasSuffix(got, cutNote) || !utf8.ValidString(got) {
			t.Errorf("%s: cut to %d bytes: %q", name, len(got), got)
		}
		if fence, details := unclosed(got); fence != "" || details != 0 {
			t.Errorf("%s: %q and %d details are left open", name, fence, details)
		}
	}
	if got := cut("short", 100); got != "short" {
		t.Errorf("cut %q", got)
	}
}
