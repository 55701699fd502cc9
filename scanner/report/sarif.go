package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// homepage is where the program is at home.
const homepage = "https://github.com/tocsin-dev/tocsin"

// SARIF writes the report as SARIF 2.1.0: one rule per class, one result per package and class, however many aliases it has.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
func SARIF(w io.Writer, r Report) error {
	calls := &sarifInvocation{End: r.At.UTC().Format(time.RFC3339), Successful: true}
	for _, why := range r.Snapshot.Stale(r.At) {
		calls.Notifications = append(calls.Notifications, &sarifNotification{Level: sarifWarning, Message: sarifText(stopless(why) + ".")})
	}
	rules, results, reports := []*sarifRule{}, []*sarifResult{}, []any{}
	seen, index, worst := fingerprints{}, map[string]int{}, map[string]tocsin.Gate{}
	for _, t := range r.Targets {
		for _, d := range told(t) {
			id := markdown.Line(d.Finding.Class.ID, maxName)
			at, ok := index[id]
			if !ok {
				at = len(rules)
				index[id] = at
				rules = append(rules, describe(id, d.Finding.Class))
			}
			worst[id] = worst[id].Worse(d.Gate)
			rules[at].Default.Level = sarifLevel(worst[id])
			result := resultOf(t, d, seen)
			result.RuleID, result.RuleIndex = id, at
			results = append(results, result)
		}
		for _, f := range t.Coverage.Incomplete() {
			calls.Successful = false
			calls.Notifications = append(calls.Notifications, sarifUnread(t, f))
		}
		reports = append(reports, coverageProperties(t))
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	err := out.Encode(sarifLog{
		Schema: "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json", Version: "2.1.0",
		Runs: []*sarifRun{{
			Tool:       sarifTool{sarifDriver{Name: "Tocsin", Version: markdown.Line(r.Tocsin, maxName), InformationURI: homepage, Rules: rules}},
			ColumnKind: "unicodeCodePoints", Invocations: []*sarifInvocation{calls}, Results: results,
			Properties: map[string]any{"gate": r.Gate, "snapshot": r.Snapshot.ID, "snapshotRecords": r.Snapshot.Records,
				"policies": append([]string{}, r.Policies...), "policyDigest": r.PolicyDigest, "targets": reports},
		}},
	})
	if err != nil {
		return fmt.Errorf("writing the SARIF report: %w", err)
	}
	return nil
}

// describe is the rule of a class.
func describe(id string, c tocsin.Class) *sarifRule {
	short := cmp.Or(stopless(c.Summary), id)
	tags := []string{"security", "vulnerability"}
	properties := map[string]any{"aliases": append([]string{}, c.Aliases...), "kind": c.Kind}
	switch {
	case c.Kind == tocsin.KindMalware: // it has no score, and without one a viewer would show it last
		tags[1], properties["security-severity"] = "malware", "10.0"
	case c.Kind == tocsin.KindPin, c.Kind == tocsin.KindUnmaintained:
		tags[1] = string(c.Kind)
	case c.CVSS != nil:
		properties["security-severity"] = fmt.Sprintf("%.1f", c.CVSS.Score)
	}
	if c.CVSS != nil && c.CVSS.Vector != "" {
		properties["cvss"] = c.CVSS.Vector
	}
	if c.KEV != nil {
		tags = append(tags, "exploited")
	}
	properties["tags"] = tags
	return &sarifRule{ID: id, Short: sarifMessage{short}, Full: sarifMessage{short + "."}, HelpURI: webPage(c.URL), More: properties}
}

// resultOf is the result of one decision. What is unknown is for review; it has level "note", although the standard
// wants "none" there, because viewers hide that, and what is not known must not look clean.
func resultOf(t Target, d tocsin.Decision, seen fingerprints) *sarifResult {
	f := d.Finding
	hash, n := seen.next(t, f)
	identity := fmt.Sprintf("%s:%d", hash, n)
	properties := map[string]any{"gate": d.Gate, "response": d.Response, "status": f.Status, "package": packageURL(f.Package),
		"aliases": append([]string{}, f.Class.Aliases...)}
	for key, value := range map[string]string{"match": string(f.Match), "upgrade": f.Upgrade, "reason": f.Reason, "change": string(d.Change)} {
		if value != "" {
			properties[key] = value
		}
	}
	if f.Reachability != nil {
		properties["reachability"] = f.Reachability
	}
	result := &sarifResult{
		Kind: "fail", Level: sarifLevel(d.Gate), Message: sarifText(account(f)), Baseline: baselineState(d.Change), Properties: properties,
		Locations:    []sarifLocation{locate(place(t, f.Package))},
		Fingerprints: map[string]string{"primaryLocationLineHash": identity, "tocsin/v1": identity}, // the first is the only one GitHub reads
	}
	if f.Status == tocsin.StatusUnknown {
		result.Kind, result.Level = "review", sarifNote
	}
	if f.Reachability != nil && len(f.Reachability.Trace) > 0 {
		result.Flows = []sarifFlow{flowOf(t, *f.Reachability, result.Locations[0])}
	}
	return result
}

// flowOf is the chain of calls to the flaw (section 3.36). Viewers want a file for each step: a call in somebody else's code
// stands where the package is required.
func flowOf(t Target, r tocsin.Reachability, required sarifLocation) sarifFlow {
	var steps []sarifStep
	for i, c := range r.Trace {
		function, at := markdown.Line(c.Function, maxSentence), required
		if c.At.Path != "" {
			at = locate(tocsin.Location{Path: repoPath(t, c.At.Path), Line: c.At.Line})
		}
		at.Message = &sarifMessage{function}
		at.Logical = []sarifLogical{{Name: function, Kind: "function"}}
		steps = append(steps, sarifStep{Location: at, Level: i, Weight: "important"})
	}
	return sarifFlow{Message: sarifMessage{"How the code gets to it."}, Threads: []sarifThread{{steps}}}
}

// baselineState says what a result is against the base of a change (section 3.27.24); empty where there is none.
func baselineState(c tocsin.Change) string {
	switch c {
	case "":
		return ""
	case tocsin.ChangeIntroduced:
		return "new"
	case tocsin.ChangeRaised:
		return "updated"
	default:
		return "unchanged"
	}
}

// sarifText is a message without links: viewers make one of "[text](address)", whoever wrote it (section 3.11.6).
func sarifText(s string) sarifMessage {
	return sarifMessage{strings.ReplaceAll(s, "](", "] (")}
}

func sarifLevel(g tocsin.Gate) string {
	switch g {
	case tocsin.GateFail:
		return sarifError
	case tocsin.GateWarn:
		return sarifWarning
	default:
		return sarifNote
	}
}

// locate points at a line. GitHub wants one, so that a file of which no line is known is pointed at from its top.
func locate(l tocsin.Location) sarifLocation {
	return sarifLocation{Physical: sarifPlace{
		Artifact: sarifArtifact{URI: (&url.URL{Path: l.Path}).String(), Base: "%SRCROOT%"},
		Region:   sarifRegion{StartLine: max(l.Line, 1)},
	}}
}

func sarifUnread(t Target, f tocsin.FileCoverage) *sarifNotification {
	level := sarifError
	if f.Status == tocsin.FilePartial {
		level = sarifWarning
	}
	return &sarifNotification{Level: level, Message: sarifText(unread(f)), Locations: []sarifLocation{locate(tocsin.Location{Path: repoPath(t, f.Path)})}}
}

// coverageProperties say what was read of a target.
func coverageProperties(t Target) map[string]any {
	files := map[string]int{}
	for _, f := range t.Coverage.Files {
		files[string(f.Status)]++
	}
	gaps := map[string]int{}
	for _, g := range t.Coverage.Gaps {
		gaps[string(g.Reason)] += g.Count
	}
	return map[string]any{"source": t.Source, "inventory": t.Inventory, "gate": string(t.Gate), "why": append([]string{}, t.Why...),
		"packages": t.Packages, "files": files, "gaps": gaps}
}
