package exceptions

import (
	"slices"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

func TestOpenVEX(t *testing.T) {
	const doc = `{
  "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex-1", "author": "Ada", "timestamp": "2026-03-01T00:00:00Z", "version": 1,
  "statements": [
    {"vulnerability": {"name": "CVE-1", "aliases": ["GHSA-1"]}, "products": [{"@id": "pkg:npm/left@1.0.0"}],
     "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path", "status_notes": "never called"},
    {"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2"}, "products": [{"@id": "https://example.org/a", "identifiers": {"purl": "pkg:pypi/a"}}],
     "status": "not_affected", "impact_statement": "built without it", "timestamp": "2026-04-01T00:00:00+02:00"},
    {"vulnerability": {"name": "CVE-3"}, "products": [{"@id": "pkg:npm/left@2.0.0"}, {"@id": "pkg:npm/right"}], "status": "fixed"},
    {"vulnerability": {"name": "CVE-4"}, "products": [{"@id": "pkg:npm/left"}, {"@id": "pkg:oci/image"}], "status": "affected", "action_statement": "wait"},
    {"vulnerability": {"name": "CVE-5"}, "products": [{"@id": "pkg:npm/shop", "subcomponents": [{"@id": "pkg:npm/left@1.0.0"}]}],
     "status": "not_affected", "justification": "component_not_present", "x": "what we do not know"},
    {"vulnerability": {"name": "CVE-6"}, "products": [{"@id": "pkg:oci/image"}, {}, {"@id": "pkg:npm/left?vers=vers:npm/%3C2"}, {"@id": "pkg:npm/left?vers=vers:npm/%3Clatest"}], "status": "not_affected", "impact_statement": "x"},
    {"vulnerability": {}, "products": [{"@id": "pkg:npm/left@2"}], "status": "fixed"}]}`
	want := []string{
		"not-affected CVE-1 pkg:npm/left@1.0.0 [vulnerable_code_not_in_execute_path]: never called, Ada, stated 2026-03-01, v.json:4",
		"not-affected GHSA-1 pkg:npm/left@1.0.0 [vulnerable_code_not_in_execute_path]: never called, Ada, stated 2026-03-01, v.json:4",
		"not-affected CVE-2 pkg:pypi/a: built without it, Ada, stated 2026-03-31, v.json:6",
		"not-affected CVE-3 pkg:npm/left@2.0.0: fixed in this version, by the document, Ada, stated 2026-03-01, v.json:8",
		"affected CVE-4 pkg:npm/left: no more is stated, Ada, stated 2026-03-01, v.json:9",
	}
	ranged := "not-affected CVE-6 pkg:npm/left?vers=vers:npm/%3C2 (vers:npm/<2): x, Ada, stated 2026-03-01, v.json:12"
	within := "not-affected CVE-5 pkg:npm/left@1.0.0 in pkg:npm/shop [component_not_present]: no more is stated, Ada, stated 2026-03-01, v.json:10"
	fixed, elsewhere := "v.json:8: says that pkg:npm/right is fixed, but not in which version", "v.json:10: speaks of pkg:npm/left@1.0.0 within pkg:npm/shop, which may be another project"
	rest := []string{`v.json:12: "pkg:oci/image" is no purl of a package`, "v.json:12: names no purl", "v.json:12: speaks of a range of versions of pkg:npm/left?vers", "v.json:13: names no vulnerability"}
	reading{file: "v.json", text: doc, want: append(slices.Clone(want), ranged), unused: append([]string{fixed, elsewhere}, rest...)}.check(t)
	reading{file: "v.json", text: doc, named: true, want: append(want, within, ranged), unused: append([]string{fixed}, rest...)}.check(t)
}

// The first version of OpenVEX wrote ids where the second has objects.
func TestOpenVEX001(t *testing.T) {
	reading{file: "v.json", named: true, text: `{"@context": "https://openvex.dev/ns", "author": "Ada", "timestamp": "2023-01-08T18:02:03.647787998-06:00", "version": "1", "statements": [
{"vulnerability": "CVE-1", "products": ["pkg:npm/a@1"], "status": "fixed"},
{"vulnerability": "CVE-2", "products": ["pkg:npm/shop"], "subcomponents": ["pkg:npm/a@1"], "status": "not_affected", "justification": "component_not_present"}]}`,
		want: []string{
			"not-affected CVE-1 pkg:npm/a@1: fixed in this version, by the document, Ada, stated 2023-01-09, v.json:2",
			"not-affected CVE-2 pkg:npm/a@1 in pkg:npm/shop [component_not_present]: no more is stated, Ada, stated 2023-01-09, v.json:3",
		}}.check(t)
}

func TestCSAF(t *testing.T) {
	const doc = `{"document": {"category": "csaf_vex", "csaf_version": "2.0", "publisher": {"name": "Example"}, "tracking": {"current_release_date": "2026-03-01T00:00:00Z"}},
"product_tree": {
  "branches": [{"category": "vendor", "name": "x", "branches": [
    {"category": "product_name", "name": "left", "branches": [
      {"category": "product_version", "name": "1.0.0", "product": {"product_id": "L1", "name": "left 1", "product_identification_helper": {"purl": "pkg:npm/left"}}},
      {"category": "product_version_range", "name": "vers:npm/<2.0.0", "product": {"product_id": "LR", "name": "left old", "product_identification_helper": {"purl": "pkg:npm/left"}}},
      {"category": "product_version_range", "name": "<2.0.0", "product": {"product_id": "LP", "name": "left old, in plain words", "product_identification_helper": {"purl": "pkg:npm/left"}}}]},
    {"category": "product_version", "name": "1.2-3", "product": {"product_id": "D", "name": "deb", "product_identification_helper": {"purl": "pkg:deb/debian/curl"}}}]}],
  "full_product_names": [
    {"product_id": "L2", "name": "left 2", "product_identification_helper": {"purls": ["pkg:npm/left@2.0.0", "pkg:npm/%40x/left@2.0.0"]}},
    {"product_id": "S", "name": "Shop"}],
  "relationships": [
    {"category": "default_component_of", "product_reference": "L1", "relates_to_product_reference": "S", "full_product_name": {"product_id": "S:L1", "name": "left in shop"}},
    {"category": "default_component_of", "product_reference": "C", "relates_to_product_reference": "S", "full_product_name": {"product_id": "C", "name": "a circle"}}],
  "product_paths": [
    {"beginning_product_reference": "L2", "subpaths": [{"category": "installed_on", "next_product_reference": "S"}], "full_product_name": {"product_id": "S:L2", "name": "left 2 in shop"}}],
  "product_groups": [{"group_id": "G", "product_ids": ["L2"]}]},
"vulnerabilities": [
  {"cve": "CVE-1", "ids": [{"system_name": "GitHub", "text": "GHSA-1"}], "product_status": {"known_not_affected": ["L1", "S:L1"], "known_affected": ["LR", "LP", "S"]},
   "flags": [{"label": "component_not_present", "product_ids": ["L1"]}, {"label": "novelty", "product_ids": ["L1"]}],
   "threats": [{"category": "impact", "details": "not in our build", "product_ids": ["L1", "S:L1"]}, {"category": "exploit_status", "details": "none", "product_ids": ["L1"]}]},
  {"cve": "CVE-2", "product_status": {"fixed": ["L2"], "recommended": ["L1"], "under_investigation": ["L1"]}},
  {"cve": "CVE-3", "product_status": {"known_not_affected": ["L1", "L2", "LR", "LP", "D", "S", "C", "nobody", "S:L2"]}, "flags": [{"label": "vulnerable_code_not_present", "group_ids": ["G"]},
   {"label": "vulnerable_code_not_present", "product_ids": ["LR", "LP", "D", "S:L2"]}]}]}`
	c := reading{file: "c.json", named: true, text: doc, want: []string{
		"affected CVE-1 pkg:npm/left (vers:npm/<2.0.0): no more is stated, Example, stated 2026-03-01, c.json:19",
		"affected GHSA-1 pkg:npm/left (vers:npm/<2.0.0): no more is stated, Example, stated 2026-03-01, c.json:19",
		"affected CVE-1 pkg:npm/left: no more is stated, Example, stated 2026-03-01, c.json:19",
		"affected GHSA-1 pkg:npm/left: no more is stated, Example, stated 2026-03-01, c.json:19",
		"not-affected CVE-1 pkg:npm/left@1.0.0 [component_not_present]: not in our build, Example, stated 2026-03-01, c.json:19",
		"not-affected GHSA-1 pkg:npm/left@1.0.0 [component_not_present]: not in our build, Example, stated 2026-03-01, c.json:19",
		"not-affected CVE-1 pkg:npm/left@1.0.0 in Shop: not in our build, Example, stated 2026-03-01, c.json:19",
		"not-affected GHSA-1 pkg:npm/left@1.0.0 in Shop: not in our build, Example, stated 2026-03-01, c.json:19",
		"not-affected CVE-2 pkg:npm/left@2.0.0: fixed in this version, by the document, Example, stated 2026-03-01, c.json:22",
		"not-affected CVE-2 pkg:npm/%40x/left@2.0.0: fixed in this version, by the document, Example, stated 2026-03-01, c.json:22",
		"affected CVE-2 pkg:npm/left@1.0.0: no more is stated, Example, stated 2026-03-01, c.json:22",
		"not-affected CVE-3 pkg:npm/left@2.0.0 [vulnerable_code_not_present]: no more is stated, Example, stated 2026-03-01, c.json:23",
		"not-affected CVE-3 pkg:npm/%40x/left@2.0.0 [vulnerable_code_not_present]: no more is stated, Example, stated 2026-03-01, c.json:23",
		"not-affected CVE-3 pkg:npm/left (vers:npm/<2.0.0) [vulnerable_code_not_present]: no more is stated, Example, stated 2026-03-01, c.json:23",
		"not-affected CVE-3 pkg:npm/left@2.0.0 in Shop [vulnerable_code_not_present]: no more is stated, Example, stated 2026-03-01, c.json:23",
		"not-affected CVE-3 pkg:npm/%40x/left@2.0.0 in Shop [vulnerable_code_not_present]: no more is stated, Example, stated 2026-03-01, c.json:23",
	}, unused: []string{
		"c.json:23: says that pkg:npm/left is not affected, but neither justification nor impact",
		"c.json:23: speaks of a range of versions of pkg:npm/left",
		"c.json:23: gives a version beside the purl pkg:deb/debian/curl",
		`c.json:23: product "Shop" has no purl`, `c.json:23: product "C" is not in the product tree`, `c.json:23: product "nobody" is not in the product tree`,
	}}
	c.check(t)
}

const cycloneDX = `{"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", "metadata": {"timestamp": "2026-03-01T00:00:00Z", "authors": [{"name": "Ada"}]},
"components": [{"bom-ref": "l", "name": "left", "purl": "pkg:npm/left@1.0.0", "components": [{"bom-ref": "r", "purl": "pkg:npm/right"}]}, {"bom-ref": "n", "name": "nameless"}],
"vulnerabilities": [
 {"id": "CVE-1", "references": [{"id": "GHSA-1"}], "ratings": "odd", "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called", "lastUpdated": "2026-04-01T00:00:00Z"}, "affects": [{"ref": "l"}]},
 {"id": "CVE-2", "analysis": {"state": "false_positive"}, "affects": [{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#l"}]},
 {"id": "CVE-3", "analysis": {"state": "resolved"}, "affects": [{"ref": "urn:cdx:00000000-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fother%402.0.0"}, {"ref": "urn:cdx:00000000-395b-41f5-a30f-a58921a69b79/1#l"}]},
 {"id": "CVE-4", "analysis": {"state": "exploitable"}, "affects": [{"ref": "l"}, {"ref": "n"}]},
 {"id": "CVE-5", "analysis": {"state": "not_affected", "justification": "protected_at_perimeter"}, "affects": [{"ref": "r", "versions": [{"version": "3.0.0", "status": "unaffected"}, {"range": "vers:npm/<2"}, {"range": "vers:pypi/<2"}]}]},
 {"id": "CVE-6", "analysis": {"state": "not_affected"}, "affects": [{"ref": "l"}, {"ref": "n"}]},
 {"id": "CVE-7", "affects": [{"ref": "l"}]},
 {"id": "CVE-8", "analysis": {"state": "resolved_with_pedigree"}},
 {"id": "CVE-9", "analysis": {"state": "resolved"}, "affects": [{"ref": "r"}]}]}`

func TestCycloneDX(t *testing.T) {
	want := []string{
		"not-affected CVE-1 pkg:npm/left@1.0.0 [vulnerable_code_not_in_execute_path]: never called, Ada, stated 2026-04-01, b.json:4",
		"not-affected GHSA-1 pkg:npm/left@1.0.0 [vulnerable_code_not_in_execute_path]: never called, Ada, stated 2026-04-01, b.json:4",
		"not-affected CVE-2 pkg:npm/left@1.0.0: false positive, Ada, stated 2026-03-01, b.json:5",
		"not-affected CVE-3 pkg:npm/other@2.0.0: fixed in this version, by the document, Ada, stated 2026-03-01, b.json:6",
		"affected CVE-4 pkg:npm/left@1.0.0: no more is stated, Ada, stated 2026-03-01, b.json:7",
		"not-affected CVE-5 pkg:npm/right@3.0.0 [protected_at_perimeter]: no more is stated, Ada, stated 2026-03-01, b.json:8",
		"not-affected CVE-5 pkg:npm/right (vers:npm/<2) [protected_at_perimeter]: no more is stated, Ada, stated 2026-03-01, b.json:8",
	}
	unused := []string{`b.json:6: "l" is no purl`, "b.json:8: speaks of a range of versions of pkg:npm/right", "b.json:9: says that pkg:npm/left@1.0.0 is not affected, but neither",
		"b.json:9: names no purl", "b.json:11: affects: is missing", "b.json:12: says that pkg:npm/right is fixed, but not in which version"}
	reading{file: "b.json", text: cycloneDX, want: want, unused: unused}.check(t)
}

func TestCycloneDXXML(t *testing.T) {
	const doc = `<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1">
 <metadata><component type="application"><name>shop</name><purl>pkg:npm/shop</purl></component></metadata>
 <components><component type="library" bom-ref="l"><name>left</name><version>1.0.0</version><purl>pkg:npm/left@1.0.0</purl></component></components>
 <vulnerabilities>
  <vulnerability><id>CVE-1</id><ratings><rating><score>many</score></rating></ratings>
   <analysis><state>not_affected</state><justification>code_not_present</justification><detail>not built in</detail></analysis>
   <affects><target><ref>l</ref></target></affects></vulnerability>
 </vulnerabilities>
</bom>`
	reading{file: "b.xml", named: true, text: doc, want: []string{"not-affected CVE-1 pkg:npm/left@1.0.0 in pkg:npm/shop [vulnerable_code_not_present]: not built in, not stated, b.xml:6"}}.check(t)
	reading{file: "b.xml", text: doc, unused: []string{"b.xml:6: speaks of pkg:npm/left@1.0.0 within pkg:npm/shop"}}.check(t)
}

// Of the statements about one finding the latest speaks, from whatever documents; other kinds of exceptions are apart.
func TestTheLatestStatementSpeaks(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	no := func(pkg string, at int) tocsin.Exception {
		return tocsin.Exception{Kind: tocsin.ExceptionNotAffected, Class: "CVE-1", Package: pkg, Reason: "r", Stated: day(at)}
	}
	yes := func(pkg string, at int) tocsin.Exception {
		x := no(pkg, at)
		x.Kind, x.Class = tocsin.ExceptionAffected, "GHSA-1"
		return x
	}
	of := func(x tocsin.Exception, vers string) tocsin.Exception {
		x.Range = vers
		return x
	}
	accepted := tocsin.Exception{Kind: tocsin.ExceptionAccepted, Class: "CVE-1", Package: "pkg:npm/left", Expires: spring}
	within := no("pkg:npm/left", 1)
	within.Product = "pkg:npm/shop@3"
	mine := tocsin.Project{Slug: "shop", Publishes: "pkg:npm/shop"}
	for name, c := range map[string]struct {
		list    []tocsin.Exception
		project tocsin.Project
		status  tocsin.Status
		excused bool
	}{
		"not affected":                {[]tocsin.Exception{no("pkg:npm/left", 1)}, mine, tocsin.StatusNotAffected, true},
		"taken back":                  {[]tocsin.Exception{yes("pkg:npm/left", 2), no("pkg:npm/left@1.0.0", 1)}, mine, tocsin.StatusAffected, false},
		"stated again":                {[]tocsin.Exception{no("pkg:npm/left", 3), yes("pkg:npm/left", 2), no("pkg:npm/left", 1)}, mine, tocsin.StatusNotAffected, true},
		"at once: affected":           {[]tocsin.Exception{no("pkg:npm/left", 1), yes("pkg:npm/left", 1)}, mine, tocsin.StatusAffected, false},
		"at once: the version":        {[]tocsin.Exception{no("pkg:npm/left@1.0.0", 1), yes("pkg:npm/left", 1)}, mine, tocsin.StatusNotAffected, true},
		"about another version":       {[]tocsin.Exception{no("pkg:npm/left", 1), yes("pkg:npm/left@1.1.0", 2)}, mine, tocsin.StatusNotAffected, true},
		"in a range":                  {[]tocsin.Exception{of(no("pkg:npm/left", 1), "vers:npm/>=1.0.0|<2.0.0")}, mine, tocsin.StatusNotAffected, true},
		"beside a range":              {[]tocsin.Exception{of(no("pkg:npm/left", 1), "vers:npm/>1.0.0|<2.0.0")}, mine, tocsin.StatusAffected, false},
		"taken back in a range":       {[]tocsin.Exception{no("pkg:npm/left", 1), of(yes("pkg:npm/left", 2), "vers:npm/<=1.0.0")}, mine, tocsin.StatusAffected, false},
		"taken back beside a range":   {[]tocsin.Exception{no("pkg:npm/left", 1), of(yes("pkg:npm/left", 2), "vers:npm/<1.0.0")}, mine, tocsin.StatusNotAffected, true},
		"at once: the range":          {[]tocsin.Exception{yes("pkg:npm/left", 1), of(no("pkg:npm/left", 1), "vers:npm/<2.0.0")}, mine, tocsin.StatusNotAffected, true},
		"at once: version over range": {[]tocsin.Exception{yes("pkg:npm/left@1.0.0", 1), of(no("pkg:npm/left", 1), "vers:npm/<2.0.0")}, mine, tocsin.StatusAffected, false},
		"affected but accepted":       {[]tocsin.Exception{yes("pkg:npm/left", 1), accepted}, mine, tocsin.StatusAffected, true},
		"not affected, and accepted":  {[]tocsin.Exception{accepted, no("pkg:npm/left", 1)}, mine, tocsin.StatusNotAffected, true},
		"within what we publish":      {[]tocsin.Exception{within}, mine, tocsin.StatusNotAffected, true},
		"within what others publish":  {[]tocsin.Exception{within}, tocsin.Project{Slug: "a", Publishes: "pkg:npm/a"}, tocsin.StatusAffected, false},
		"within something, we nought": {[]tocsin.Exception{within}, tocsin.Project{Slug: "a"}, tocsin.StatusAffected, false},
		"within what a person named":  {[]tocsin.Exception{within}, tocsin.Project{}, tocsin.StatusNotAffected, true},
		"an accepted risk has an end": {[]tocsin.Exception{{Kind: tocsin.ExceptionAccepted, Class: "CVE-1", Package: "pkg:npm/left"}}, mine, tocsin.StatusAffected, false},
	} {
		f := finding("npm", "left", "1.0.0", tocsin.KindFlaw, "CVE-1", "GHSA-1")
		got := Apply([]tocsin.Finding{f}, c.list, c.project, spring)[0]
		if got.Status != c.status || (got.Exception != nil) != c.excused {
			t.Errorf("%s: %s, %+v", name, got.Status, got.Exception)
		}
		f.Class.Kind = tocsin.KindMalware
		if got := Apply([]tocsin.Finding{f}, c.list, c.project, spring)[0]; got.Exception != nil {
			t.Errorf("%s: excuses malware", name)
		}
	}
	for ecosystem, want := range map[string]tocsin.Status{"Debian:12": tocsin.StatusNotAffected, "Debian": tocsin.StatusNotAffected, "Debian:11": tocsin.StatusAffected, "Ubuntu:12": tocsin.StatusAffected} {
		curl := finding(ecosystem, "curl", "7.88.1-10", tocsin.KindFlaw, "CVE-1")
		if got := Apply([]tocsin.Finding{curl}, []tocsin.Exception{no("pkg:deb/debian/curl@7.88.1-10?distro=debian-12", 1)}, mine, spring)[0]; got.Status != want {
			t.Errorf("a statement about Debian 12 makes it %s in %s", got.Status, ecosystem)
		}
	}
	for arch, want := range map[string]tocsin.Status{"?arch=amd64": tocsin.StatusNotAffected, "": tocsin.StatusNotAffected, "?arch=arm64": tocsin.StatusAffected} {
		curl := finding("Debian:12", "curl", "1", tocsin.KindFlaw, "CVE-1")
		curl.Package.PURL = "pkg:deb/debian/curl@1" + arch
		if got := Apply([]tocsin.Finding{curl}, []tocsin.Exception{no("pkg:deb/debian/curl@1?arch=amd64", 1)}, mine, spring)[0]; got.Status != want {
			t.Errorf("a statement about amd64 makes it %s in %q", got.Status, arch)
		}
	}
	branch := finding("npm", "left", "master", tocsin.KindFlaw, "CVE-1")
	if got := Apply([]tocsin.Finding{branch}, []tocsin.Exception{of(no("pkg:npm/left", 1), "vers:npm/<2.0.0")}, mine, spring)[0]; got.Status != tocsin.StatusAffected {
		t.Error("a version that has no place in an order is in a range")
	}
	goMod := finding("Go", "example.com/a", "1.2.0", tocsin.KindFlaw, "CVE-1")
	if got := Apply([]tocsin.Finding{goMod}, []tocsin.Exception{no("pkg:golang/example.com/a@v1.2.0", 1)}, mine, spring)[0]; got.Status != tocsin.StatusNotAffected {
		t.Error("v1.2.0 is not 1.2.0 of a Go module")
	}
}
