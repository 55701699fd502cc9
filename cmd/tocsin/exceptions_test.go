package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// excuses are what people may write about GHSA-1 in left 1.0.0, each by its usual name, and what becomes of the finding.
var excuses = map[string]struct {
	text string
	kind tocsin.ExceptionKind
}{
	".openvex/left.openvex.json": {`{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "Ada", "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": [
 {"vulnerability": {"name": "GHSA-1"}, "products": [{"@id": "pkg:npm/left@1.0.0"}], "status": "not_affected", "justification": "vulnerable_code_not_present"}]}`, tocsin.ExceptionNotAffected},
	".vex/csaf.json": {`{"document": {"category": "csaf_vex", "csaf_version": "2.0", "publisher": {"name": "Ada"}, "tracking": {"current_release_date": "2026-01-01T00:00:00Z"}},
"product_tree": {"full_product_names": [{"product_id": "p", "name": "left", "product_identification_helper": {"purl": "pkg:npm/left@1.0.0"}}]},
"vulnerabilities": [{"ids": [{"system_name": "GitHub", "text": "GHSA-1"}], "product_status": {"known_not_affected": ["p"]}, "flags": [{"label": "component_not_present", "product_ids": ["p"]}]}]}`, tocsin.ExceptionNotAffected},
	".tocsin/vex/bom.json": {`{"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": [
 {"id": "GHSA-1", "analysis": {"state": "not_affected", "justification": "code_not_reachable"}, "affects": [{"ref": "pkg:npm/left@1.0.0"}]}]}`, tocsin.ExceptionNotAffected},
	".tocsin/vex/bom.xml": {`<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><vulnerabilities><vulnerability><id>GHSA-1</id>
<analysis><state>false_positive</state></analysis><affects><target><ref>pkg:npm/left@1.0.0</ref></target></affects></vulnerability></vulnerabilities></bom>`, tocsin.ExceptionNotAffected},
	"osv-scanner.toml":  {"[[IgnoredVulns]]\nid = \"GHSA-1\"\nreason = \"known\"\n", tocsin.ExceptionAccepted},
	".trivyignore":      {"# known\nGHSA-1\n", tocsin.ExceptionAccepted},
	".trivyignore.yaml": {"vulnerabilities:\n- id: GHSA-1\n  purls: [pkg:npm/left]\n  statement: known\n", tocsin.ExceptionAccepted},
	".grype.yaml":       {"ignore:\n- vulnerability: GHSA-1\n  reason: known\n  package: {name: left, type: npm}\n", tocsin.ExceptionAccepted},
	".tocsin/exceptions.yaml": {"exceptions:\n- {kind: not-affected, class: GHSA-1, package: pkg:npm/left, justification: component_not_present, reason: known, owner: ada, expires: " +
		time.Now().AddDate(0, 1, 0).Format(time.DateOnly) + "}\n", tocsin.ExceptionNotAffected},
}

// finding is the only finding of a JSON report.
func (r result) finding(t *testing.T) tocsin.Finding {
	t.Helper()
	var report struct {
		Targets []struct {
			Decisions []tocsin.Decision `json:"decisions"`
		} `json:"targets"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || len(report.Targets) != 1 || len(report.Targets[0].Decisions) != 1 {
		t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	return report.Targets[0].Decisions[0].Finding
}

// A person names a file, and it holds. The same file in what is scanned is named and left alone, unless the tree is
// trusted. A gate takes it from the base of the change, and from nowhere else.
func TestExceptionsOfEveryKind(t *testing.T) {
	data := database(t)
	for name, c := range excuses {
		t.Run(name, func(t *testing.T) {
			check := func(r result) {
				t.Helper()
				status := map[tocsin.ExceptionKind]tocsin.Status{tocsin.ExceptionAccepted: tocsin.StatusAffected, tocsin.ExceptionNotAffected: tocsin.StatusNotAffected}[c.kind]
				f := r.wants(t, exitPass).finding(t)
				if f.Status != status || f.Exception == nil || f.Exception.Kind != c.kind {
					t.Errorf("%s, %+v", f.Status, f.Exception)
				} else if x := f.Exception; x.Reason == "" || x.Owner == "" || !strings.Contains(x.Source, filepath.Base(name)+":") {
					t.Errorf("nobody answers for it: %+v", x)
				}
			}
			tree, apart := t.TempDir(), t.TempDir()
			put(t, tree, "package-lock.json", lock("left", "1.0.0"))
			call(t, "scan", "--data", data, tree).wants(t, exitFailed)
			named := put(t, apart, name, c.text)
			check(call(t, "scan", "--data", data, "--format", "json", "--exceptions", named, tree))

			put(t, tree, name, c.text)
			call(t, "scan", "--data", data, tree).wants(t, exitFailed, "tocsin: "+name+" in "+tree+" was not used: name it with --exceptions, or use --trust-tree")
			check(call(t, "scan", "--data", data, "--format", "json", "--trust-tree", tree))

			base := branch(t, map[string]string{name: c.text})
			put(t, base, "package-lock.json", lock("left", "1.0.0"))
			check(call(t, "gate", "--data", data, "--base", "main", "--format", "json", base))
			change := branch(t, map[string]string{"README": "x"})
			put(t, change, "package-lock.json", lock("left", "1.0.0"))
			put(t, change, name, c.text)
			call(t, "gate", "--data", data, "--base", "main", change).wants(t, exitFailed, "1 introduced")
			// What the change makes of the base's file does not count either.
			put(t, base, name, "broken")
			check(call(t, "gate", "--data", data, "--base", "main", "--format", "json", base))
		})
	}
}

// What cannot be used is said, and excuses nothing.
func TestExceptionsUnused(t *testing.T) {
	data, dir := database(t), t.TempDir()
	put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	file := put(t, t.TempDir(), ".grype.yaml", "ignore:\n- fix-state: fixed\n")
	call(t, "scan", "--data", data, "--exceptions", file, dir).wants(t, exitFailed, "tocsin: exception not used: "+file+":2: ignore: fix-state: cannot be used")
	many := put(t, t.TempDir(), ".grype.yaml", "ignore:\n"+strings.Repeat("- fix-state: fixed\n", 12))
	call(t, "scan", "--data", data, "--exceptions", file, "--exceptions", many, dir).wants(t, exitFailed, "tocsin: exceptions not used: 3 more")
	broken := put(t, t.TempDir(), ".trivyignore", "GHSA-1 exp:never\n")
	call(t, "scan", "--data", data, "--exceptions", broken, dir).wants(t, exitUsage, broken+`:1: exp: "never" is no day`)
	// A component of a product: a person says which that is, or the base, which calls itself so.
	part := `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"vulnerability": {"name": "GHSA-1"}, "status": "not_affected", "impact_statement": "x",
 "products": [{"@id": "pkg:npm/shop", "subcomponents": [{"@id": "pkg:npm/left"}]}]}]}`
	base := branch(t, map[string]string{".vex/shop.json": part})
	put(t, base, "package-lock.json", lock("left", "1.0.0"))
	call(t, "gate", "--data", data, "--base", "main", base).wants(t, exitFailed, "main:.vex/shop.json:1: speaks of pkg:npm/left within pkg:npm/shop, which may be another project")
	call(t, "gate", "--data", data, "--base", "main", "--exceptions", filepath.Join(base, ".vex/shop.json"), base).wants(t, exitPass)
	put(t, base, "package.json", `{"name": "shop"}`) // the change may not say so
	call(t, "gate", "--data", data, "--base", "main", base).wants(t, exitFailed)
	for name, manifest := range map[string]string{"package.json": `{"name": "shop"}`, "go.mod": "module example.org/shop\n\ngo 1.26\n"} {
		product := map[string]string{"package.json": "pkg:npm/shop", "go.mod": "pkg:golang/example.org/shop@v1.0.0"}[name]
		self := branch(t, map[string]string{".vex/shop.json": strings.Replace(part, "pkg:npm/shop", product, 1), name: manifest})
		put(t, self, "package-lock.json", lock("left", "1.0.0"))
		call(t, "gate", "--data", data, "--base", "main", self).wants(t, exitPass)
	}
}

// osv-scanner.toml in a tree speaks for the lockfiles beside it, as it does for the program that it is written for.
func TestOSVScannerConfigSpeaksForItsFolder(t *testing.T) {
	data, toml := database(t), "[[IgnoredVulns]]\nid = \"GHSA-1\"\n"
	base := branch(t, map[string]string{"osv-scanner.toml": toml})
	put(t, base, "app/package-lock.json", lock("left", "1.0.0"))
	call(t, "gate", "--data", data, "--base", "main", base).wants(t, exitFailed, "1 introduced")
	call(t, "gate", "--data", data, "--base", "main", "--exceptions", put(t, t.TempDir(), "osv-scanner.toml", toml), base).wants(t, exitPass)
}

// What a scan writes, a person completes and gives back.
func TestOwnVEXComesBack(t *testing.T) {
	data, dir := database(t), t.TempDir()
	put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	for format, edit := range map[string]func(doc map[string]any){
		"openvex": func(doc map[string]any) {
			s := doc["statements"].([]any)[0].(map[string]any)
			s["status"], s["justification"] = "not_affected", "vulnerable_code_not_present"
			delete(s, "action_statement")
		},
		"cyclonedx": func(doc map[string]any) {
			doc["vulnerabilities"].([]any)[0].(map[string]any)["analysis"] = map[string]any{"state": "not_affected", "justification": "code_not_present"}
		},
	} {
		file := filepath.Join(t.TempDir(), "vex.json")
		call(t, "scan", "--data", data, "--report", format+"="+file, dir).wants(t, exitFailed)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		call(t, "scan", "--data", data, "--exceptions", file, dir).wants(t, exitFailed) // it says affected, or in triage
		edit(doc)
		if text, err = json.Marshal(doc); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		f := call(t, "scan", "--data", data, "--format", "json", "--exceptions", file, dir).wants(t, exitPass).finding(t)
		if f.Status != tocsin.StatusNotAffected || f.Exception == nil || f.Exception.Justification != "vulnerable_code_not_present" {
			t.Errorf("%s: %s, %+v", format, f.Status, f.Exception)
		}
	}
}
