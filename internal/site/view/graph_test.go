package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGraph(t *testing.T) {
	g := NewGraph("how it gets in", []Layer{
		{Nodes: []Node{{Name: "shop"}}},
		{Nodes: []Node{{Name: "a", From: []int{0}}, {Name: "b", From: []int{0}}}, More: 3},
		{Nodes: []Node{{Name: "org.apache.logging.log4j:log4j-core", From: []int{0, 1}}}},
	})
	type place struct {
		Short string
		X, Y  int
	}
	var got []place
	for _, n := range g.Nodes {
		got = append(got, place{n.Short, n.X, n.Y})
	}
	want := []place{{"shop", 0, 54}, {"a", 186, 0}, {"b", 186, 54}, {"…ing.log4j:log4j-core", 372, 54}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	lines := []Line{{160, 75, 186, 21}, {160, 75, 186, 75}, {346, 21, 372, 75}, {346, 75, 372, 75}}
	if diff := cmp.Diff(lines, g.Lines); diff != "" {
		t.Error(diff)
	}
	if g.Width != 532 || g.Height != 150 || len(g.Mores) != 1 || g.Mores[0] != (Mark{186, 129, "and 3 more"}) {
		t.Errorf("%d by %d, %v", g.Width, g.Height, g.Mores)
	}
}
