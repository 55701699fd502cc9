package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/browser"
)

// A playhouse is the demonstration as it is served.
type playhouse struct {
	base   string
	stderr *bytes.Buffer
	// end stops it, and gives its exit code and all that it said.
	end func() (int, string)
}

// openHouse serves the demonstration until the test ends.
func openHouse(t *testing.T) *playhouse {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	said, out := io.Pipe()
	h := &playhouse{stderr: &bytes.Buffer{}}
	dir := filepath.Join(t.TempDir(), "demo")
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"demo", "--serve", "--listen", "127.0.0.1:0", "--dir", dir}, out, h.stderr)
		_ = out.Close()
	}()
	all := ""
	for buf := make([]byte, 4096); h.base == ""; {
		n, err := said.Read(buf)
		all += string(buf[:n])
		if m := opened().FindStringSubmatch(all); m != nil {
			h.base = m[1]
		} else if err != nil {
			t.Fatalf("it ended with %d:\n%s\n%s", <-ended, all, h.stderr)
		}
	}
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(said)
		rest <- string(text)
	}()
	over := false
	h.end = func() (int, string) {
		over = true
		stop()
		code := <-ended
		return code, all + <-rest
	}
	t.Cleanup(func() {
		if !over {
			h.end()
		}
	})
	return h
}

// A walker is somebody who walks through the pages.
type walker struct {
	*browser.Visitor
	t    *testing.T
	base string
	// still pages stay as they are until they are asked for again.
	still bool
}

// comes has somebody sign in, by the issuer's page.
func (h *playhouse) comes(t *testing.T, person string, m browser.Manner) walker {
	t.Helper()
	w := walker{browser.Visit(t, m), t, h.base, m.NoScript}
	w.Go(h.base + "/incidents?urgency=emergency")
	w.Click("main a.button")
	w.Sees("body", "Who are you today?")
	n := slices.Index([]string{"", "ada", "grace", "maria", "edsger", "barbara", "olga"}, person)
	w.Click(fmt.Sprintf(`button[value="u-%d"]`, n))
	w.Sees("header .who", person)
	w.Sees("h1", "Incidents") // where they wanted to go
	return w
}

// does fills in the form of a verb, which stands among the others below the room.
func (w walker) does(verb string, fields ...string) {
	w.t.Helper()
	at := "#do-" + verb
	w.Click(at + " > summary")
	for i := 0; i+1 < len(fields); i += 2 {
		field := fmt.Sprintf(`%s [name=%q]`, at, fields[i])
		switch fields[i] {
		case "projects":
			w.Click(fmt.Sprintf("%s[value=%q]", field, fields[i+1]))
		case "status":
			w.Choose(field, fields[i+1])
		default:
			w.Type(field, fields[i+1])
		}
	}
	w.Click(at + " button")
}

// hears waits until somebody else's doing can be read: without asking again where there is a script.
func (w walker) hears(selector, text string) {
	w.t.Helper()
	for n := 0; w.still && n < 30 && !strings.Contains(w.Text(selector), text); n++ {
		w.Go(w.Address())
	}
	w.Sees(selector, text)
}

// clean asks that the browser had nothing to complain of: no error, and nothing that a page's policy refused.
func (w walker) clean() {
	w.t.Helper()
	for _, c := range w.Complaints() {
		w.t.Errorf("the browser complains: %s", c)
	}
}

// TestTwoPeopleLead: from a declaration to the closed review, each seeing at once what the other does; and a word to the public takes two.
func TestTwoPeopleLead(t *testing.T) {
	t.Parallel() // most of it is waiting for what others see
	for name, still := range map[string]bool{"with a script": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			twoPeopleLead(t, still)
		})
	}
}

func twoPeopleLead(t *testing.T, still bool) {
	h := openHouse(t)
	ada, grace := h.comes(t, "ada", browser.Manner{NoScript: still}), h.comes(t, "grace", browser.Manner{Width: 390, Dark: true, NoScript: still})

	ada.Click(`a[href="/incidents/declare"]`)
	ada.Choose(`[name=playbook]`, "leaked-secret")
	ada.Type(`[name=title]`, "A token stood in a build log")
	ada.Type(`[name=reason]`, "seen by <b>hand</b> in build 7")
	ada.Choose(`[name=severity]`, "high")
	ada.Type(`[name=projects]`, "shop-api")
	ada.Type(`[name=group]`, "shop")
	ada.Click("form.card button")
	ada.Sees("h1", "A token stood in a build log")
	ada.Sees("#ahead", "Nobody leads it")
	ada.Sees("#ahead", "seen by <b>hand</b> in build 7")

	grace.hears("#list tbody tr:first-child", "A token stood in a build log")
	grace.Click("#list table a")
	grace.Sees("h1", "A token stood in a build log")
	grace.Sees("#roles", "nobody")
	if still {
		grace.Click("#acknowledge button")
	} else {
		grace.Sees("#live", "live") // the script is there
		grace.Press("a")
	}
	grace.Sees(".say", "You are on it.")
	ada.hears("#clock", "grace")
	ada.Click("#roles li:first-child button")
	ada.Sees(".say", "You hold the role.")
	grace.hears("#roles li:first-child", "ada")
	grace.hears("#head", "mobilised")

	grace.Type("#timeline textarea", "The token is revoked, and its log is deleted")
	grace.Click("#timeline form button")
	grace.Sees("#timeline", "The token is revoked")
	ada.hears("#timeline", "The token is revoked")

	ada.Click("#draft > summary")
	ada.Choose("#draft [name=audience]", "public")
	ada.Choose("#draft [name=stage]", "first")
	ada.Type("#draft textarea", "A token of ours was readable for an hour. It is revoked. We know of no misuse.")
	ada.Click("#draft button")
	ada.Sees("#messages", "You wrote it, so another approves it")
	stranger := browser.Visit(t, browser.Manner{Width: 390})
	stranger.Go(h.base + "/status")
	stranger.Sees("h1", "Status")
	if strings.Contains(stranger.HTML(), "was readable for an hour") {
		t.Error("strangers read what one person wrote")
	}
	// Grace holds no role that may publish. She takes one first.
	grace.hears("#messages", "Approve: send it")
	grace.Click("#messages .say button.main")
	grace.Sees("[role=alert]", "to publish is for incident commander, release manager")
	grace.Click("#roles li:nth-child(4) button")
	grace.Sees(".say", "You hold the role.")
	grace.Click("#messages .say button.main")
	grace.Sees(".say", "You agreed. It goes out.")
	ada.hears("#messages", "1 message sent")
	var key string
	if m := regexp.MustCompile(`INC-[A-Za-z0-9-]+`).FindString(ada.Text("#head")); m != "" {
		key = m
	}
	stranger.Go(h.base + "/status/" + key)
	stranger.Sees("main", "was readable for an hour")
	stranger.Sees("main", "unbroken")
	for _, hidden := range []string{"shop-api", " ada", "grace", "build 7"} {
		if strings.Contains(stranger.HTML(), hidden) {
			t.Errorf("strangers read %q", hidden)
		}
	}

	ada.does("contain", "reason", "revoked everywhere")
	ada.Sees("#head [aria-current]", "contained")
	grace.hears("#head [aria-current]", "contained")
	grace.does("resolve", "reason", "enough") // which is the commander's to say
	grace.Sees("[role=alert]", "break the glass")
	grace.Click("#roles li:nth-child(2) button")
	grace.Sees(".say", "You hold the role.")
	grace.does("set-status", "projects", "shop-api", "status", "mitigated", "reason", "the token is revoked")
	grace.Sees("#projects", "1 of 1 clear")
	ada.hears("#projects", "1 of 1 clear")
	ada.does("resolve", "reason", "nothing is left to do")
	ada.Sees("#head [aria-current]", "resolved")
	grace.Go(h.base + "/incidents/" + key)
	ada.Click("#write-summary > summary")
	ada.Type("#write-summary textarea", "A build printed its environment.")
	ada.Click("#write-summary button")
	ada.Sees("#review", "A build printed its environment.")
	grace.hears("#review", "A build printed its environment.")
	for _, s := range []string{"impact", "causes", "helped", "hindered", "lucky", "changes"} {
		ada.Click("#write-" + s + " > summary")
		ada.Type("#write-"+s+" textarea", "Nothing of note about "+s)
		ada.Click("#write-" + s + " button")
		ada.Sees("#review", "Nothing of note about "+s) // which the page before has not
	}
	ada.does("close-review")
	ada.Sees("#head [aria-current]", "reviewed")
	grace.hears("#head [aria-current]", "reviewed")
	ada.Go(h.base + "/lessons?q=printed")
	ada.Sees("main", "A build printed its environment.")
	ada.clean()
	grace.Complaints() // the refusal that she asked for stands there too
	if code, _ := h.end(); code != exitPass {
		t.Errorf("it ended with %d: %s", code, h.stderr)
	}
}

// TestWithoutScript: the same pages do the same without JavaScript.
func TestWithoutScript(t *testing.T) {
	t.Parallel() // most of it is waiting for what others see
	h := openHouse(t)
	grace := h.comes(t, "grace", browser.Manner{Width: 390, NoScript: true})
	grace.Go(h.base + "/incidents/" + running)
	grace.Sees("#timeline time", "UTC")
	grace.Click("#roles button.main") // the role that was offered to her
	grace.Sees(".say", "You hold the role now.")
	grace.Sees("#ahead", "ada is on it")
	grace.Type("#timeline textarea", "Written without a script")
	grace.Click("#timeline form button")
	grace.Sees("#timeline", "Written without a script")
	grace.Sees("#messages", "Approve: send it") // what maria wrote
	grace.Click("#messages .say button.main")
	grace.Sees(".say", "You agreed. It goes out.")
	stranger := browser.Visit(t, browser.Manner{Width: 390, NoScript: true})
	stranger.Go(h.base + "/status/" + running)
	stranger.Sees("main", "The flaw is switched off")
	stranger.Sees("main", "unbroken")
	grace.does("set-status", "projects", "shop-api", "status", "mitigated", "reason", "the lookup is switched off")
	grace.Sees("#projects", "2 of 3 clear")
	grace.Click("#do-snooze > summary")
	grace.Sees("#do-snooze[open]", "Reason")
	grace.Type("#do-snooze [name=reason]", "I sleep")
	grace.Choose("#do-snooze [name=until]", "2001-01-01T00:00")
	grace.Click("#do-snooze button")
	grace.Sees("[role=alert]", "until") // refused, and told why
	if got := grace.HTML(); !strings.Contains(got, `value="I sleep"`) {
		t.Error("what was typed is lost")
	}
	grace.Type("#q", "log4j\r")
	grace.Sees("h1", "Search: log4j")
}

// TestWhoMaySeeWhat: a viewer finds nothing to press, a responder of one group sees that group, and who did not sign in is asked to.
func TestWhoMaySeeWhat(t *testing.T) {
	t.Parallel() // most of it is waiting for what others see
	h := openHouse(t)
	barbara := h.comes(t, "barbara", browser.Manner{})
	barbara.Go(h.base + "/incidents/" + running)
	barbara.Sees("h1", "CVE-2021-44228")
	if n := strings.Count(barbara.HTML(), `method="post"`); n != 1 { // signing out
		t.Errorf("a viewer finds %d forms", n)
	}
	for _, path := range []string{"/audit", "/jobs", "/incidents/declare", "/settings/github"} {
		barbara.Go(h.base + path)
		barbara.Sees("h1", "You may not do this")
	}
	barbara.Complaints()
	edsger := h.comes(t, "edsger", browser.Manner{})
	edsger.Go(h.base + "/incidents/" + running)
	edsger.Sees("h1", "There is no such thing")
	edsger.Go(h.base + "/incidents/" + over)
	edsger.Sees("h1", "CVE-2014-0160")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"/", "/incidents/" + running, "/settings", "/actions"} {
		resp, err := client.Get(h.base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in?next=") {
			t.Errorf("%s: %s to %q", path, resp.Status, to)
		}
	}
}

// TestPagesAreSound looks at every page as people with a phone, at night, and with a screen reader do: nothing is wider than the window,
// nothing stands in anybody's way, the HTML is valid, and no page is large.
func TestPagesAreSound(t *testing.T) {
	t.Parallel() // most of it is waiting for what others see
	h := openHouse(t)
	ada := h.comes(t, "ada", browser.Manner{})
	ada.Go(h.base + "/drills/log4shell-2021")
	ada.Click("section form button")
	ada.Sees("h1", "Log4Shell")
	texts := map[string][]byte{}
	t.Run("all", func(t *testing.T) {
		t.Run("on a phone at night", func(t *testing.T) {
			t.Parallel()
			olga := h.comes(t, "olga", browser.Manner{Width: 390, Dark: true})
			for _, path := range everyPage {
				olga.sound(t, path)
				texts[strings.NewReplacer("/", "_", "?", "_").Replace(path)] = []byte("<!doctype html>\n" + olga.HTML())
			}
			olga.Go(h.base + "/settings/github")
			olga.Click("main table button")
			olga.Sees("#check h2", "example-shop/batch-jobs")
			olga.Sees("#check", "ok")
		})
		t.Run("at a desk", func(t *testing.T) {
			t.Parallel()
			grace := h.comes(t, "grace", browser.Manner{Width: 1024})
			for _, path := range everyPage {
				grace.sound(t, path)
			}
		})
	})
	for path, text := range texts {
		if len(text) > 100<<10 {
			t.Errorf("%s has %d bytes", path, len(text))
		}
	}
	for _, line := range browser.Invalid(t, texts) {
		t.Error(line)
	}
}

// everyPage is one address of each page.
var everyPage = []string{"/", "/incidents", "/incidents/" + running, "/incidents/" + over, "/incidents/declare", "/actions", "/notifications", "/drills", "/drills/log4shell-2021",
	"/lessons", "/feeds", "/policies", "/policies/emergency", "/policies/lab", "/policies/release-gate/edit", "/policy-changes", "/replays", "/projects", "/projects/shop-api", "/projects/storefront?package=0", "/findings",
	"/classes/CVE-2021-44228", "/who?package=Maven/org.apache.logging.log4j:log4j-core", "/audit", "/jobs", "/settings", "/settings/github", "/reference", "/search?q=log4j", "/status", "/status/" + over, "/sign-in", "/nothing"}

// sound asks of a page that it is no wider than the window, and that nothing of it stands in anybody's way.
func (w walker) sound(t *testing.T, path string) {
	t.Helper()
	w.Go(w.base + path)
	w.Sees("h1", "")
	if n := w.Wider(); n > 0 {
		t.Errorf("%s is %d pixels wider than the window", path, n)
	}
	for _, b := range w.Barriers() {
		t.Errorf("%s: %s", path, b)
	}
	for _, c := range w.Complaints() { // a browser says of what is refused that it is
		if !strings.Contains(c, "404") && !strings.Contains(c, "403") {
			t.Errorf("%s: %s", path, c)
		}
	}
}
