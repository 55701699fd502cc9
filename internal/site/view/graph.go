package view

import "fmt"

// A Graph is drawn by the template "graph": boxes in layers from left to right, with lines between one layer and the next.
type Graph struct {
	Title         string
	Width, Height int
	Nodes         []Placed
	Lines         []Line
	// Mores say how many of a layer were left out, below it.
	Mores []Mark
}

// A Layer of a graph. More counts what was left out of it.
type Layer struct {
	Nodes []Node
	More  int
}

// A Node is a box with two lines, which leads somewhere if To is set. From are the places of those in the layer before that lead to it.
type Node struct {
	Name, Detail string
	To           string
	Tone         string
	From         []int
}

// Placed is a node with where it is.
type Placed struct {
	Node
	Short string
	X, Y  int
}

// A Line goes from the right of one box to the left of another.
type Line struct{ X1, Y1, X2, Y2 int }

const (
	boxWidth, boxHeight, boxGapX, boxGapY = 160, 42, 26, 12
	// boxText is how many characters of a name fit.
	boxText = 21
)

// BoxWidth and BoxHeight are the size of each box.
func (Graph) BoxWidth() int { return boxWidth }

// BoxHeight is the height of each box.
func (Graph) BoxHeight() int { return boxHeight }

// NewGraph lays layers out.
func NewGraph(title string, layers []Layer) Graph {
	g := Graph{Title: title, Width: len(layers)*(boxWidth+boxGapX) - boxGapX}
	rows := func(l Layer) int {
		n := len(l.Nodes)
		if l.More > 0 {
			n++
		}
		return n
	}
	most := 0
	for _, l := range layers {
		most = max(most, rows(l))
	}
	g.Height = most*(boxHeight+boxGapY) - boxGapY
	top := func(l Layer) int { return (most - rows(l)) * (boxHeight + boxGapY) / 2 }
	for n, l := range layers {
		x := n * (boxWidth + boxGapX)
		for i, node := range l.Nodes {
			y := top(l) + i*(boxHeight+boxGapY)
			g.Nodes = append(g.Nodes, Placed{Node: node, Short: ending(node.Name), X: x, Y: y})
			for _, from := range node.From {
				g.Lines = append(g.Lines, Line{x - boxGapX, top(layers[n-1]) + from*(boxHeight+boxGapY) + boxHeight/2, x, y + boxHeight/2})
			}
		}
		if l.More > 0 {
			g.Mores = append(g.Mores, Mark{x, top(l) + len(l.Nodes)*(boxHeight+boxGapY) + boxHeight/2, fmt.Sprintf("and %d more", l.More)})
		}
	}
	return g
}

// ending is the end of a name that is too long: what names of one owner begin with is the same.
func ending(name string) string {
	if r := []rune(name); len(r) > boxText {
		return "…" + string(r[len(r)-boxText+1:])
	}
	return name
}
