package report

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// homepage is where the program is at home.
const homepage = "https://github.com/tocsin-dev/tocsin"

// SARIF writes the report as SARIF 2.1.0: one rule per class, one result per package and class, however many aliases it has.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
func SARIF(w io.Writer, r Report) error {
	run := sarif.NewRunWithInformationURI("Tocsin", homepage)
	run.Tool.Driver.WithVersion(markdown.Line(r.Tocsin, maxName))
	run.WithColumnKind("unicodeCodePoints")
	seen, index, worst, reports := fingerprints{}, map[string]int{}, map[string]tocsin.Gate{}, []any{}
	calls := sarif.NewInvocation().WithEndTimeUtc(r.At.UTC().Format(time.RFC3339)).WithExecutionSuccessful(true)
	for _, why := range r.Snapshot.Stale(r.At) {
		calls.AddToolExecutionNotification(sarif.NewNotification().WithMessage(sarifText(stopless(why) + ".")))
	}
	for _, t := range r.Targets {
		for _, d := range told(t) {
			id := markdown.Line(d.Finding.Class.ID, maxName)
			at, ok := index[id]
			if !ok { // the run's own search is linear in the rules
				at = len(run.Tool.Driver.Rules)
				index[id] = at
				run.Tool.Driver.AddRule(sarifRule(id, d.Finding.Class))
			}
			worst[id] = worst[id].Worse(d.Gate)
			run.Tool.Driver.Rules[at].WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(worst[id])))
			run.AddResult(sarifResult(t, d, seen).WithRuleID(id).WithRuleIndex(at))
		}
		for _, f := range t.Coverage.Incomplete() {
			calls.WithExecutionSuccessful(false).AddToolExecutionNotification(sarifUnread(t, f))
		}
		reports = append(reports, coverageProperties(t))
	}
	run.AddInvocation(calls)
	run.WithProperties(sarif.NewPropertyBag().Add("gate", string(r.Gate)).Add("snapshot", r.Snapshot.ID).Add("snapshotRecords", r.Snapshot.Records).
		Add("policies", append([]string{}, r.Policies...)).Add("policyDigest", r.PolicyDigest).Add("targets", reports))
	if err := sarif.NewReport().AddRun(run).PrettyWrite(w); err != nil {
		return fmt.Errorf("writing the SARIF report: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("writing the SARIF report: %w", err)
	}
	return nil
}

// sarifRule describes a class.
func sarifRule(id string, c tocsin.Class) *sarif.ReportingDescriptor {
	short := stopless(c.Summary)
	if short == "" {
		short = id
	}
	properties := sarif.NewPropertyBag().AddTag("security").Add("aliases", append([]string{}, c.Aliases...)).Add("kind", string(c.Kind))
	switch {
	case c.Kind == tocsin.KindMalware: // it has no score, and without one a viewer would show it last
		properties.AddTag("malware").Add("security-severity", "10.0")
	case c.Kind == tocsin.KindPin:
		properties.AddTag("pin")
	case c.CVSS != nil:
		properties.AddTag("vulnerability").Add("security-severity", fmt.Sprintf("%.1f", c.CVSS.Score))
	default:
		properties.AddTag("vulnerability")
	}
	if c.CVSS != nil && c.CVSS.Vector != "" {
		properties.Add("cvss", c.CVSS.Vector)
	}
	if c.KEV != nil {
		properties.AddTag("exploited")
	}
	rule := sarif.NewRule(id).WithDescription(short).WithProperties(properties).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(short + "."))
	if page := webPage(c.URL); page != "" {
		rule.WithHelpURI(page)
	}
	return rule
}

// sarifResult is the result of one decision. What is unknown is for review; it has level "note", although the standard
// wants "none" there, because viewers hide that, and what is not known must not look clean.
func sarifResult(t Target, d tocsin.Decision, seen fingerprints) *sarif.Result {
	f := d.Finding
	hash, n := seen.next(t, f)
	identity := fmt.Sprintf("%s:%d", hash, n)
	properties := sarif.NewPropertyBag().Add("gate", string(d.Gate)).Add("response", string(d.Response)).Add("status", string(f.Status)).
		Add("package", packageURL(f.Package)).Add("aliases", append([]string{}, f.Class.Aliases...))
	for key, value := range map[string]string{"match": string(f.Match), "upgrade": f.Upgrade, "reason": f.Reason} {
		if value != "" {
			properties.Add(key, value)
		}
	}
	if f.Reachability != nil {
		properties.Add("reachability", f.Reachability)
	}
	at := sarifLocation(place(t, f.Package))
	result := sarif.NewResult().WithLevel(sarifLevel(d.Gate)).WithMessage(sarifText(account(f))).WithProperties(properties).
		WithPartialFingerprints(map[string]string{"primaryLocationLineHash": identity, "tocsin/v1": identity}) // the first is the only one GitHub reads
	if state := baselineState(d.Change); state != "" {
		result.WithBaselineState(state)
		properties.Add("change", string(d.Change))
	}
	if f.Status == tocsin.StatusUnknown {
		result.WithKind("review").WithLevel(sarif.LevelNote)
	}
	if f.Reachability != nil && len(f.Reachability.Trace) > 0 {
		result.AddCodeFlow(sarifFlow(t, *f.Reachability, at.PhysicalLocation))
	}
	return result.AddLocation(at)
}

// sarifFlow is the chain of calls to the flaw (section 3.36). Viewers want a file for each step: a call in somebody else's code
// stands where the package is required.
func sarifFlow(t Target, r tocsin.Reachability, required *sarif.PhysicalLocation) *sarif.CodeFlow {
	flow := sarif.NewThreadFlow()
	for i, c := range r.Trace {
		function, at := markdown.Line(c.Function, maxSentence), sarif.NewLocationWithPhysicalLocation(required)
		if c.At.Path != "" {
			at = sarifLocation(tocsin.Location{Path: repoPath(t, c.At.Path), Line: c.At.Line})
		}
		at.WithMessage(sarifText(function)).AddLogicalLocation(sarif.NewLogicalLocation().WithFullyQualifiedName(function).WithKind("function"))
		flow.AddLocation(sarif.NewThreadFlowLocation().WithLocation(at).WithNestingLevel(i))
	}
	return sarif.NewCodeFlow().WithMessage(sarifText("How the code gets to it.")).AddThreadFlow(flow)
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
func sarifText(s string) *sarif.Message {
	return sarif.NewTextMessage(strings.ReplaceAll(s, "](", "] ("))
}

func sarifLevel(g tocsin.Gate) string {
	switch g {
	case tocsin.GateFail:
		return sarif.LevelError
	case tocsin.GateWarn:
		return sarif.LevelWarning
	default:
		return sarif.LevelNote
	}
}

// sarifLocation points at a line. GitHub wants one, so that a file of which no line is known is pointed at from its top.
func sarifLocation(l tocsin.Location) *sarif.Location {
	return sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation((&url.URL{Path: l.Path}).String()).WithURIBaseID("%SRCROOT%")).
		WithRegion(sarif.NewRegion().WithStartLine(max(l.Line, 1))))
}

func sarifUnread(t Target, f tocsin.FileCoverage) *sarif.Notification {
	n := sarif.NewNotification().WithLevel(sarif.LevelError).WithMessage(sarifText(unread(f)))
	if f.Status == tocsin.FilePartial {
		n.WithLevel(sarif.LevelWarning)
	}
	return n.AddLocation(sarifLocation(tocsin.Location{Path: repoPath(t, f.Path)}))
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
