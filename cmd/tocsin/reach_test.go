package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// shop gives the files of the module that the story is about, and a data folder with its records.
func shop(t *testing.T) (files map[string]string, data string) {
	t.Helper()
	a, err := txtar.ParseFile("../../testdata/reach.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files = map[string]string{}
	for _, f := range a.Files {
		if name, ok := strings.CutPrefix(f.Name, "shop/"); ok {
			files[name] = string(f.Data)
		} else {
			put(t, dir, f.Name, string(f.Data))
		}
	}
	data = filepath.Join(dir, "data")
	call(t, "db", "update", "--data", data, "--from", filepath.Join(dir, "records")).wants(t, exitPass, "in 9 classes")
	return files, data
}

// lenient is a policy that minds what is called or may be, and only warns of what is known not to be.
const lenient = `policy: lenient
about: a flaw that no code reaches does not stop a release
gate:
  default: pass
  rules:
    - name: not-called
      when: finding.reachability in ["imported", "present"]
      then: warn
      because: no call of the flawed function was found
    - name: affected
      when: finding.status == "affected"
      then: fail
      because: the flaw is called, or it is not known whether it is
`

// The code decides what a policy sees, and takes no finding away.
func TestScanReachability(t *testing.T) {
	files, data := shop(t)
	dir := t.TempDir()
	for name, text := range files {
		put(t, dir, name, text)
	}
	args := []string{"scan", "--data", data, "--explain", "--all", "--policy", put(t, t.TempDir(), "lenient.yaml", lenient)}
	json, sarif := filepath.Join(t.TempDir(), "r.json"), filepath.Join(t.TempDir(), "r.sarif")
	r := call(t, append(args, "--reachability", "--report", "json="+json, "--report", "sarif="+sarif, dir)...).wants(t, exitFailed,
		"go.mod:7, called: cart.(*Cart).Load > parse.Lines", "go.mod:6, present", "go.mod:8, imported", "reachability unknown",
		"reachability: called", "    example.com/shop/cart.(*Cart).Load (cart/cart.go:8)", "finding.reachability → imported",
		"names no package or function to look for")
	without := call(t, append(args, dir)...).wants(t, exitFailed)
	if a, b := strings.Count(r.stdout, "lenient: gate →"), strings.Count(without.stdout, "lenient: gate →"); a != 9 || a != b {
		t.Errorf("%d findings with reachability, %d without\n%s", a, b, r.stdout)
	}
	for _, name := range []string{json, sarif} {
		if text, err := os.ReadFile(name); err != nil || strings.Count(string(text), `"reach": "called"`) != 3 {
			t.Errorf("%v\n%s", err, text)
		}
	}
	t.Setenv("PATH", t.TempDir())
	call(t, append(args, "--reachability", dir)...).wants(t, exitFailed, "reachability: unknown there is no go command in PATH")
}

// A change that adds the first call of a flawed function makes a finding worse that was there before; one that touches
// other things does not, even if the base cannot be looked into.
func TestGateReachability(t *testing.T) {
	files, data := shop(t)
	policy := put(t, t.TempDir(), "lenient.yaml", lenient)
	for name, c := range map[string]struct {
		base, change map[string]string
		code         int
		want         string
	}{
		"a new call": {nil, map[string]string{"raw.go": "package main\n\nimport \"example.com/render/html\"\n\nvar raw = html.Raw(\"\")\n"},
			exitFailed, "0 introduced, 1 made worse"},
		"another file":               {nil, map[string]string{"README": "x"}, exitPass, "0 introduced, 0 made worse"},
		"a base that does not build": {map[string]string{"raw.go": "package main\n\nfunc"}, map[string]string{"raw.go": "package main\n"}, exitPass, "0 introduced, 0 made worse"},
	} {
		t.Run(name, func(t *testing.T) {
			before := map[string]string{}
			for name, text := range files {
				before["app/"+name] = text
			}
			for name, text := range c.base {
				before["app/"+name] = text
			}
			dir := filepath.Join(branch(t, before), "app")
			for name, text := range c.change {
				put(t, dir, name, text)
			}
			r := call(t, "gate", "--data", data, "--base", "main", "--policy", policy, "--reachability", dir).wants(t, c.code, c.want)
			if t.Failed() {
				t.Log(r.stdout)
			}
		})
	}
}

// A portfolio looks into the projects that ask for it.
func TestRunReachability(t *testing.T) {
	files, data := shop(t)
	dir := t.TempDir()
	for name, text := range files {
		put(t, dir, "shop/"+name, text)
	}
	put(t, dir, "called.yaml", `policy: called
gate:
  default: pass
  rules:
    - {name: called, when: 'finding.reachability == "called"', then: fail, because: the flaw is called}
`)
	for word, want := range map[string]string{"true": "gate fail", "false": "gate pass"} {
		config := put(t, dir, "tocsin.yaml", "data: "+data+"\npolicies: [called.yaml]\nprojects: [{slug: shop, path: shop, reachability: "+word+"}]\n")
		call(t, "run", "--config", config, "--once").wants(t, exitPass, want)
	}
}
