package web

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)\n```")
	jsonBlock  = regexp.MustCompile("(?s)```json\n(.*?)\n```")
	shellWord  = regexp.MustCompile(`"[^"]*"|\S+`)
)

// TestCommandsOfThePage: what docs/api.md shows with curl is answered.
func TestCommandsOfThePage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	team := tocsin.Watched{Project: tocsin.Project{Slug: "team/shop", Group: "team"}, Managed: tocsin.ManagedAPI}
	if err := w.store.PutProject(t.Context(), team, noon); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"@package-lock.json": lockfile, "@clean-lock.json": cleanLockfile, "@-": gzipped(tarred(t, entry{name: lockName, body: lockfile})),
		"@change.tar.gz": gzipped(tarred(t, entry{name: "head/" + lockName, body: lockfile}, entry{name: "base/" + lockName, body: lockfile})),
		"@project.json":  jsonBlock.FindAllStringSubmatch(string(text), -1)[0][1],
		"@token.json":    jsonBlock.FindAllStringSubmatch(string(text), -1)[1][1],
	}
	ran := 0
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		_, command, ok := strings.Cut(block[1], "curl ")
		if !ok {
			continue
		}
		q := asked{as: "all-admin", header: map[string]string{}}
		words := shellWord.FindAllString(command, -1)
		for i := 0; i < len(words); i++ {
			next := func() string {
				i++
				return strings.Trim(words[i], `"`)
			}
			switch word := strings.Trim(words[i], `"`); word {
			case "--fail-with-body":
			case "-X":
				q.method = next()
			case "-H":
				name, value, _ := strings.Cut(next(), ": ")
				if name != "Authorization" {
					q.header[name] = value
				} else if value != "Bearer $TOCSIN_TOKEN" {
					t.Errorf("%s: what token is that?", command)
				}
			case "--data-binary":
				if q.body, ok = files[next()]; !ok {
					t.Errorf("%s: sends a file that is not there", command)
				}
				if q.method == "" {
					q.method = http.MethodPost
				}
				if q.header["Content-Type"] == "" { // as curl does
					q.header["Content-Type"] = "application/x-www-form-urlencoded"
				}
			default:
				if q.path, ok = strings.CutPrefix(word, "$URL"); !ok {
					t.Errorf("%s: %q is not understood", command, word)
				}
			}
		}
		if rec := w.ask(q); rec.Code >= 300 {
			t.Errorf("%s: %d: %s", command, rec.Code, rec.Body)
		}
		ran++
	}
	if ran < 15 {
		t.Errorf("%d commands were found", ran)
	}
	for _, k := range kinds {
		if !strings.Contains(string(text), "\n### "+k.name+"\n") {
			t.Errorf("the page does not tell of %s", k.name)
		}
	}
	for _, p := range []tocsin.Access{tocsin.AccessGate, tocsin.AccessSender, tocsin.AccessViewer, tocsin.AccessResponder, tocsin.AccessSecurity, tocsin.AccessAdmin} {
		if !strings.Contains(string(text), "\n| "+string(p)+" |") {
			t.Errorf("the page does not tell of the access %s", p)
		}
	}
}
