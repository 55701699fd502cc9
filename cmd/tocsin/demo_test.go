package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	r := call(t, "demo", "--dir", dir).wants(t, exitPass,
		"1. What was read", "failed package-lock.json", "2. What was found, and may it be released?", "3. What was decided, and why",
		"malware-corroborated: this very version is listed as malicious by two independent origins → holds", "4. Incidents",
		"INC-CVE-2021-44228  emergency, detected", "INC-CVE-2014-0160  emergency, detected", "INC-CVE-2025-30066  hold, hold",
		"5. What was written to GitHub", "Emergency: CVE-2021-44228 affects org.apache.logging.log4j:log4j-core 2.14.1", "Emergency: CVE-2014-0160 affects openssl 1.0.1e-2+deb7u4",
		"6. An advisory draft, once two people agreed to it", "grace approves draft/INC-CVE-2021-44228/shop-api: waiting", "ada approves draft/INC-CVE-2021-44228/shop-api: pending",
		"7. People lead it", "ada    leads it", "maria  wants to approve and may not", "linus  wants to resolve and may not", "is affected: it is over when nothing is",
		"8. shop-api upgrades log4j to 2.17.1", "INC-CVE-2021-44228  emergency, resolved", "log4j-core is now 2.17.1 (was 2.14.1)", "One closed issue in full",
		"9. What was learned, and what the public can check", "State: **reviewed**", "10. The same again: nothing is new, nothing is written", "incidents: nothing new\nactions: 0 carried out, requests that write: 0",
	)
	if !strings.Contains(r.stdout, "legacy-portal           0 packages  gate undecided") {
		t.Errorf("the unreadable project is not shown:\n%s", r.stdout)
	}
	if strings.Contains(r.stdout, "Emergency: CVE-2025-30066") {
		t.Error("a hold was written to a project")
	}
	for _, name := range []string{"portfolio/shop-api/pom.xml", "data/tocsin.db", "github/shop-api/issue-1.md", "github/security/issue-1.md", "review.md"} {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Error(err)
		}
	}
	call(t, "demo", "--dir", dir).wants(t, exitUsage, "is not empty")
	call(t, "demo", "--dir", put(t, t.TempDir(), "file", "x")).wants(t, exitUndecided)
}
