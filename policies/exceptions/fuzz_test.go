package exceptions

import (
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// readAnything reads a file that nobody vouches for: it ends, and what it gives is within its bounds. An accepted risk has
// an end that is near enough; a statement is about a package that is told.
func readAnything(t *testing.T, file, text string) {
	t.Helper()
	f, err := Read(file, []byte(text), Options{Now: spring, Named: true})
	if err != nil {
		return
	}
	for _, x := range f.Exceptions {
		switch {
		case x.Source == "" || x.Reason == "" || x.Owner == "":
			t.Errorf("nobody answers for %+v", x)
		case x.Kind == tocsin.ExceptionAccepted && (x.Expires.IsZero() || x.Expires.Sub(spring) > Longest || x.Class == "" && x.Package == ""):
			t.Errorf("accepts too much: %+v", x)
		case x.Kind != tocsin.ExceptionAccepted:
			if ref, err := purl.Parse(x.Package); err != nil || ref.Ecosystem == "" || x.Class == "" {
				t.Errorf("states something about nothing: %+v", x)
			}
		}
	}
	Apply([]tocsin.Finding{finding("npm", "left", "1.0.0", tocsin.KindFlaw, "CVE-1")}, f.Exceptions, tocsin.Project{}, spring)
}

func FuzzOpenVEX(f *testing.F) {
	f.Add(`[{"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:npm/left@1.0.0", "subcomponents": [{"@id": "pkg:npm/a"}]}], "status": "fixed"}]`)
	f.Add(`[{"vulnerability": "CVE-1", "products": ["pkg:npm/left"], "subcomponents": ["pkg:npm/a"], "status": "not_affected", "justification": "component_not_present"}]`)
	f.Fuzz(func(t *testing.T, s string) {
		readAnything(t, "x.json", `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": `+s+"}")
	})
}

func FuzzCSAF(f *testing.F) {
	f.Add(`{"branches": [{"category": "product_version", "name": "1", "product": {"product_id": "a", "product_identification_helper": {"purl": "pkg:npm/left"}}}],
"relationships": [{"product_reference": "a", "relates_to_product_reference": "a", "full_product_name": {"product_id": "b"}}], "product_groups": [{"group_id": "g", "product_ids": ["b"]}]}`,
		`[{"cve": "CVE-1", "product_status": {"known_not_affected": ["a", "b"]}, "flags": [{"label": "component_not_present", "group_ids": ["g"]}], "threats": [{"category": "impact", "details": "x", "product_ids": ["a"]}]}]`)
	f.Fuzz(func(t *testing.T, tree, vulnerabilities string) {
		readAnything(t, "x.json", `{"document": {"csaf_version": "2.0"}, "product_tree": `+tree+`, "vulnerabilities": `+vulnerabilities+"}")
	})
}

func FuzzCycloneDX(f *testing.F) {
	f.Add("x.json", cycloneDX)
	f.Add("x.xml", `<bom serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"><components><component bom-ref="l"><purl>pkg:npm/left@1.0.0</purl></component></components><vulnerabilities>
<vulnerability><id>CVE-1</id><analysis><state>resolved</state></analysis><affects><target><ref>l</ref><versions><version><version>1</version></version></versions></target></affects></vulnerability></vulnerabilities></bom>`)
	f.Fuzz(readAnything)
}

func FuzzIgnoreFiles(f *testing.F) {
	f.Add("osv-scanner.toml", "[[IgnoredVulns]]\nid = \"CVE-1\"\nignoreUntil = 2026-07-01\n[[PackageOverrides]]\nname = \"left\"\nversion = \"1\"\necosystem = \"npm\"\nvulnerability.ignore = true\n")
	f.Add(".trivyignore", "# x\nCVE-1 exp:2026-07-01\n")
	f.Add(".trivyignore.yaml", "vulnerabilities:\n- id: CVE-1\n  purls: [pkg:npm/left]\n  expired_at: 2026-07-01\n")
	f.Add(".grype.yaml", "ignore:\n- vulnerability: CVE-1\n  package: {name: left, version: 1, type: npm}\n")
	f.Fuzz(readAnything)
}
