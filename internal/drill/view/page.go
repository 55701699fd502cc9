// Package view writes drills for people: the plan of a facilitator, the report of a drill, and how several went.
package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// A page is written as plain text or as Markdown. It remembers the first error.
type page struct {
	w        io.Writer
	markdown bool
	err      error
}

func (p *page) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// text is what people wrote, on one line and harmless.
func (p *page) text(s string) string {
	name, code := strings.CutPrefix(s, codeMark)
	s = markdown.Line(name, 2000)
	switch {
	case !p.markdown:
		return s
	case code:
		return markdown.Code(s, 2000)
	}
	return legible.Replace(clock().ReplaceAllString(markdown.Text(s), ":$1"))
}

// legible undoes what is escaped and means nothing within a line: the pages are read as they are, too.
var (
	legible = strings.NewReplacer(`\(`, "(", `\)`, ")", `\+`, "+", `\=`, "=", `\!`, "!")
	clock   = pattern.Lazy(`:&#8203;(\d)`)
)

// codeMark makes a cell a name or version, which is written as code. No text has it.
const codeMark = "\x00code "

func code(s string) string {
	if s == "" {
		return ""
	}
	return codeMark + s
}

func (p *page) title(s string) {
	if p.markdown {
		p.printf("# %s\n\n", p.text(s))
		return
	}
	p.printf("%s\n%s\n\n", p.text(s), strings.Repeat("═", len([]rune(s))))
}

func (p *page) heading(s string) {
	if p.markdown {
		p.printf("\n## %s\n\n", p.text(s))
		return
	}
	p.printf("\n%s\n%s\n", s, strings.Repeat("─", len([]rune(s))))
}

func (p *page) paragraph(format string, args ...any) { p.wrap("", "", fmt.Sprintf(format, args...)) }

func (p *page) item(format string, args ...any) { p.wrap("- ", "  ", fmt.Sprintf(format, args...)) }

// columns a line of plain text has.
const columns = 120

// wrap writes a text with its lines broken, the first after one prefix and the others after another.
func (p *page) wrap(first, rest, s string) {
	s = p.text(s)
	if p.markdown {
		end := "\n\n"
		if first != "" {
			end = "\n"
		}
		p.printf("%s%s%s", first, s, end)
		return
	}
	line, n := first, len([]rune(first))
	for i, word := range strings.Fields(s) {
		w := len([]rune(word))
		if i > 0 && n+1+w > columns {
			p.printf("%s\n", line)
			line, n = rest, len([]rune(rest))
		} else if i > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+word, n+w
	}
	p.printf("%s\n", line)
}

// table writes rows of cells under a head.
func (p *page) table(head []string, rows [][]string) {
	if len(rows) == 0 || p.err != nil {
		return
	}
	if p.markdown {
		p.printf("| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
		for _, row := range rows {
			cells := make([]string, len(row))
			for i, cell := range row {
				cells[i] = p.text(cell)
			}
			p.printf("| %s |\n", strings.Join(cells, " | "))
		}
		return
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	last := len(head) - 1
	fmt.Fprintln(t, strings.ToUpper(strings.Join(head, "\t")))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cell = strings.TrimPrefix(cell, codeMark)
			cells[i] = markdown.Line(cell, 110)
			if i == last {
				cells[i] = markdown.Line(cell, 140)
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	p.err = t.Flush()
}

// moment is a time as people read it.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// since is how long after the start something is.
func since(start, t time.Time) string {
	d := t.Sub(start)
	days := int(d / (24 * time.Hour))
	d -= time.Duration(days) * 24 * time.Hour
	if days > 0 {
		return fmt.Sprintf("+%dd%02d:%02d", days, int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("+%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}
