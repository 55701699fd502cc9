package view

import (
	"strings"
	"testing"
	"time"
)

const hostile = `"><script>alert(1)</script>{{.}}<img src=x onerror=alert(1)>`

// What strangers wrote stays text, wherever it stands in the layout, and no page has a style or a script of its own: the policy of pages
// would refuse it.
func TestHostileTextStaysText(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	p := Page{Title: hostile, Section: hostile, Who: hostile, Nav: []Link{{Name: hostile, To: "javascript:alert(1)", Count: 1}}, Done: hostile, Live: hostile, Body: hostile,
		Wrong: &Wrong{Title: hostile, Detail: hostile, Field: hostile, Fix: hostile}}
	if err := s.Write(&b, "wrong", p); err != nil {
		t.Fatal(err)
	}
	if out := b.String(); strings.Contains(out, "<script>alert") || strings.Contains(out, "<img") || strings.Contains(out, `href="javascript:`) {
		t.Error(out)
	}
}

func TestPagesHaveNothingInline(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range s.pages {
		for _, one := range page.Templates() {
			if one.Tree == nil {
				continue
			}
			text := one.Tree.Root.String()
			for _, bad := range []string{" style=", "<style", "<script>", " onclick=", " onsubmit=", "javascript:", "http://", "https://"} {
				if strings.Contains(text, bad) {
					t.Errorf("page %s, template %s: has %q", name, one.Name(), bad)
				}
			}
		}
	}
}

func TestDistance(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "now", 30 * time.Second: "now", -90 * time.Second: "1 min ago", 59 * time.Minute: "in 59 min", 47 * time.Hour: "in 47 h", -48 * time.Hour: "2 days ago", 49 * time.Hour: "in 2 days",
	} {
		if got := distance(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
