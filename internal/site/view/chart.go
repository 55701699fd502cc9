package view

import (
	"fmt"
	"strings"
)

// A Column of a chart, with parts on top of each other.
type Column struct {
	Label string
	Parts []Part
}

// A Part of a column. Tone is one of those of the stylesheet: bad, warn, good, info.
type Part struct {
	Tone, Name string
	N          int
}

// A Chart is drawn by the template "chart": columns of counts over time, with a scale, names, and a table of the same numbers for whoever
// does not see it.
type Chart struct {
	Title         string
	Width, Height int
	Floor         int
	Grid          []Mark
	Boxes         []Box
	Names         []Mark
	Columns       []Column
	// Key are the parts that there are, in the order of the first column.
	Key []Part
}

// A Mark is a text at a place.
type Mark struct {
	X, Y  int
	Label string
}

// A Box is a part of a column.
type Box struct {
	X, Y, W, H int
	Tone, Says string
}

const (
	chartWidth, chartHeight, chartFoot, chartLeft = 720, 200, 22, 34
	// maxNames is how many columns have a name below them.
	maxNames = 12
)

// NewChart lays columns out.
func NewChart(title string, columns []Column) Chart {
	c := Chart{Title: title, Width: chartWidth, Height: chartHeight, Floor: chartHeight - chartFoot, Columns: columns}
	most := 0
	for _, col := range columns {
		sum := 0
		for _, p := range col.Parts {
			sum += p.N
		}
		most = max(most, sum)
	}
	if len(columns) == 0 {
		return c
	}
	c.Key = columns[0].Parts
	step := scale(most)
	top := (most + step - 1) / step * step
	top = max(top, step)
	room := c.Floor - 10
	y := func(n int) int { return c.Floor - room*n/top }
	for n := 0; n <= top; n += step {
		c.Grid = append(c.Grid, Mark{0, y(n), fmt.Sprint(n)})
	}
	wide := (chartWidth - chartLeft) / len(columns)
	every := (len(columns) + maxNames - 1) / maxNames
	for i, col := range columns {
		x := chartLeft + (chartWidth-chartLeft)*i/len(columns)
		sum := 0
		for _, p := range col.Parts {
			if p.N > 0 {
				from := y(sum)
				sum += p.N
				c.Boxes = append(c.Boxes, Box{x + min(2, wide/8), y(sum), max(1, wide-min(4, wide/4)), max(1, from-y(sum)), p.Tone, strings.TrimSpace(fmt.Sprintf("%s: %d %s", col.Label, p.N, p.Name))})
			}
		}
		if i%every == 0 {
			c.Names = append(c.Names, Mark{x, c.Height - 6, col.Label})
		}
	}
	return c
}

// scale is a step of 1, 2 or 5 times a power of ten that gives at most five lines.
func scale(most int) int {
	for step := 1; ; step *= 10 {
		for _, s := range []int{step, 2 * step, 5 * step} {
			if most <= 5*s {
				return s
			}
		}
	}
}
