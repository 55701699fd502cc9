package incidents

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestStatesDocument: the picture and the table of docs/states.md are the transitions that there are, no more and no less.
func TestStatesDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	by := map[[2]tocsin.IncidentState][]string{}
	for _, one := range Transitions() {
		ends := [2]tocsin.IncidentState{one.From, one.To}
		by[ends] = append(by[ends], one.By)
	}
	var picture, table []string
	for ends, who := range by {
		slices.Sort(who)
		name := func(s tocsin.IncidentState) string { return cmp.Or(strings.ReplaceAll(string(s), " ", "_"), "[*]") }
		picture = append(picture, fmt.Sprintf("    %s --> %s: %s", name(ends[0]), name(ends[1]), strings.Join(who, ", ")))
		table = append(table, fmt.Sprintf("| %s | %s | %s |", cmp.Or(ends[0], "none"), ends[1], strings.Join(who, ", ")))
	}
	for _, want := range []struct {
		lines       []string
		start, stop string
	}{{picture, "as stood_down\n", "\n```"}, {table, "|---|---|---|\n", "\n\n"}} {
		slices.Sort(want.lines)
		_, rest, _ := strings.Cut(string(text), want.start)
		got, _, _ := strings.Cut(rest, want.stop)
		if list := strings.Join(want.lines, "\n"); got != list {
			t.Errorf("docs/states.md has\n%s\nwant\n%s", got, list)
		}
	}
}
