package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin/internal/browser"
)

// openNew serves what nobody signed in to yet, until the test ends, and gives the first link.
func openNew(t *testing.T) (base, link string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	path := put(t, t.TempDir(), "serve.yaml", fmt.Sprintf("data: data\nserve: {listen: %q}\n", at))
	ctx, stop := context.WithCancel(t.Context())
	said, out := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--config", path}, out, &stderr)
		_ = out.Close()
	}()
	all := ""
	for buf := make([]byte, 4096); link == ""; {
		n, err := said.Read(buf)
		all += string(buf[:n])
		link = regexp.MustCompile(`http://\S+/auth/first\?token=\w+`).FindString(all)
		if err != nil {
			t.Fatalf("it ended with %d:\n%s\n%s", <-ended, all, &stderr)
		}
	}
	go io.Copy(io.Discard, said)
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != exitPass {
			t.Errorf("it ended with %d:\n%s", code, &stderr)
		}
	})
	return "http://" + at, link
}

// TestTheFirstSignIn: whoever runs a new service comes in by its link, once, and makes what lasts.
func TestTheFirstSignIn(t *testing.T) {
	t.Parallel() // most of it is waiting for what others see
	for name, m := range map[string]browser.Manner{"at a desk": {}, "on a phone without a script": {Width: 390, Dark: true, NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, link := openNew(t)
			w := walker{browser.Visit(t, m), t, base, m.NoScript}
			w.Go(base + "/")
			w.Sees("h1", "Sign in")
			w.Sees("main", "access.oidc")
			if w.Go(base + `/auth/first?token="><script>alert(1)</script>`); w.Value("[name=token]") != `"><script>alert(1)</script>` {
				t.Errorf("what an address says is %q in the form", w.Value("[name=token]"))
			}
			if !m.NoScript { // what looks for barriers is a script
				w.sound(t, "/auth/first?token=x")
			}
			w.Go(link)
			w.Sees("h1", "The first admin")
			w.Click("main button")
			w.Sees("header .who", "first admin")
			w.Sees("h1", "Overview")
			w.Sees("#burning", "No project is watched") // which is no "nothing is burning"
			w.Sees("#feeds", "no advisories are loaded yet")
			w.Go(base + "/settings")
			w.Click("#new-token > summary")
			w.Type("#new-token [name=name]", "ci")
			w.Type("#new-token [name=grants]", "viewer")
			w.Choose("#new-token [name=until]", time.Now().AddDate(0, 1, 0).UTC().Format("2006-01-02T15:04"))
			w.Click("#new-token button")
			w.Sees("[role=alert] pre", "tcs_")
			w.Sees("#h-tokens ~ div", "ci")
			w.Click("header .who button")
			w.Sees("h1", "Sign in")
			w.clean()
			w.Go(link)
			w.Click("main button")
			w.Sees("main", "That did not work.")
			w.Click("main a.button")
			w.Sees("h1", "Sign in")
		})
	}
}
