package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLookSees makes sure that what is wrong with a page is seen.
func TestLookSees(t *testing.T) {
	page := `<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>bad</title></head>
<body><script>document.title = "it ran"</script><div style="width: 3000px">wide</div><table><tr><td><pre>` + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + `</pre></td></tr></table></body></html>`
	seen := Look(t, []byte(page), 390)
	if seen.Title != "bad" || seen.Wider <= 0 || len(seen.Complaints) == 0 {
		t.Errorf("title %q, %d pixels too wide, console %q", seen.Title, seen.Wider, seen.Complaints)
	}
}

// TestBarriersAndInvalidAreSeen makes sure that what stands in people's way, and what is no HTML, is seen.
func TestBarriersAndInvalidAreSeen(t *testing.T) {
	bad := `<!doctype html><html><head><title>bad</title></head><body><img src="x"><p style="color: #777; background: #888">pale</p><input><p><div>in a paragraph</div></p></body></html>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(bad)) }))
	defer server.Close()
	v := Visit(t, Manner{})
	v.Go(server.URL)
	seen := strings.Join(v.Barriers(), "\n")
	for _, rule := range []string{"image-alt", "html-has-lang", "color-contrast", "label"} {
		if !strings.Contains(seen, rule) {
			t.Errorf("axe did not see %s:\n%s", rule, seen)
		}
	}
	if lines := strings.Join(Invalid(t, map[string][]byte{"bad": []byte(bad)}), "\n"); !strings.Contains(lines, "no-inline-style") || !strings.Contains(lines, "bad.html") {
		t.Errorf("html-validate said: %s", lines)
	}
}
