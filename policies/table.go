package policies

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

const (
	maxTables = 50
	// maxCells bounds the rows of a table: the product of the numbers of values of its inputs.
	maxCells = 10_000
)

// fileTable is a decision table: each combination of the values of its inputs has one result.
type fileTable struct {
	Name yamlfile.Value[string] `yaml:"name"`
	// Title, Version and Source say whose table it is; Note what was chosen where its source disagrees with itself.
	Title   yamlfile.Value[string]     `yaml:"title"`
	Version yamlfile.Value[string]     `yaml:"version"`
	Source  yamlfile.Value[string]     `yaml:"source"`
	Note    yamlfile.Value[string]     `yaml:"note"`
	Inputs  []fileTableInput           `yaml:"inputs"`
	Rows    [][]yamlfile.Value[string] `yaml:"rows"`
}

type fileTableInput struct {
	Name   yamlfile.Value[string]   `yaml:"name"`
	Be     yamlfile.Value[string]   `yaml:"be"`
	Values []yamlfile.Value[string] `yaml:"values"`
}

// A table is a decision table, laid out with the last input running fastest.
type table struct {
	title  string
	source string
	note   string
	inputs []tableInput
	rows   []tableRow
	cells  []int // row of each combination
}

type tableInput struct {
	name   string
	is     expression
	values []string
}

// A tableRow is as it stands in the file.
type tableRow struct {
	line   int
	values []string // "*" is any
	result string
}

func (r tableRow) String() string { return strings.Join(r.values, ", ") + ": " + r.result }

// results are the outcomes, sorted.
func (t *table) results() []string {
	var out []string
	for _, r := range t.rows {
		out = append(out, r.result)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// any stands for all values of an input in a row.
const anyValue = "*"

func (l *loader) table(in fileTable) {
	l.name("table name", in.Name)
	t := &table{title: in.Name.V, source: in.Source.V, note: in.Note.V}
	if in.Title.IsSet() {
		t.title = strings.TrimSpace(in.Title.V + " " + in.Version.V)
	}
	if in.Title.IsSet() != in.Version.IsSet() || in.Title.IsSet() != in.Source.IsSet() {
		l.fault(in.Name.Line, 0, "table %s: title, version and source belong together: they say whose table it is", in.Name.V)
	}
	cells := 1
	for _, i := range in.Inputs {
		t.inputs = append(t.inputs, l.tableInput(i))
		if cells *= max(1, len(i.Values)); cells > maxCells {
			l.fault(in.Name.Line, 0, "table %s: has over %d combinations", in.Name.V, maxCells)
			return
		}
	}
	switch {
	case len(l.problems) > 0:
		return
	case len(in.Inputs) == 0:
		l.fault(in.Name.Line, 0, "table %s: inputs: are missing", in.Name.V)
		return
	case l.tables() >= maxTables:
		l.fault(in.Name.Line, 0, "at most %d tables are allowed", maxTables)
		return
	}
	if len(in.Rows) > cells {
		l.fault(in.Name.Line, 0, "table %s: has %d rows for %d combinations", in.Name.V, len(in.Rows), cells)
		return
	}
	t.cells = make([]int, cells)
	for i := range t.cells {
		t.cells[i] = -1
	}
	for _, row := range in.Rows {
		l.row(in, t, row)
	}
	if missing := slices.Index(t.cells, -1); missing >= 0 && len(l.problems) == 0 {
		l.fault(in.Name.Line, 0, "table %s: there is no row for %s", in.Name.V, strings.Join(t.combination(missing), ", "))
	}
	l.declare(in.Name, named{name: in.Name.V, table: t}, cel.StringType)
}

func (l *loader) tables() int {
	n := 0
	for _, one := range l.p.names {
		if one.table != nil {
			n++
		}
	}
	return n
}

// tableInput checks one input: a text with known values, or a condition, whose values are no and yes.
func (l *loader) tableInput(in fileTableInput) tableInput {
	l.name("input name", in.Name)
	out := tableInput{name: in.Name.V}
	for _, v := range in.Values {
		if v.V == "" || v.V == anyValue || slices.Contains(out.values, v.V) {
			l.fault(v.Line, v.Column, "input %s: value %q: want different words", in.Name.V, v.V)
		}
		out.values = append(out.values, v.V)
	}
	if len(in.Values) == 0 || !in.Be.IsSet() {
		l.fault(in.Name.Line, 0, "input %s: wants be: and values:", in.Name.V)
		return out
	}
	c, ok := l.check(in.Be)
	if !ok {
		return out
	}
	e := c.ast.NativeRep().Expr()
	switch t := c.ast.OutputType(); {
	case t == cel.BoolType && !slices.Equal(out.values, []string{"no", "yes"}):
		l.fault(in.Name.Line, 0, "input %s: is a condition; its values are no, yes", in.Name.V)
	case t != cel.BoolType && t != cel.StringType:
		l.faultIn(in.Be, 1, 0, fmt.Sprintf("input %s: is of type %s, want a text or a condition", in.Name.V, t))
	}
	for _, word := range l.enumerated(e) {
		if word != "" && !slices.Contains(out.values, word) {
			l.faultIn(in.Be, 1, 0, fmt.Sprintf("input %s: may be %q, which is not among its values", in.Name.V, word))
		}
	}
	out.is, _ = l.expression(in.Be, c, e, strings.TrimSpace(in.Be.V))
	return out
}

// row puts one row into the cells that it speaks of.
func (l *loader) row(in fileTable, t *table, row []yamlfile.Value[string]) {
	if len(row) == 0 {
		l.fault(in.Name.Line, 0, "table %s: has an empty row", in.Name.V)
		return
	}
	first := row[0]
	if len(row) != len(t.inputs)+1 {
		l.fault(first.Line, first.Column, "table %s: the row has %d cells, want one for each of the %d inputs and the result", in.Name.V, len(row), len(t.inputs))
		return
	}
	r := tableRow{line: first.Line, result: row[len(t.inputs)].V}
	for i, v := range row[:len(t.inputs)] {
		if v.V != anyValue && !slices.Contains(t.inputs[i].values, v.V) {
			l.fault(v.Line, v.Column, "table %s: %q is none of the values of %s: %s%s", in.Name.V, v.V, t.inputs[i].name, quoted(t.inputs[i].values), nearest(v.V, t.inputs[i].values))
			return
		}
		r.values = append(r.values, v.V)
	}
	if r.result == "" {
		l.fault(first.Line, first.Column, "table %s: the row has no result", in.Name.V)
	}
	t.rows = append(t.rows, r)
	for _, cell := range t.covered(r.values) {
		if other := t.cells[cell]; other >= 0 {
			l.fault(first.Line, first.Column, "table %s: %s is already decided in line %d", in.Name.V, strings.Join(t.combination(cell), ", "), t.rows[other].line)
			return
		}
		t.cells[cell] = len(t.rows) - 1
	}
}

// covered are the cells that the values of a row speak of.
func (t *table) covered(values []string) []int {
	cells := []int{0}
	for i, in := range t.inputs {
		var next []int
		for _, cell := range cells {
			for n, v := range in.values {
				if values[i] == anyValue || values[i] == v {
					next = append(next, cell*len(in.values)+n)
				}
			}
		}
		cells = next
	}
	return cells
}

// combination gives the values of a cell.
func (t *table) combination(cell int) []string {
	out := make([]string, len(t.inputs))
	for i := len(t.inputs) - 1; i >= 0; i-- {
		n := len(t.inputs[i].values)
		out[i] = t.inputs[i].values[cell%n]
		cell /= n
	}
	return out
}
