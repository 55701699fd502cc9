package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// maxName and maxSentence bound texts that others wrote, in characters.
const (
	maxName     = 200
	maxSentence = 1000
)

// told are a target's decisions that a report tells, gravest first: not those on packages that are not affected.
func told(t Target) []tocsin.Decision {
	return slices.DeleteFunc(sortedDecisions(t), func(d tocsin.Decision) bool { return d.Finding.Status == tocsin.StatusNotAffected })
}

// advised are those of told that are about advisories, for formats that know nothing else.
func advised(t Target) []tocsin.Decision {
	return slices.DeleteFunc(told(t), func(d tocsin.Decision) bool { return d.Finding.Class.Kind == tocsin.KindPin })
}

// place is where a package stands, first mention first, as a path from the root of the repository. The line is 0 if unknown.
func place(t Target, p tocsin.Package) tocsin.Location {
	if len(p.Location) == 0 {
		return tocsin.Location{Path: repoPath(t, "")}
	}
	return tocsin.Location{Path: repoPath(t, p.Location[0].Path), Line: p.Location[0].Line}
}

// repoPath makes a path that is relative to what was scanned relative to where the program was started, which in a pipeline
// is the root of the repository. It never leads out of it.
func repoPath(t Target, file string) string {
	source := filepath.ToSlash(t.Source)
	switch {
	case strings.HasPrefix(source, "/") || strings.HasPrefix(source, "..") || strings.Contains(source, ":"):
		source = "" // elsewhere
	case path.Base(source) == file:
		source = path.Dir(source) // one file was scanned
	}
	// What cannot be shown is replaced, so that no reader sees another path than the next one.
	out := strings.TrimPrefix(path.Clean("/"+source+"/"+filepath.ToSlash(markdown.Line(file, maxSentence))), "/")
	if out == "" {
		return "."
	}
	return out
}

// fingerprints give findings identities that outlive a scan.
type fingerprints map[string]int

// next is the identity of a finding, which is neither its version nor its line: a bump that keeps the flaw is the same
// alert. The number counts findings that share it, as two versions of one package in one file do, from 1.
func (seen fingerprints) next(t Target, f tocsin.Finding) (hash string, n int) {
	p := f.Package
	hash = digest("finding", p.Ecosystem, p.Name, f.Class.ID, place(t, p).Path)
	seen[hash]++
	return hash, seen[hash]
}

// unique is one string of what next gives.
func (seen fingerprints) unique(t Target, f tocsin.Finding) string {
	hash, n := seen.next(t, f)
	if n == 1 {
		return hash
	}
	return digest(hash, fmt.Sprint(n))
}

// digest is the SHA-256 of the parts, in hexadecimal.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p) // a hash does not fail
	}
	return hex.EncodeToString(h.Sum(nil))
}

// name is a package and its version on one line.
func name(p tocsin.Package) string { return markdown.Line(p.String(), maxName) }

// headline says in a few words what is found: "lodash@4.17.4: CVE-1 (critical 9.1, exploited)".
func headline(f tocsin.Finding) string {
	return fmt.Sprintf("%s: %s (%s)", name(f.Package), markdown.Line(f.Class.ID, maxName), rating(f))
}

// account tells a finding in whole sentences: what it is, why it is believed, what to do, how the package comes in.
func account(f tocsin.Finding) string {
	var out []string
	id := markdown.Line(f.Class.ID, maxName)
	switch {
	case f.Status == tocsin.StatusUnknown:
		out = append(out, fmt.Sprintf("It is unknown whether %s (%s) affects %s: %s.", id, rating(f), name(f.Package), stopless(f.Reason)))
	case f.Class.Kind == tocsin.KindPin:
		out = append(out, fmt.Sprintf("The pin of %s is not to be trusted (%s).", name(f.Package), id))
	case f.Class.Kind == tocsin.KindMalware:
		out = append(out, fmt.Sprintf("%s is reported as malware (%s).", name(f.Package), id))
	case f.Class.Kind == tocsin.KindUnmaintained:
		out = append(out, fmt.Sprintf("Nobody maintains %s any more (%s).", name(f.Package), id))
	default:
		out = append(out, fmt.Sprintf("%s is affected by %s (%s).", name(f.Package), id, rating(f)))
	}
	if s := stopless(f.Class.Summary); s != "" {
		out = append(out, s+".")
	}
	switch {
	case f.Class.Kind == tocsin.KindPin:
		if s := stopless(f.Reason); s != "" {
			out = append(out, s+".")
		}
	case f.Status == tocsin.StatusAffected:
		if s := stopless(f.Reason); s != "" {
			out = append(out, "The match is only possible: "+s+".")
		}
		out = append(out, remedy(f))
	}
	if len(f.Paths) > 0 && len(f.Paths[0]) > 1 {
		out = append(out, "It comes in through "+markdown.Line(strings.Join(f.Paths[0][:len(f.Paths[0])-1], " > "), maxName)+".")
	}
	return strings.Join(out, " ")
}

// stopless is a text on one line without its full stop.
func stopless(s string) string { return strings.TrimRight(markdown.Line(s, maxSentence), ". ") }

// remedy says what to do about a finding.
func remedy(f tocsin.Finding) string {
	var upgrade, fixed string
	if upgrade = markdown.Line(f.Upgrade, maxName); len(f.Fixed) > 0 {
		fixed = markdown.Line(f.Fixed[0], maxName)
	}
	switch {
	case f.Class.Kind == tocsin.KindMalware && upgrade == "" && fixed == "":
		return "Remove it, and renew the secrets that it could reach."
	case f.Class.Kind == tocsin.KindMalware && upgrade == "":
		return fmt.Sprintf("Remove it or move to %s, and renew the secrets that it could reach.", fixed)
	case f.Class.Kind == tocsin.KindMalware:
		return fmt.Sprintf("Remove it or move to %s, and renew the secrets that it could reach.", upgrade)
	case f.Class.Kind == tocsin.KindUnmaintained && upgrade == "" && fixed == "":
		return "Look for a maintained package in its place."
	case upgrade == "" && fixed == "":
		return "No fixed version is known."
	case upgrade == "":
		return fmt.Sprintf("Upgrade to %s.", fixed)
	case fixed == "" || fixed == upgrade:
		return fmt.Sprintf("Upgrade to %s, which ends all that is known about it.", upgrade)
	default:
		return fmt.Sprintf("Upgrade to %s, which ends all that is known about it (%s ends this alone).", upgrade, fixed)
	}
}

// packageURL is the purl of a package. One that has none gets a generic one, so that it can be named at all.
func packageURL(p tocsin.Package) string {
	if p.PURL != "" {
		return p.PURL
	}
	if s := purl.Make(p.Ecosystem, p.Name, p.Version); s != "" {
		return s
	}
	return packageurl.NewPackageURL(packageurl.TypeGeneric, "", p.Name, p.Version, nil, "").ToString()
}

// webPage is an address that may stand behind a link; anything else is dropped.
func webPage(address string) string {
	rest, ok := strings.CutPrefix(address, "https://")
	if !ok || rest == "" || len(address) > 500 {
		return ""
	}
	for _, c := range []byte(rest) {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', strings.IndexByte("-._~/?&=%+:#", c) >= 0:
		default:
			return ""
		}
	}
	return address
}

// unread says what became of a file that was not read whole.
func unread(f tocsin.FileCoverage) string {
	if f.Status == tocsin.FilePartial {
		return "Only a part of this file could be read: " + stopless(f.Reason) + "."
	}
	return "This file could not be read: " + stopless(f.Reason) + "."
}

// basis names what the verdict was made of.
func basis(r Report) string {
	return fmt.Sprintf("advisories %s (%d records), policies %s %s", markdown.Line(r.Snapshot.ID, maxName), r.Snapshot.Records,
		markdown.Line(strings.Join(r.Policies, ", "), maxName), markdown.Line(r.PolicyDigest, maxName))
}
