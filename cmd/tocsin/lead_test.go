package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
)

// TestLeading: an emergency that no advisory is behind, led from the command line to its end, with what the public reads of it.
func TestLeading(t *testing.T) {
	s := newStand(t)
	dir := filepath.Dir(s.config)
	do := func(args ...string) result {
		t.Helper()
		return call(t, append(append([]string{"incidents"}, args...), "--config", s.config)...)
	}
	call(t, "run", "--config", s.config, "--once")
	do("declare", "--playbook", "vulnerable-dependency", "--title", "A token was in a log").wants(t, exitUsage, "--as is missing")
	do("declare", "--playbook", "none", "--title", "x", "--reason", "y", "--as", "ada").wants(t, exitUsage, `there is no "none"`, "vulnerable-dependency")
	do("declare", "--playbook", "vulnerable-dependency", "--title", "x", "--reason", "y", "--projects", "nowhere", "--as", "ada").wants(t, exitUsage, "nowhere", "not found")
	said := do("declare", "--playbook", "vulnerable-dependency", "--title", "A token was in a log", "--reason", "seen by hand", "--projects", "shop", "--as", "ada").wants(t, exitPass, "is detected", "ada declared an emergency")
	key := regexp.MustCompile(`INC-\S+`).FindString(said.stdout)
	do("contain", key, "--reason", "x", "--as", "ada").wants(t, exitUsage, "the incident is detected")
	do("take", key, "--role", "incident commander", "--as", "ada").wants(t, exitPass, "is mobilised")
	do("take", key, "--role", "incident commander", "--as", "bea").wants(t, exitUsage, "ada is the incident commander")
	do("take", key, "--role", "release manager", "--as", "bea").wants(t, exitPass)
	do("draft", key, "--audience", "public", "--stage", "first", "--text", "We look into it.", "--as", "ada").wants(t, exitPass)
	do("public", key).wants(t, exitNothing, "nothing of "+key+" is public")
	do("approve", key, "--message", "m1", "--as", "ada").wants(t, exitUsage, "another person")
	do("approve", key, "--message", "m1", "--as", "bea").wants(t, exitPass)
	public, timeline := filepath.Join(dir, "public.json"), filepath.Join(dir, "timeline.json")
	for name, text := range map[string]string{public: do("public", key).wants(t, exitPass, "We look into it.").stdout, timeline: do("show", key, "--format", "json").wants(t, exitPass).stdout} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do("embargo", key, "--until", "yesterday", "--reason", "x", "--as", "ada").wants(t, exitUsage, "--until", "such as 8h or 3d")
	do("set-status", key, "--projects", "shop", "--status", "mitigated", "--reason", "the token is revoked", "--as", "ada").wants(t, exitPass)
	do("note", key, "--text", "nothing was done with it", "--as", "carl").wants(t, exitPass, "carl nothing was done with it")
	var inc tocsin.Incident
	if err := json.Unmarshal([]byte(do("resolve", key, "--reason", "revoked", "--as", "ada", "--format", "json").wants(t, exitPass).stdout), &inc); err != nil || inc.State != tocsin.StateResolved {
		t.Errorf("%+v, %v", inc.State, err)
	}
	do("verify", key).wants(t, exitPass, "each as it was written", "sha256:")
	do("verify", key, timeline).wants(t, exitPass)
	do("verify", key, public).wants(t, exitPass)
	if text := do("public", key, "--format", "markdown").wants(t, exitPass).stdout; !strings.Contains(text, "State: **resolved**") {
		t.Error(text)
	}
	do("public", key, "--format", "atom").wants(t, exitPass, "<content type=\"text\">We look into it.</content>")
	// Somebody with the file at hand changes what was said.
	db, err := sql.Open("sqlite", filepath.Join(dir, "data", "tocsin.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE timeline SET text = 'we knew nothing' WHERE incident = $1 AND seq = 2`, key); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	do("verify", key).wants(t, exitFailed, "event 2 of "+key, "its hash does not fit")
}

// TestVerbsHaveCommands: each verb is a command whose help has an example that names all it needs.
func TestVerbsHaveCommands(t *testing.T) {
	for _, v := range incidents.Verbs() {
		c := call(t, "incidents", string(v.Do), "--help").wants(t, exitPass, "Examples:", v.About)
		for _, field := range append(v.Needs, v.Takes...) {
			if !strings.Contains(c.stdout, "--"+field) {
				t.Errorf("%s has no --%s", v.Do, field)
			}
		}
	}
}

func TestAhead(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"8h": "2026-03-01T20:00", "3d": "2026-03-04T12:00", "2026-03-02T08:00Z": "2026-03-02T08:00", "2026-03-02T08:00+02:00": "2026-03-02T06:00", "2026-04-01": "2026-04-01T00:00",
		"-3d": "", "0h": "", "soon": "", "99999999d": "", "d": ""} {
		got, err := ahead(text, now)
		if (err != nil) != (want == "") || err == nil && got.Format("2006-01-02T15:04") != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
