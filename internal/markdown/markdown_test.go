package markdown_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin/internal/markdown"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"lodash 4.17.21", "lodash 4.17.21"},
		{"@babel/core", "@&#8203;babel/core"},
		{"fixes #12", `fixes \#&#8203;12`},
		{"see GH-12", "see GH-&#8203;12"},
		{"https://evil.example/x", "https:&#8203;//evil.example/x"},
		{"www.evil.example", "www.&#8203;evil.example"},
		{"<script>&amp;", "&lt;script&gt;&amp;amp;"},
		{"[click](javascript:x)", `\[click\]\(javascript:&#8203;x\)`},
		{"![](x)", `\!\[\]\(x\)`},
		{"`a` *b* _c_ ~d~ a|b", "\\`a\\` \\*b\\* \\_c\\_ \\~d\\~ a\\|b"},
		{"1. one", `1\. one`},
		{"- one", `\- one`},
		{"two\nlines\r\n\tand\u2028more", "two lines and more"},
		{"a\x1b[31mred\x00", `a\[31mred`},
		{"safe\u202eetelpmoc\u2066x\u200b", "safeetelpmocx"},
		{"\xffbad", "\uFFFDbad"},
		{"<!-- tocsin:end -->", `&lt;\!-- tocsin:&#8203;end --&gt;`},
		{":white_check_mark: safe", `:&#8203;white\_check\_mark: safe`},
		{"e" + strings.Repeat("\u0301", 50), "e\u0301\u0301\u0301"},
		{"  ", ""},
	} {
		if diff := cmp.Diff(c.want, markdown.Text(c.in)); diff != "" {
			t.Errorf("Text(%q) (-want +got):\n%s", c.in, diff)
		}
	}
	if got := markdown.Text(strings.Repeat("x", 5000)); utf8.RuneCountInString(got) != 1000 || !strings.HasSuffix(got, "…") {
		t.Errorf("Text cuts to %d characters", utf8.RuneCountInString(got))
	}
}

func TestLine(t *testing.T) {
	if got := markdown.Line("a\nb \u202e c", 100); got != "a b c" {
		t.Errorf("Line = %q", got)
	}
	if got := markdown.Line("äöüäöü", 4); got != "äöü…" {
		t.Errorf("Line = %q", got)
	}
	if got := markdown.Line("abc", 0); got != "" {
		t.Errorf("Line = %q", got)
	}
}

func TestCode(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"org.apache:log4j@2.14", "`org.apache:log4j@2.14`"},
		{"a`b", "``a`b``"},
		{"`a``", "``` `a`` ```"},
		{"", "` `"},
		{"^1 || ^2", "<code>&#94;1 &#124;&#124; &#94;2</code>"},
		{"<!-- tocsin:end -->", "<code>&#60;&#33;&#45;&#45; tocsin&#58;end &#45;&#45;&#62;</code>"},
		{"two\nlines", "`two lines`"},
		{"abcdefghijk", "`abcdefg…`"},
	} {
		limit := 40
		if c.in == "abcdefghijk" {
			limit = 8
		}
		if diff := cmp.Diff(c.want, markdown.Code(c.in, limit)); diff != "" {
			t.Errorf("Code(%q) (-want +got):\n%s", c.in, diff)
		}
	}
}

func TestBlock(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a\r\nb\n\n", "```text\na\nb\n```\n"},
		{"```\n</details>\n````", "`````text\n```\n</details>\n````\n`````\n"},
		{"<!-- tocsin:end -->", "```text\n<\u200b!-- tocsin:end -->\n```\n"},
		{"x\u202ey\x07", "```text\nxy\n```\n"},
	} {
		if diff := cmp.Diff(c.want, markdown.Block(c.in, 100)); diff != "" {
			t.Errorf("Block(%q) (-want +got):\n%s", c.in, diff)
		}
	}
}

// Whatever comes in, nothing that comes out can act.
func FuzzHarmless(f *testing.F) {
	for _, s := range []string{"@a #1 <b> https://x www.y `", "<!-- tocsin:v1 key=a mac=b -->", "a|b\\|c``", "\u202e\x00\n- 1. x",
		"&#64;user &commat;x", "GH-1 a/b#2 :tada:", "```\n@x\n```"} {
		f.Add(s)
	}
	var (
		mention = regexp.MustCompile(`@[A-Za-z0-9]`)
		ref     = regexp.MustCompile(`#[0-9]|(?i)GH-[0-9]`)
		link    = regexp.MustCompile(`(?i):/|www\.[A-Za-z0-9]`)
		entity  = regexp.MustCompile(`&(amp|lt|gt|#8203);`)
		escape  = regexp.MustCompile(`\\.`)
		open    = regexp.MustCompile("^`+")
	)
	f.Fuzz(func(t *testing.T, s string) {
		text := markdown.Text(s)
		plain := entity.ReplaceAllString(text, "\u2060")
		switch bare := escape.ReplaceAllString(plain, ""); {
		case mention.MatchString(plain), ref.MatchString(plain), link.MatchString(plain):
			t.Errorf("Text(%q) = %q acts", s, text)
		case strings.ContainsAny(bare, "<>&`*_[]|"), strings.Contains(text, "<!--"):
			t.Errorf("Text(%q) = %q has live markup", s, text)
		}
		code, block := markdown.Code(s, 200), markdown.Block(s, 200)
		for i, out := range []string{markdown.Line(s, 50), text, code, block} {
			if !utf8.ValidString(out) || i > 0 && strings.Contains(out, "<!--") { // a title has no markup
				t.Errorf("%q: marker or bad UTF-8 survives in %q", s, out)
			}
			for _, r := range out {
				if r != '\n' && r != '\t' && r != '\u200b' && unicode.In(r, unicode.Cc, unicode.Cf) {
					t.Errorf("%q: %U survives in %q", s, r, out)
				}
			}
		}
		for _, out := range []string{text, code} {
			if strings.ContainsAny(out, "\n\t") {
				t.Errorf("%q: more than a line in %q", s, out)
			}
		}
		if inner, ok := strings.CutPrefix(code, "<code>"); ok {
			if inner = strings.TrimSuffix(inner, "</code>"); strings.ContainsAny(inner, "<>@|`*_[]:/") {
				t.Errorf("Code(%q) = %q has live markup", s, code)
			}
		} else {
			fence := open.FindString(code)
			if inner := strings.TrimSuffix(code[len(fence):], fence); !strings.HasSuffix(code, fence) || runOf(inner, len(fence)) ||
				strings.Contains(code, "|") {
				t.Errorf("Code(%q) = %q can be left", s, code)
			}
		}
		fence := open.FindString(block)
		lines := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
		for i, l := range lines {
			if last := i == len(lines)-1; i > 0 && strings.Contains(l, fence) != last {
				t.Errorf("Block(%q) = %q can be left", s, block)
			}
		}
	})
}

// runOf says whether s has a run of exactly n backticks, which would end a span.
func runOf(s string, n int) bool {
	for _, run := range regexp.MustCompile("`+").FindAllString(s, -1) {
		if len(run) == n {
			return true
		}
	}
	return false
}
