// Package browser looks at pages with a real browser, as the people who get them do. It is used by tests only.
package browser

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// Seen is what a page looks like at one width.
type Seen struct {
	Title string
	// Wider is by how many pixels the page is wider than the window: what makes it scroll sideways on a phone.
	Wider int
	// Complaints are what the browser wrote into its console: errors, and what the page's policy refused.
	Complaints []string
	// Picture is a PNG of the whole page.
	Picture []byte
}

// patience bounds one look. A browser on a busy machine takes a while to start.
const patience = 2 * time.Minute

// find is where Chromium is. Where there is none the test is skipped, or fails if TOCSIN_REQUIRE names "browser", so that a machine that
// should have it cannot pass without.
func find(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err == nil {
		return path
	}
	if strings.Contains(os.Getenv("TOCSIN_REQUIRE"), "browser") {
		t.Fatal("no chromium, and TOCSIN_REQUIRE asks for it")
	}
	t.Skip("no chromium on this machine: the Debian package has it")
	return ""
}

func options(path string) []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true)}
}

// Look opens a page in a window of a width.
func Look(t testing.TB, page []byte, width int64) Seen {
	t.Helper()
	path := find(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent) // the icon that every browser asks for
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ctx, stop := chromedp.NewExecAllocator(ctx, options(path)...)
	defer stop()
	ctx, end := chromedp.NewContext(ctx)
	defer end()
	var err error
	var seen Seen
	var complaints sync.Mutex
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900)); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	err = chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*cdplog.EventEntryAdded); ok {
			complaints.Lock()
			defer complaints.Unlock()
			seen.Complaints = append(seen.Complaints, string(e.Entry.Level)+": "+e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatalf("listening to chromium: %v", err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatalf("opening the page: %v", err)
	}
	if seen.Title, err = chromedp.Run(ctx, chromedp.Title()); err != nil {
		t.Fatalf("reading the title: %v", err)
	}
	if seen.Wider, err = chromedp.Run(ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth - window.innerWidth")); err != nil {
		t.Fatalf("measuring the page: %v", err)
	}
	if seen.Picture, err = chromedp.Run(ctx, chromedp.FullScreenshot(100)); err != nil {
		t.Fatalf("taking a picture: %v", err)
	}
	return seen
}
