package report

import (
	"bytes"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/browser"
)

// TestPageInABrowser: on a phone and on a desk the page fits, and the browser has nothing to complain of.
func TestPageInABrowser(t *testing.T) {
	var page bytes.Buffer
	if err := HTML(&page, sample()); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{390, 1280} {
		if seen := browser.Look(t, page.Bytes(), width); seen.Wider > 0 || len(seen.Complaints) > 0 || seen.Title == "" {
			t.Errorf("at %d: title %q, %d pixels too wide, console %q", width, seen.Title, seen.Wider, seen.Complaints)
		}
	}
}
