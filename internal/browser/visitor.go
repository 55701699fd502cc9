package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A Visitor is somebody at a browser of their own, with their own cookies. What goes wrong ends the test.
type Visitor struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// A Manner is how a visitor looks at pages.
type Manner struct {
	// Width of the window in pixels; 0: 1024.
	Width int64
	// Dark prefers dark colours.
	Dark bool
	// NoScript has JavaScript switched off.
	NoScript bool
}

// Visit opens a browser. Where there is no Chromium the test is skipped, or fails if TOCSIN_REQUIRE names "browser".
func Visit(t testing.TB, m Manner) *Visitor {
	t.Helper()
	chromium := find(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(options(chromium), chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	v := &Visitor{t: t, ctx: ctx}
	if m.Width == 0 {
		m.Width = 1024
	}
	// The browser lives as long as the context of the first step.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(m.Width, 900)); err != nil {
		t.Fatalf("opening a browser: %v", err)
	}
	scheme := map[bool]string{false: "light", true: "dark"}[m.Dark]
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err == nil && m.NoScript {
		_, err = chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	if err == nil {
		err = chromedp.Listen(ctx, v.hear)
	}
	if err != nil {
		t.Fatalf("opening a browser: %v", err)
	}
	return v
}

// hear keeps what the browser complains of, and says yes where a page asks.
func (v *Visitor) hear(event any) {
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		v.mu.Lock()
		defer v.mu.Unlock()
		v.complaints = append(v.complaints, string(e.Entry.Level)+": "+e.Entry.Text+" "+e.Entry.URL)
	case *page.EventJavascriptDialogOpening:
		go func() {
			_, _ = chromedp.Call(v.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}) // a browser that is gone asks nothing
		}()
	}
}

func (v *Visitor) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience/4)
	defer cancel()
	err := chromedp.Do(ctx, steps...)
	for tries := 0; err != nil && tries < 3 && strings.Contains(err.Error(), "node with given id"); tries++ {
		err = chromedp.Do(ctx, steps...) // the page was brought up to date under the hand: people try again
	}
	if err != nil {
		at, _ := chromedp.Run(v.ctx, chromedp.Location())
		v.t.Fatalf("%s, at %s: %v\n%s", what, at, err, v.Text("body"))
	}
}

// Go opens an address.
func (v *Visitor) Go(url string) {
	v.t.Helper()
	v.do("going to "+url, chromedp.Navigate(url))
}

// Click clicks on what a CSS selector finds first, once it can be seen.
func (v *Visitor) Click(selector string) {
	v.t.Helper()
	v.do("clicking "+selector, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type types into a field, after what stands there.
func (v *Visitor) Type(selector, text string) {
	v.t.Helper()
	v.do("typing into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// Choose chooses a value of a list, or sets the value of a field.
func (v *Visitor) Choose(selector, value string) {
	v.t.Helper()
	v.do("choosing of "+selector, chromedp.SetValue(chromedp.CSS(selector), value))
}

// Attach puts a file into a field for files.
func (v *Visitor) Attach(selector, file string) {
	v.t.Helper()
	v.do("attaching "+file, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// Press presses a key with nothing focused.
func (v *Visitor) Press(key string) {
	v.t.Helper()
	v.do("pressing "+key, chromedp.KeyEvent(key))
}

// Text is what can be read in what a selector finds; empty where there is nothing, and while a part of the page has yet to come.
func (v *Visitor) Text(selector string) string { return v.ask(selector, "innerText") }

// Value is what stands in a field; empty where there is none.
func (v *Visitor) Value(selector string) string { return v.ask(selector, "value") }

func (v *Visitor) ask(selector, property string) string {
	name, err := json.Marshal(selector)
	if err != nil {
		v.t.Fatal(err)
	}
	text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.readyState === "loading" ? "" : document.querySelector(%s)?.%s ?? ""`, name, property)))
	if err != nil { // the page is on its way
		return ""
	}
	return text
}

// Sees waits until a text can be read in what a selector finds.
func (v *Visitor) Sees(selector, text string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience/4)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(v.Text(selector), text) {
		select {
		case <-ctx.Done():
			at, _ := chromedp.Run(v.ctx, chromedp.Location())
			v.t.Fatalf("at %s, %s has no %q but %q:\n%s", at, selector, text, v.Text(selector), v.Text("body"))
		case <-tick.C:
		}
	}
}

// Address is where the page that is shown is.
func (v *Visitor) Address() string {
	v.t.Helper()
	at, err := chromedp.Run(v.ctx, chromedp.Location())
	if err != nil {
		v.t.Fatalf("reading the address: %v", err)
	}
	return at
}

// HTML is the page as it stands.
func (v *Visitor) HTML() string {
	v.t.Helper()
	var text string
	var err error
	for range 3 { // it may be on its way to another
		if text, err = chromedp.Run(v.ctx, chromedp.Evaluate[string]("document.documentElement.outerHTML")); err == nil {
			return text
		}
	}
	v.t.Fatalf("reading the page: %v", err)
	return ""
}

// Wider is by how many pixels the page is wider than the window.
func (v *Visitor) Wider() int {
	v.t.Helper()
	n, err := chromedp.Run(v.ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth - window.innerWidth"))
	if err != nil {
		v.t.Fatalf("measuring the page: %v", err)
	}
	return n
}

// Picture is a PNG of the whole page.
func (v *Visitor) Picture() []byte {
	v.t.Helper()
	b, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		v.t.Fatalf("taking a picture: %v", err)
	}
	return b
}

// Complaints are what the browser wrote into its console since it was last asked: errors, and what a page's policy refused.
func (v *Visitor) Complaints() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := v.complaints
	v.complaints = nil
	return out
}

// Barriers are what axe finds wrong with the page for people who use it otherwise than most: each with the rule, and where.
// https://github.com/dequelabs/axe-core
func (v *Visitor) Barriers() []string {
	v.t.Helper()
	source, err := os.ReadFile(filepath.Join(tools(v.t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		v.t.Fatalf("reading axe: %v", err)
	}
	if _, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](string(source)+";true")); err != nil {
		v.t.Fatalf("loading axe: %v", err)
	}
	found, err := chromedp.Run(v.ctx, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " "))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		v.t.Fatalf("running axe: %v", err)
	}
	return found
}

// Invalid is what is wrong with pages as HTML, by html-validate, a line each. Pages are by the name of a file.
func Invalid(t testing.TB, pages map[string][]byte) []string {
	t.Helper()
	dir := t.TempDir()
	config := `{"root": true, "extends": ["html-validate:standard"], "rules": {"long-title": "off", "no-trailing-whitespace": "off", "attribute-boolean-style": "off", "void-style": "off",
		"doctype-style": "off", "no-inline-style": "error", "prefer-native-element": "off", "wcag/h32": "off", "tel-non-breaking": "off", "valid-id": ["error", {"relaxed": true}]}}`
	if err := os.WriteFile(filepath.Join(dir, ".htmlvalidate.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(tools(t), "node_modules", ".bin", "html-validate"), "--formatter", "text", ".")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(out), dir+"/", "")), "\n")
	if len(lines) == 1 && lines[0] == "" {
		t.Fatalf("running html-validate: %v", err)
	}
	return lines
}

// tools is the folder that scripts/webtools filled. Without it the test is skipped, or fails where browsers are asked for.
func tools(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TOCSIN_WEBTOOLS")
	if dir != "" {
		return dir
	}
	if strings.Contains(os.Getenv("TOCSIN_REQUIRE"), "browser") {
		t.Fatal("TOCSIN_WEBTOOLS names no folder, and TOCSIN_REQUIRE asks for browsers: sh scripts/webtools DIR fills one")
	}
	t.Skip("no axe on this machine: sh scripts/webtools DIR, and TOCSIN_WEBTOOLS=DIR")
	return ""
}
