package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestAdvisory: from the scan to what those downstream read, from the command line.
func TestAdvisory(t *testing.T) {
	s := newStand(t)
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(old, new string) {
		t.Helper()
		if !strings.Contains(string(text), old) {
			t.Fatalf("no %q in the configuration", old)
		}
		text = []byte(strings.Replace(string(text), old, new, 1))
		if err := os.WriteFile(s.config, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const key = "INC-CVE-2026-1"
	do := func(args ...string) result {
		t.Helper()
		return call(t, append(append([]string{"incidents"}, args...), "--config", s.config)...)
	}
	call(t, "run", "--config", s.config, "--once")
	do("advisory", key, "--format", "pdf").wants(t, exitUsage, "want a format of")
	do("advisory", "INC-NONE").wants(t, exitNothing, "not found")
	do("advisory", key, "--format", "csaf").wants(t, exitNothing, "publisher:")
	do("take", key, "--role", "incident commander", "--as", "ada").wants(t, exitPass)
	do("take", key, "--role", "release manager", "--as", "bea").wants(t, exitPass)
	do("revise", key, "--text", "First published", "--as", "ada").wants(t, exitUsage, "publisher:")
	rewrite("projects:", "publisher: {name: Acme, url: https://acme.example}\nprojects:")
	do("revise", key, "--text", "First published", "--as", "ada").wants(t, exitUsage, "public_exposure")
	rewrite("advisory_draft: true", "advisory_draft: true, public_exposure: true")
	call(t, "run", "--config", s.config, "--once")
	do("advisory", key).wants(t, exitPass, `"id": "x_acme.example-INC-CVE-2026-1"`, `"status": "draft"`, `"under_investigation"`)
	do("product", key, "--projects", "shop", "--product", "affected", "--range", ">= 1.0.0, < 1.2.1", "--as", "ada").wants(t, exitPass, "what shop publishes is affected")
	do("advise", key, "--section", "mitigation", "--text", "Switch it off.", "--as", "ada").wants(t, exitPass)
	do("revise", key, "--text", "First published", "--as", "ada").wants(t, exitPass, "revision 1 of the advisory")
	do("advisory", key, "--revision", "1").wants(t, exitNothing, "not found")
	do("approve", key, "--message", "m1", "--as", "ada").wants(t, exitUsage, "another person")
	do("approve", key, "--message", "m1", "--as", "bea").wants(t, exitPass)
	do("revise", key, "--text", "Nothing", "--as", "ada").wants(t, exitUsage, "nothing that readers see has changed")
	for format, want := range map[string]string{"osv": `"fixed": "1.2.1"`, "csaf": `"pkg:npm/shop@1.2.1"`, "openvex": `"action_statement": "Update to 1.2.1 or a later version. Switch it off."`, "github": `">= 1.0.0, < 1.2.1"`} {
		do("advisory", key, "--format", format).wants(t, exitPass, want)
	}
	do("credit", key, "--text", "@bea", "--credit", "remediation_verifier", "--as", "ada").wants(t, exitPass)
	do("retrospective").wants(t, exitPass, "## Thanks to", "remediation\\_verifier in "+key)
	do("retrospective", "--format", "json").wants(t, exitPass, `"@bea"`, "remediation_verifier")
	// The public history has the digest of what can be read.
	sum := sha256.Sum256([]byte(do("advisory", key, "--format", "json", "--revision", "1").wants(t, exitPass).stdout))
	do("public", key).wants(t, exitPass, `"revision": 1`, "sha256:"+hex.EncodeToString(sum[:]))
	// The draft in the project's repository says the same.
	call(t, "actions", "list", "--config", s.config, "--format", "json").wants(t, exitPass, `"patched_versions": "1.2.1"`, string(tocsin.ActionDraft))
}
