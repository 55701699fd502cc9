package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// top is the root of the repository.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// job runs a script in a folder as a CI system does: with nothing of our environment but what is named.
func job(t *testing.T, dir string, env []string, script ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.Command("sh", script...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}, env...)
	return result{ended(cmd.Run()), stdout.String(), stderr.String()}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// action runs the script of action.yml with inputs, and gives what it wrote for GitHub besides.
func action(t *testing.T, dir string, env ...string) (r result, summary, output string) {
	t.Helper()
	runner := t.TempDir()
	files := []string{filepath.Join(runner, "summary"), filepath.Join(runner, "output")}
	env = append([]string{"GITHUB_STEP_SUMMARY=" + files[0], "GITHUB_OUTPUT=" + files[1], "RUNNER_TEMP=" + runner, "INPUT_BINARY=" + program(t)}, env...)
	r = job(t, dir, env, filepath.Join(top(t), "ci", "github"))
	if left, _ := filepath.Glob(filepath.Join(runner, "tocsin.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return r, read(t, files[0]), read(t, files[1])
}

// A pull request is judged by what it brings, a push as a whole; the page of the job, the annotations, the report and the exit
// code all say the same.
func TestActionOnGitHub(t *testing.T) {
	data := "INPUT_DATA=" + database(t)
	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0")})
	repo := exec.Command("git", "-C", dir, "update-ref", "refs/remotes/origin/main", "main")
	if out, err := repo.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r, summary, output := action(t, dir, data, "GITHUB_BASE_REF=main")
	r.wants(t, exitPass, "::notice title=Tocsin%3A pass::", "1 pre-existing")
	if strings.Contains(r.stdout, "::error") || !strings.Contains(summary, "## Tocsin: PASS") || output != "exit-code=0\n" {
		t.Errorf("%s\n%s\n%s", r.stdout, summary, output)
	}

	r, summary, output = action(t, dir, data)
	r.wants(t, exitFailed, "::error file=package-lock.json", "GHSA-1")
	if !strings.Contains(summary, "## Tocsin: FAIL") || !strings.Contains(summary, "GHSA-1") || output != "exit-code=1\n" || !json.Valid([]byte(read(t, dir, "tocsin.sarif"))) {
		t.Errorf("%s\n%s", summary, output)
	}

	put(t, dir, "web/package-lock.json", lock("left", "1.0.0"))
	put(t, dir, "torn/package-lock.json", "{")
	put(t, dir, "empty/x", "")
	baseline := told(t, strings.TrimPrefix(data, "INPUT_DATA="), filepath.Join(dir, "package-lock.json"))
	for name, c := range map[string]struct {
		env  []string
		code int
		want string
	}{
		"a base":                {[]string{data, "INPUT_BASE=main", "INPUT_PATH=web"}, exitFailed, "1 introduced"},
		"a baseline":            {[]string{data, "INPUT_BASELINE=" + baseline, "INPUT_PATH=package-lock.json"}, exitPass, "1 pre-existing"},
		"both":                  {[]string{data, "INPUT_BASE=main", "INPUT_BASELINE=" + baseline}, exitUsage, "give one of them"},
		"a base that is gone":   {[]string{data, "GITHUB_BASE_REF=gone"}, exitUsage, "fetch it first"},
		"nothing to scan":       {[]string{data, "INPUT_PATH=empty"}, exitNothing, "nothing to scan"},
		"unreadable":            {[]string{data, "INPUT_PATH=torn"}, exitUndecided, "Not read whole"},
		"unreadable, let go":    {[]string{data, "INPUT_PATH=torn", "INPUT_ON_UNDECIDED=pass"}, exitPass, "undecided"},
		"no data":               {[]string{"INPUT_DATA=" + t.TempDir(), "INPUT_PATH=package-lock.json"}, exitUndecided, "landmark"},
		"another report":        {[]string{data, "INPUT_SARIF=other.sarif", "INPUT_POLICY=emergency", "INPUT_PATH=package-lock.json"}, exitPass, "emergency"},
		"no such program":       {[]string{data, "INPUT_BINARY=/none/tocsin"}, exitUsage, "no program is /none/tocsin"},
		"an input as an option": {[]string{data, "INPUT_PATH=--on-undecided=pass"}, exitUsage, "no such file"},
		"an input as a command": {[]string{data, "INPUT_PATH=$(touch pwned); touch pwned `touch pwned`"}, exitUsage, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			r, summary, output := action(t, dir, c.env...)
			r.wants(t, c.code, c.want)
			if !strings.HasPrefix(summary, "## Tocsin: ") || output != "exit-code="+string(rune('0'+c.code))+"\n" {
				t.Errorf("%s\n%s", summary, output)
			}
			if c.code == exitUsage && !strings.Contains(summary, "no verdict") {
				t.Error(summary)
			}
		})
	}
	if json.Valid([]byte(read(t, dir, "other.sarif"))) == false {
		t.Error("the report is not where it was asked for")
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("an input was executed")
	}
}

// What errors quote is no command to the runner, whoever chose the name.
func TestActionDoesNotObeyNames(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "package-lock.json", lock("right", "1.0.0"))
	put(t, dir, ".tocsin/vex/a\n::error::injected.json", "{}")
	r, _, _ := action(t, dir, "INPUT_DATA="+database(t))
	r.wants(t, exitPass, "::error::injected")
	parts := regexp.MustCompile(`(?s)^(.*)::stop-commands::([0-9a-f]{32})\n(.*)::([0-9a-f]{32})::\n$`).FindStringSubmatch(r.stdout)
	if parts == nil || parts[2] != parts[4] || !strings.Contains(parts[3], "::error::injected") || strings.Contains(parts[1]+r.stderr, "injected") {
		t.Errorf("stdout:\n%s\nstderr:\n%s", r.stdout, r.stderr)
	}
}

// Without a built program the scripts build the one beside them.
func TestActionBuildsItself(t *testing.T) {
	env := []string{}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(out)))
	}
	dir := t.TempDir()
	r := job(t, dir, env, filepath.Join(top(t), "ci", "binary"), dir).wants(t, exitPass)
	if out, err := exec.Command(strings.TrimSpace(r.stdout), "--version").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "tocsin version") {
		t.Errorf("%v: %s", err, out)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sh, filepath.Join(top(t), "ci", "binary"), dir)
	cmd.Env = []string{"PATH="}
	if out, err := cmd.CombinedOutput(); ended(err) != exitUsage || !strings.Contains(string(out), "no Go to build with") {
		t.Errorf("%v: %s", err, out)
	}
}

// action.yml hands its inputs over as variables, all of them, and never as part of a command.
func TestActionIsWired(t *testing.T) {
	var a struct {
		Inputs map[string]struct {
			Description string  `yaml:"description"`
			Default     *string `yaml:"default"`
		} `yaml:"inputs"`
		Runs struct {
			Steps []struct {
				Uses string            `yaml:"uses"`
				Run  string            `yaml:"run"`
				Env  map[string]string `yaml:"env"`
			} `yaml:"steps"`
		} `yaml:"runs"`
	}
	if err := yaml.Unmarshal([]byte(read(t, top(t), "action.yml")), &a); err != nil {
		t.Fatal(err)
	}
	script := read(t, top(t), "ci", "github")
	var want, have []string
	for name, in := range a.Inputs {
		variable := "INPUT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		want = append(want, variable+"=${{ inputs."+name+" }}")
		if in.Description == "" || in.Default == nil || !strings.Contains(script, "${"+variable+":-") {
			t.Errorf("input %s: %+v", name, in)
		}
	}
	for _, s := range a.Runs.Steps {
		if s.Uses != "" || strings.Contains(s.Run, "${{") {
			t.Errorf("%+v", s)
		}
		for name, value := range s.Env {
			have = append(have, name+"="+value)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(have))); diff != "" {
		t.Error(diff)
	}
}

// A merge request on GitLab is judged by what it brings, a branch as a whole; the reports are the artifacts that are declared.
func TestGitLab(t *testing.T) {
	var ci map[string]struct {
		Script    []string `yaml:"script"`
		Artifacts struct {
			Reports map[string]string `yaml:"reports"`
		} `yaml:"artifacts"`
	}
	if err := yaml.Unmarshal([]byte(read(t, top(t), "ci", "gitlab.yml")), &ci); err != nil {
		t.Fatal(err)
	}
	lines := func(name string) string {
		return strings.ReplaceAll(strings.Join(ci[name].Script, "\n"), "/tmp/tocsin-source", top(t))
	}
	data := filepath.Join(t.TempDir(), "data")
	records := t.TempDir()
	put(t, records, "GHSA-1.json", osv("GHSA-1", "left", "2.0.0", ""))
	env := []string{"TOCSIN_BINARY=" + program(t), "TOCSIN_DATA=" + data}
	// The data job, from a folder instead of the network.
	job(t, t.TempDir(), env, "-ec", lines("tocsin-data")+" --from "+records).wants(t, exitPass, "1 advisories")

	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0")})
	head := exec.Command("git", "-C", dir, "rev-parse", "main")
	base, err := head.Output()
	if err != nil {
		t.Fatal(err)
	}
	job(t, dir, append(env, "CI_MERGE_REQUEST_DIFF_BASE_SHA="+strings.TrimSpace(string(base))), "-ec", lines("tocsin")).wants(t, exitPass, "1 pre-existing")
	job(t, dir, env, "-ec", lines("tocsin")).wants(t, exitFailed, "GHSA-1")
	for kind, file := range ci["tocsin"].Artifacts.Reports {
		if text := read(t, dir, file); !strings.Contains(text, "GHSA-1") || kind != "junit" && !json.Valid([]byte(text)) {
			t.Errorf("%s:\n%s", file, text)
		}
	}
	if len(ci["tocsin"].Artifacts.Reports) != 3 {
		t.Errorf("artifacts: %v", ci["tocsin"].Artifacts.Reports)
	}
	job(t, dir, append(env, "TOCSIN_BASELINE="+told(t, data, dir)), "-ec", lines("tocsin")).wants(t, exitPass, "1 pre-existing")
	job(t, dir, append(env, "TOCSIN_PATH=none"), "-ec", lines("tocsin")).wants(t, exitUsage)
	put(t, dir, "package-lock.json", "{")
	job(t, dir, env, "-ec", lines("tocsin")).wants(t, exitUndecided)
	job(t, dir, append(env, "TOCSIN_ON_UNDECIDED=pass", "TOCSIN_POLICY=emergency"), "-ec", lines("tocsin")).wants(t, exitPass, "emergency")
}

// The hook judges the lockfiles that a commit changes, by what the commit brings.
func TestPreCommitHook(t *testing.T) {
	var hooks []struct {
		Entry string   `yaml:"entry"`
		Args  []string `yaml:"args"`
		Files string   `yaml:"files"`
	}
	if err := yaml.Unmarshal([]byte(read(t, top(t), ".pre-commit-hooks.yaml")), &hooks); err != nil || len(hooks) != 1 {
		t.Fatalf("%v: %+v", err, hooks)
	}
	h := hooks[0]
	takes := regexp.MustCompile(h.Files).MatchString
	for file, want := range map[string]bool{
		"package-lock.json": true, "web/yarn.lock": true, "requirements-dev.txt": true, "a/pylock.dev.toml": true, "go.mod": true, "buildscript-gradle.lockfile": true,
		"README.md": false, "package.json": false, "my-package-lock.json.bak": false, "requirements.md": false, "a/go.modx": false,
	} {
		if takes(file) != want {
			t.Errorf("%s: taken %v", file, !want)
		}
	}
	entry, ok := strings.CutPrefix(h.Entry, "tocsin ")
	if !ok {
		t.Fatal(h.Entry)
	}
	commit := append([]string{"-c", program(t) + " " + entry + ` "$@"`, "hook"}, h.Args...)
	env := []string{"TOCSIN_DATA=" + database(t)}
	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0"), "web/package-lock.json": lock("right", "1.0.0")})
	put(t, dir, "package-lock.json", lock("left", "1.9.0"))
	job(t, dir, env, append(commit, "package-lock.json")...).wants(t, exitPass, "1 pre-existing")
	put(t, dir, "web/package-lock.json", lock("left", "1.0.0"))
	job(t, dir, env, append(commit, "package-lock.json", "web/package-lock.json")...).wants(t, exitFailed, "1 pre-existing", "1 introduced")
}

// What docs/ci.md gives to copy can be read, and uses inputs and files that are there.
func TestSnippets(t *testing.T) {
	var a struct {
		Inputs map[string]any `yaml:"inputs"`
	}
	if err := yaml.Unmarshal([]byte(read(t, top(t), "action.yml")), &a); err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, top(t), "docs", "ci.md"), -1) {
		var doc struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string         `yaml:"uses"`
					With map[string]any `yaml:"with"`
				} `yaml:"steps"`
			} `yaml:"jobs"`
		}
		if err := yaml.Unmarshal([]byte(m[1]), &doc); err != nil {
			t.Errorf("%v\n%s", err, m[1])
		}
		for _, j := range doc.Jobs {
			for _, s := range j.Steps {
				if !regexp.MustCompile(`^$|@([0-9a-f]{40}|COMMIT)$`).MatchString(s.Uses) {
					t.Errorf("%s is not named by its commit", s.Uses)
				}
				if !strings.HasPrefix(s.Uses, "tocsin-dev/") {
					continue
				}
				used++
				for name := range s.With {
					if a.Inputs[name] == nil {
						t.Errorf("the action has no input %s", name)
					}
				}
			}
		}
	}
	if used == 0 {
		t.Error("the action is not shown")
	}
}
