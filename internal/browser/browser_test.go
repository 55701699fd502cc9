package browser

import "testing"

// TestLookSees makes sure that what is wrong with a page is seen.
func TestLookSees(t *testing.T) {
	page := `<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>bad</title></head>
<body><script>document.title = "it ran"</script><div style="width: 3000px">wide</div><table><tr><td><pre>` + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + `</pre></td></tr></table></body></html>`
	seen := Look(t, []byte(page), 390)
	if seen.Title != "bad" || seen.Wider <= 0 || len(seen.Complaints) == 0 {
		t.Errorf("title %q, %d pixels too wide, console %q", seen.Title, seen.Wider, seen.Complaints)
	}
}
