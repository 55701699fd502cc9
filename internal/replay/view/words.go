package view

import (
	"fmt"
	"math"
	"strings"
	"time"
)

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ok := strings.CutSuffix(one, "y"); ok {
		one = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// lead writes a time before (or, if it is negative, after) in days or hours.
func lead(d time.Duration) string {
	word := "before"
	if d < 0 {
		word, d = "after", -d
	}
	if d < 30*time.Minute {
		return "at the same hour"
	}
	if d < 2*24*time.Hour {
		return fmt.Sprintf("%.0f h %s", math.Round(d.Hours()), word)
	}
	return fmt.Sprintf("%.0f d %s", math.Round(d.Hours()/24), word)
}
