package policies

import (
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

var unknownName = pattern.Lazy(`(?:undefined field|undeclared reference to) '([^']+)'`)

// hint adds the nearest known name to CEL's message about an unknown one.
func hint(message string) string {
	m := unknownName().FindStringSubmatch(message)
	if m == nil || strings.Contains(message, "did you mean") {
		return message
	}
	return strings.TrimSpace(message) + nearest(m[1], names())
}

// nearest asks whether the word that is most like another was meant; it is empty if none is.
func nearest(word string, known []string) string {
	best, distance := "", 4
	for _, name := range known {
		if d := editDistance(word, name); d < distance || d == distance && name < best {
			best, distance = name, d
		}
	}
	if best == "" || distance > (len(word)+1)/2 {
		return ""
	}
	return "; did you mean " + best + "?"
}

// names are the inputs and their fields, as policies write them.
func names() []string {
	var out []string
	for path := range inputs() {
		out = append(out, strings.Split(path, ".")...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// editDistance counts insertions, deletions, changes and swaps of neighbours (optimal string alignment).
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
