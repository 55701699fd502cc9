package main

import (
	"strings"
	"testing"
	"time"
)

// pinPolicy judges pins and nothing else: what cannot be explained fails, what is merely loose warns.
const pinPolicy = `policy: pins
judges: [pin]
gate:
  default: pass
  rules:
    - {name: accepted, when: finding.accepted, then: warn, because: somebody looked at it}
    - {name: tampered, when: advisory.id == "TOCSIN-PIN-INTEGRITY-CHANGED", then: fail, because: a published version does not change}
    - {name: lookalike, when: 'advisory.id == "TOCSIN-PIN-LOOKALIKE" && "new" in pkg.hygiene', then: fail, because: it may be another package than the one that is meant}
    - {name: downgrade, when: advisory.id == "TOCSIN-PIN-DOWNGRADE", then: warn, because: what was fixed may be back}
`

// hashedLock is an npm lockfile of one package with a hash.
func hashedLock(name, version, hash string) string {
	return strings.Replace(lock(name, version), `"version": "`+version+`"}}}`,
		`"version": "`+version+`", "resolved": "https://registry.npmjs.org/`+name+`/-/`+name+`-`+version+`.tgz", "integrity": "sha512-`+hash+`"}}}`, 1)
}

// A change that tampers with a pin answers for it, against a branch and against a report, though no advisory knows of it.
func TestGatePins(t *testing.T) {
	data, pins := database(t), put(t, t.TempDir(), "pins.yaml", pinPolicy)
	for name, c := range map[string]struct {
		before, after string
		code          int
		want          []string
	}{
		"nothing":    {hashedLock("right", "1.0.0", "aa"), hashedLock("right", "1.0.0", "aa"), exitPass, []string{"0 introduced", "0 pre-existing"}},
		"tampered":   {hashedLock("right", "1.0.0", "aa"), hashedLock("right", "1.0.0", "bb"), exitFailed, []string{"1 introduced", "TOCSIN-PIN-INTEGRITY-CHANGED", "It is sha512-bb, and was sha512-aa"}},
		"downgraded": {hashedLock("right", "1.1.0", "aa"), hashedLock("right", "1.0.0", "bb"), exitPass, []string{"1 introduced", "TOCSIN-PIN-DOWNGRADE", "It was 1.1.0"}},
		"mistyped":   {hashedLock("lodash", "1.1.0", "aa"), hashedLock("loadsh", "1.1.0", "bb"), exitFailed, []string{"1 introduced", "TOCSIN-PIN-LOOKALIKE", "Well known is lodash"}},
		"old typo":   {hashedLock("loadsh", "1.1.0", "aa"), hashedLock("loadsh", "1.2.0", "bb"), exitPass, []string{"0 introduced"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := branch(t, map[string]string{"package-lock.json": c.before})
			before := told(t, data, dir)
			put(t, dir, "package-lock.json", c.after)
			for _, judge := range []string{pins, "pin-hygiene"} {
				args := []string{"gate", "--data", data, "--policy", "release-gate," + judge, "--format", "sarif"}
				call(t, append(args, "--base", "main", dir)...).wants(t, c.code, c.want...)
				call(t, append(args, "--baseline", before, dir)...).wants(t, c.code, c.want...)
			}
			args := []string{"gate", "--data", data, "--base", "main", dir}
			call(t, args...).wants(t, exitPass, "0 introduced") // nobody asked
		})
	}
}

// Every format tells a pin, but for those that are about vulnerabilities and nothing else.
func TestReportsOfPins(t *testing.T) {
	data, pins := database(t), put(t, t.TempDir(), "pins.yaml", strings.Replace(pinPolicy, ` && "new" in pkg.hygiene`, "", 1))
	dir := t.TempDir()
	put(t, dir, "package-lock.json", hashedLock("loadsh", "1.0.0", "aa"))
	for format, tells := range map[string]bool{
		"table": true, "json": true, "sarif": true, "junit": true, "markdown": true, "html": true, "github": true, "codequality": true,
		"gitlab": false, "cyclonedx": false, "openvex": false, "osv-scanner": false,
	} {
		r := call(t, "scan", "--data", data, "--policy", pins, "--format", format, dir)
		r.wants(t, exitFailed)
		if strings.Contains(r.stdout, "TOCSIN-PIN-LOOKALIKE") != tells {
			t.Errorf("%s:\n%s", format, r.stdout)
		}
	}
	documented(t, call(t, "scan", "--data", data, "--policy", pins, "--format", "json", dir).stdout)
	call(t, "scan", "--data", data, "--policy", pins, dir).wants(t, exitFailed, "loadsh", "pin", "Well known is lodash")
	call(t, "scan", "--data", data, "--policy", pins, "--format", "junit", dir).wants(t, exitFailed, "The pin of loadsh@1.0.0 is not to be trusted (TOCSIN-PIN-LOOKALIKE)")
	accepted := put(t, t.TempDir(), "e.yaml", "exceptions:\n  - {kind: accepted-risk, class: TOCSIN-PIN-LOOKALIKE, package: pkg:npm/loadsh, reason: it is ours, owner: ada, expires: "+time.Now().AddDate(0, 1, 0).Format(time.DateOnly)+"}\n")
	call(t, "scan", "--data", data, "--policy", pins, "--exceptions", accepted, dir).wants(t, exitPass, "TOCSIN-PIN-LOOKALIKE")
}

// Pins are judged at the gate and nowhere else, and a kind that is none is an error.
func TestPolicyOfPins(t *testing.T) {
	dir := t.TempDir()
	both := strings.Replace(pinPolicy, "gate:", "response: {default: watch}\ngate:", 1)
	call(t, "policy", "check", put(t, dir, "both.yaml", both)).wants(t, exitUsage, "both.yaml:2:", "has no response: section")
	call(t, "policy", "check", put(t, dir, "kind.yaml", strings.Replace(pinPolicy, "[pin]", "[pins]", 1))).wants(t, exitUsage, "kind.yaml:2:", `"pins"`)
	call(t, "policy", "check", put(t, dir, "good.yaml", pinPolicy)).wants(t, exitPass, "ok")
}
