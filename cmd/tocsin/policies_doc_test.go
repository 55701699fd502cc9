package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/config"
)

// pastShop is a folder under Git with the history that docs/policies.md tells of: a flaw that everybody remembers, its fix that was
// none, and the fix of that. Beside it are the feeds for its configuration.
func pastShop(t *testing.T) string {
	t.Helper()
	pom := func(version string) string {
		return `<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>shop</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>` + version + `</version></dependency></dependencies></project>`
	}
	dir := t.TempDir()
	put(t, dir, "package-lock.json", lock("lodash", "4.17.20"))
	put(t, dir, "feeds/osv/GHSA-35jh-r3h4-6jhm.json", osv("GHSA-35jh-r3h4-6jhm", "lodash", "4.17.21", `"aliases": ["CVE-2021-23337"],`))
	var scores bytes.Buffer
	w := gzip.NewWriter(&scores)
	_, err := io.WriteString(w, "#model_version:v2025.03.14,score_date:2026-03-01T00:00:00Z\ncve,epss,percentile\nCVE-2021-23337,0.33,0.97\n")
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "feeds/epss.csv.gz", scores.String())
	return commitsIn(t, dir, "pom.xml", [2]string{"2021-09-01 12:00", pom("2.14.1")}, [2]string{"2021-12-12 12:00", pom("2.15.0")},
		[2]string{"2021-12-20 12:00", pom("2.17.0")}, [2]string{"2022-01-10 12:00", pom("2.17.1")})
}

var (
	fenced   = regexp.MustCompile("(?sm)^```(\\w*)\n(.*?)^```$")
	fileName = regexp.MustCompile(`^# ([a-z_]+\.yaml)\n`)
	spaces   = regexp.MustCompile(`\s+`)
)

// TestPoliciesDocument does what docs/policies.md says, from top to bottom: it writes the files, runs the commands in the
// shop, and wants each line of output that is shown, in that order. "…" stands for what is not shown, of a line or whole lines.
func TestPoliciesDocument(t *testing.T) {
	dir, bin, home := pastShop(t), filepath.Dir(program(t)), t.TempDir()
	env := []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "HOME=" + home, "COLUMNS=200"}
	files, commands := obey(t, "policies.md", dir, env)
	if _, err := config.Load(filepath.Join(dir, "tocsin.yaml")); err != nil {
		t.Error(err)
	}
	if files < 4 || commands < 10 {
		t.Errorf("%d files, %d commands", files, commands)
	}
}

// TestGovernanceDocument does what docs/governance.md says.
func TestGovernanceDocument(t *testing.T) {
	dir, bin := t.TempDir(), filepath.Dir(program(t))
	env := []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if files, commands := obey(t, "governance.md", dir, env); files < 2 || commands < 4 {
		t.Errorf("%d files, %d commands", files, commands)
	}
	if _, err := config.Load(filepath.Join(dir, "tocsin.yaml")); err != nil {
		t.Error(err)
	}
}

// TestNotifyDocument does what docs/notify.md says.
func TestNotifyDocument(t *testing.T) {
	dir, bin := t.TempDir(), filepath.Dir(program(t))
	env := []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir(), "COLUMNS=200"}
	if files, commands := obey(t, "notify.md", dir, env); files < 2 || commands < 8 {
		t.Errorf("%d files, %d commands", files, commands)
	}
	if _, err := config.Load(filepath.Join(dir, "tocsin.yaml")); err != nil {
		t.Error(err)
	}
}

// TestRespondersDocument does what docs/responders.md says, in an emergency that a scan opened.
func TestRespondersDocument(t *testing.T) {
	dir, bin := t.TempDir(), filepath.Dir(program(t))
	put(t, dir, "shop/package-lock.json", lock("left", "1.0.0"))
	put(t, dir, "records/GHSA-1.json", osv("GHSA-1", "left", "2.0.0", `"aliases": ["CVE-2021-44228"],`))
	put(t, dir, "kev.json", `{"catalogVersion": "1", "count": 1, "vulnerabilities": [{"cveID": "CVE-2021-44228", "dateAdded": "2026-01-02", "dueDate": "2026-01-09"}]}`)
	put(t, dir, "tocsin.yaml", "data: data\ninterval: 24h\nadvisories: {osv: records, kev: kev.json}\nprojects:\n  - {slug: shop, path: shop, criticality: high, exposure: public}\n")
	env := []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir(), "COLUMNS=200"}
	if r := job(t, dir, env, "-c", "tocsin run --once"); r.code != exitPass {
		t.Fatalf("%+v", r)
	}
	if _, commands := obey(t, "responders.md", dir, env); commands < 12 {
		t.Errorf("%d commands", commands)
	}
}

// TestDrillsDocument does what docs/drills.md says, which names every kind of mark.
func TestDrillsDocument(t *testing.T) {
	env := []string{"PATH=" + filepath.Dir(program(t)) + string(filepath.ListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if files, commands := obey(t, "drills.md", t.TempDir(), env); files < 2 || commands < 7 {
		t.Errorf("%d files, %d commands", files, commands)
	}
	page := read(t, top(t), "docs", "drills.md")
	for _, d := range drill.Marks() {
		if !strings.Contains(page, "`"+d.Kind+"`") {
			t.Errorf("docs/drills.md does not say what %s is", d.Kind)
		}
	}
}

// obey writes the files of a page into a folder and runs its commands there.
func obey(t *testing.T, page, dir string, env []string) (files, commands int) {
	t.Helper()
	for _, m := range fenced.FindAllStringSubmatch(read(t, top(t), "docs", page), -1) {
		switch kind, text := m[1], m[2]; kind {
		case "yaml":
			name := fileName.FindStringSubmatch(text)
			if name == nil {
				t.Fatalf("the block does not begin with the name of its file:\n%s", text)
			}
			put(t, dir, name[1], text)
			files++
		case "console":
			for _, one := range strings.Split("\n"+text, "\n$ ")[1:] {
				command, output, _ := strings.Cut(one, "\n")
				said(t, command, job(t, dir, env, "-c", command), output)
				commands++
			}
		default:
			t.Errorf("a block of kind %q, which nothing runs:\n%s", kind, text)
		}
	}
	return files, commands
}

// said wants the lines of an output in their order. "(exit code 1)" says how the command ends.
func said(t *testing.T, command string, r result, shown string) {
	t.Helper()
	flat := func(s string) string { return spaces.ReplaceAllString(strings.TrimSpace(s), " ") }
	code, rest := 0, strings.Split(r.stdout+r.stderr, "\n")
	for line := range strings.Lines(shown) {
		line = flat(line)
		if c, ok := strings.CutPrefix(line, "(exit code "); ok {
			code = int(c[0] - '0')
			continue
		}
		if line == "" || line == "…" {
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + "$")
		for {
			if len(rest) == 0 {
				t.Errorf("$ %s\ndoes not say, or not in this place: %s\nexit code %d\n%s\n%s", command, line, r.code, r.stdout, r.stderr)
				return
			}
			is := flat(rest[0])
			rest = rest[1:]
			if pattern.MatchString(is) {
				break
			}
		}
	}
	if r.code != code {
		t.Errorf("$ %s\nexit code %d, want %d\n%s\n%s", command, r.code, code, r.stdout, r.stderr)
	}
}
