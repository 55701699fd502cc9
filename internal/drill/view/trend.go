package view

import (
	"fmt"
	"io"

	"github.com/tocsin-dev/tocsin/incidents/drill"
)

// Trend writes what several drills show together, as plain text.
func Trend(w io.Writer, t drill.Trend) error {
	p := &page{w: w}
	p.title(fmt.Sprintf("Drills: %d", len(t.Drills)))
	var rows [][]string
	for _, d := range t.Drills {
		held, change := d.Held, ""
		if held == "" {
			held = "not dated"
		}
		if d.Change != nil {
			change = fmt.Sprintf("%+d", *d.Change)
		}
		rows = append(rows, []string{held, fmt.Sprintf("%s v%d", d.Drill, d.Version), fmt.Sprintf("%d/%d", d.Score, d.Of), fmt.Sprintf("%d %%", d.Percent), change, d.Played})
	}
	p.table([]string{"held", "drill", "points", "score", "change", "played"}, rows)
	p.heading("What went wrong more than once")
	for _, a := range t.Again {
		p.item("%s: %s", times(a.Times), a.What)
	}
	if len(t.Again) == 0 {
		p.paragraph("Nothing.")
	}
	p.heading("What to mend before the next emergency")
	for _, g := range t.Gaps {
		p.item("%s", g)
	}
	if len(t.Gaps) == 0 {
		p.paragraph("Nothing.")
	}
	return p.err
}
