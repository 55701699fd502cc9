package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/openvex/go-vex/pkg/vex"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/tocsin-dev/tocsin"
)

var files = map[string]string{
	"codequality": "codequality.json", "cyclonedx": "report.cdx.json", "github": "github.txt", "gitlab": "gitlab.json", "html": "report.html",
	"junit": "junit.xml", "markdown": "summary.md", "openvex": "openvex.json", "sarif": "report.sarif",
}

// thorough is the sample with all that a class can tell.
func thorough() Report {
	r := sample()
	r.Snapshot.Feeds = []tocsin.FeedState{{Name: "osv", SyncedAt: noon, Status: tocsin.FeedOK}, {Name: "kev", Status: tocsin.FeedFailed, Reason: "HTTP 503"}}
	for i := range r.Targets[0].Decisions {
		f := &r.Targets[0].Decisions[i].Finding
		switch f.Class.ID {
		case "CVE-1":
			f.Class.Aliases = []string{"CVE-1", "GHSA-jf85-cpcp-j695"}
			f.Class.Summary, f.Class.URL, f.Class.CWEs = "Prototype Pollution in lodash.", "https://osv.dev/vulnerability/GHSA-jf85-cpcp-j695", []string{"CWE-1321", "CWE-x"}
			f.Class.CVSS = &tocsin.CVSS{Score: 9.1, Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H", Source: "GHSA-jf85-cpcp-j695"}
		case "MAL-1":
			f.Match, f.Reason = tocsin.MatchPossible, "the record lists other versions"
		}
	}
	// The same flaw in the second target, and two versions of one package with one flaw in one file.
	again := decision(tocsin.GateWarn, "ms", "1.0.0", "CVE-3", 8)
	again.Finding.Package.Location[0].Line = 9
	r.Targets[0].Decisions = append(r.Targets[0].Decisions, again)
	lost := decision(tocsin.GatePass, "lodash", "4.17.4", "CVE-1", 9.1)
	lost.Finding.Package.Location = nil
	r.Targets[1].Source, r.Targets[1].Decisions = "services/clean", []tocsin.Decision{lost}
	return r
}

func written(t *testing.T, format string, r Report) string {
	t.Helper()
	var b bytes.Buffer
	record := func(id string) ([]byte, error) { return []byte(`{"id": ` + quoted(id) + `}`), nil }
	if err := Write(&b, format, r, Options{Record: record}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestFormats(t *testing.T) {
	if !slices.IsSorted(Formats()) || len(Formats()) != 12 {
		t.Errorf("Formats() = %q", Formats())
	}
	for _, format := range Formats() {
		got := written(t, format, thorough())
		if got != written(t, format, thorough()) {
			t.Errorf("%s differs from one writing to the next", format)
		}
		if !strings.HasSuffix(got, "\n") {
			t.Errorf("%s does not end its last line", format)
		}
		if file := files[format]; file != "" {
			golden(t, file, got)
		}
		if err := Write(full{}, format, thorough(), Options{Record: func(string) ([]byte, error) { return []byte("{}"), nil }}); !errors.Is(err, errFull) {
			t.Errorf("%s on a full disk: %v", format, err)
		}
	}
	if err := Write(io.Discard, "yaml", Report{}, Options{}); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "codequality, cyclonedx, github") {
		t.Errorf("an unknown format: %v", err)
	}
	if err := Write(io.Discard, "osv-scanner", Report{}, Options{}); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("osv-scanner without records: %v", err)
	}
}

// check reads a format back with another's reader, and fails on what that reader refuses.
func check(t *testing.T, format, text string) {
	t.Helper()
	switch format {
	case "sarif":
		back, err := sarif.FromString(text)
		if err != nil {
			t.Fatal(err)
		}
		// The library checks its own copy, in which what we leave to its default is empty.
		run := back.Runs[0]
		run.Language, run.Tool.Driver.Language, run.NewlineSequences = "en-US", "en-US", []string{"\n"}
		if err := back.Validate(); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		seen := map[string]bool{}
		for _, res := range back.Runs[0].Results {
			if id := *back.Runs[0].Tool.Driver.Rules[res.RuleIndex].ID; id != *res.RuleID {
				t.Errorf("result of %s points at rule %s", *res.RuleID, id)
			}
			print := *res.RuleID + res.PartialFingerprints["tocsin/v1"]
			if seen[print] {
				t.Errorf("two results are %s", print)
			}
			seen[print] = true
		}
	case "junit":
		var back junitSuites
		if err := xml.Unmarshal([]byte(text), &back); err != nil {
			t.Fatal(err)
		}
		tests := 0
		for _, s := range back.Suites {
			tests += len(s.Cases)
		}
		if tests != back.Tests {
			t.Errorf("%d cases, %d counted", tests, back.Tests)
		}
		checkJUnit(t, text)
	case "cyclonedx":
		var back cyclonedx.BOM
		if err := cyclonedx.NewBOMDecoder(strings.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&back); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(back.SerialNumber) || back.SpecVersion != cyclonedx.SpecVersion1_6 {
			t.Errorf("serial number %q of version %s", back.SerialNumber, back.SpecVersion)
		}
		if back.Components == nil || back.Vulnerabilities == nil {
			return // an empty list
		}
		refs := map[string]bool{}
		for _, c := range *back.Components {
			if refs[c.BOMRef] {
				t.Errorf("component %s twice", c.BOMRef)
			}
			refs[c.BOMRef] = true
		}
		for _, v := range *back.Vulnerabilities {
			if refs[v.BOMRef] || !refs[(*v.Affects)[0].Ref] {
				t.Errorf("%s %s affects %s", v.ID, v.BOMRef, (*v.Affects)[0].Ref)
			}
			refs[v.BOMRef] = true
		}
	case "openvex":
		back, err := vex.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if back.ID == "" || back.Author != "Tocsin" || back.Timestamp == nil {
			t.Errorf("%+v", back.Metadata)
		}
	case "gitlab":
		var back gitlabReport
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, v := range back.Vulnerabilities {
			if ids[v.ID] || v.Location.File == "" || len(v.Identifiers) == 0 || utf8.RuneCountInString(v.Name) > 255 ||
				!slices.Contains([]string{"Info", "Unknown", "Low", "Medium", "High", "Critical"}, v.Severity) {
				t.Errorf("%+v", v)
			}
			ids[v.ID] = true
		}
	case "codequality":
		var back []codeIssue
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, i := range back {
			if ids[i.Fingerprint] || i.Location.Path == "" || i.Location.Lines.Begin < 1 {
				t.Errorf("%+v", i)
			}
			ids[i.Fingerprint] = true
		}
	case "github":
		for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if !regexp.MustCompile(`^::(error|warning|notice) ([a-z]+=[^:,\r]*)(,[a-z]+=[^:,\r]*)*::[^\r]*$`).MatchString(line) {
				t.Errorf("not a command: %q", line)
			}
		}
	case "json":
		if !json.Valid([]byte(text)) {
			t.Error("not JSON")
		}
	case "osv-scanner":
		var back models.VulnerabilityResults
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Error(err)
		}
	}
}

// junit is what readers of JUnit's XML agree on, which has no standard: the attributes of each element, those that must be
// there first, and the elements that it may stand in. https://github.com/testmoapp/junitxml
var junit = map[string]struct{ must, may, in []string }{
	"testsuites": {nil, []string{"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, []string{""}},
	"testsuite":  {[]string{"name", "tests"}, []string{"failures", "errors", "skipped", "time", "timestamp", "file", "hostname", "id", "package"}, []string{"testsuites"}},
	"properties": {nil, nil, []string{"testsuite"}},
	"property":   {[]string{"name", "value"}, nil, []string{"properties"}},
	"testcase":   {[]string{"name", "classname"}, []string{"time", "file", "line", "assertions"}, []string{"testsuite"}},
	"failure":    {[]string{"message", "type"}, nil, []string{"testcase"}},
	"error":      {[]string{"message", "type"}, nil, []string{"testcase"}},
	"system-out": {nil, nil, []string{"testcase"}},
}

func checkJUnit(t *testing.T, text string) {
	t.Helper()
	open := []string{""}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			rule, ok := junit[e.Name.Local]
			if !ok || !slices.Contains(rule.in, open[len(open)-1]) {
				t.Errorf("<%s> in <%s>", e.Name.Local, open[len(open)-1])
			}
			var names []string
			for _, a := range e.Attr {
				names = append(names, a.Name.Local)
				if !slices.Contains(rule.must, a.Name.Local) && !slices.Contains(rule.may, a.Name.Local) {
					t.Errorf("<%s %s>", e.Name.Local, a.Name.Local)
				}
			}
			for _, a := range rule.must {
				if !slices.Contains(names, a) {
					t.Errorf("<%s> without %s", e.Name.Local, a)
				}
			}
			open = append(open, e.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

func TestReadBack(t *testing.T) {
	for _, format := range Formats() {
		for name, r := range map[string]Report{"full": thorough(), "empty": {}, "one empty target": {Targets: []Target{{Source: ".", Gate: tocsin.GatePass}}, Gate: tocsin.GatePass}} {
			t.Run(format+"/"+name, func(t *testing.T) { check(t, format, written(t, format, r)) })
		}
	}
}

// hostile is a report in which every text that others wrote is meant to break out.
func hostile() Report {
	evil := "a\x1b[2J\r\n::set-output name=x::y\n##[error]z %0A::error::q <script>alert(1)</script>]]>--> @user #1 [x](javascript:alert(1)) | `c` \"'\u202eb\u2066\x00\xff"
	var r Report
	for i, kind := range []tocsin.Kind{tocsin.KindFlaw, tocsin.KindMalware, tocsin.KindPin} {
		d := decision(tocsin.GateFail, evil, evil, evil, 9, evil)
		d.Finding.Class.Kind, d.Finding.Class.Summary, d.Finding.Class.URL, d.Finding.Reason = kind, evil, "javascript:"+evil, evil
		d.Finding.Class.Aliases, d.Finding.Class.CWEs = []string{evil, evil + "2"}, []string{evil}
		d.Finding.Class.CVSS.Vector, d.Finding.Class.CVSS.Source = evil, evil
		d.Finding.Upgrade, d.Finding.Paths, d.Finding.Package.Location[0].Path = evil+"2", [][]string{{evil, evil}}, "../../"+evil
		d.Finding.Reachability = &tocsin.Reachability{Reach: tocsin.ReachCalled, Advisory: evil, Reason: evil, Trace: []tocsin.Call{{Function: evil, At: tocsin.Location{Path: "../../" + evil, Line: 1}}, {Function: evil}}}
		u := decision(tocsin.GateUndecided, evil, "", evil+fmt.Sprint(i), 9)
		u.Finding.Status, u.Finding.Reason = tocsin.StatusUnknown, evil
		r.Targets = append(r.Targets, Target{
			Source: evil + fmt.Sprint(i), Gate: tocsin.GateFail, Why: []string{evil}, Decisions: []tocsin.Decision{d, u},
			Coverage: tocsin.Coverage{Files: []tocsin.FileCoverage{{Path: evil, Status: tocsin.FileFailed, Reason: evil}, {Path: evil + "p", Format: evil, Status: tocsin.FilePartial, Reason: evil}}},
		})
	}
	r.Tocsin, r.At, r.Gate, r.Policies, r.PolicyDigest = evil, noon, tocsin.GateFail, []string{evil}, evil
	r.Snapshot = tocsin.Snapshot{ID: evil, Feeds: []tocsin.FeedState{{Name: evil, Status: tocsin.FeedFailed, Reason: evil}}}
	return r
}

// Whatever packages, paths and records are called, no format is broken by it, and none lets it act.
func TestHostileText(t *testing.T) {
	r := hostile()
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			got := written(t, format, r)
			check(t, format, got)
			if !utf8.ValidString(got) {
				t.Error("bad UTF-8")
			}
			for _, c := range got {
				if unicode.In(c, unicode.Cc) && c != '\n' && c != '\t' {
					t.Errorf("%U survives", c)
					break
				}
			}
			switch format {
			case "html":
				for _, bad := range []string{"<script", "href=\"javascript", "href=\"#"} {
					if strings.Contains(got, bad) {
						t.Errorf("%q survives", bad)
					}
				}
			case "markdown":
				spans := regexp.MustCompile("(`+)[^`].*?[^`]?(`+)")
				for _, bad := range []string{"<script", "](javascript", "\n::", "\n##[", "@user"} {
					if strings.Contains(spans.ReplaceAllString(got, ""), bad) {
						t.Errorf("%q survives", bad)
					}
				}
			case "sarif":
				var back struct {
					Runs []struct {
						Results []struct{ Message struct{ Text string } }
					}
				}
				if err := json.Unmarshal([]byte(got), &back); err != nil || strings.Contains(back.Runs[0].Results[0].Message.Text, "](") {
					t.Errorf("%v: a link survives in %+v", err, back)
				}
			case "gitlab":
				var back gitlabReport
				if err := json.Unmarshal([]byte(got), &back); err != nil || strings.Contains(back.Vulnerabilities[0].Description, "@user") {
					t.Errorf("%v: a mention survives in %+v", err, back.Vulnerabilities[0])
				}
			case "github":
				for _, line := range strings.Split(got, "\n") {
					if strings.Contains(line, "::set-output") && !strings.HasPrefix(line, "::error file=") && !strings.HasPrefix(line, "::warning file=") && !strings.HasPrefix(line, "::error title=Tocsin") {
						t.Errorf("a command was injected: %q", line)
					}
				}
			}
		})
	}
}

func TestSARIF(t *testing.T) {
	fingerprints := func(r Report) map[string]string {
		back, err := sarif.FromString(written(t, "sarif", r))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, res := range back.Runs[0].Results {
			out[*res.RuleID+" "+res.Level+" "+res.Kind+" "+*res.Locations[0].PhysicalLocation.ArtifactLocation.URI] = res.PartialFingerprints["primaryLocationLineHash"]
		}
		return out
	}
	r := Report{Targets: []Target{{Source: ".", Decisions: []tocsin.Decision{decision(tocsin.GateFail, "ms", "1", "CVE-1", 8)}}}}
	before := fingerprints(r)
	p := &r.Targets[0].Decisions[0].Finding.Package
	p.Version, p.Location = "2", []tocsin.Location{{Path: "package-lock.json", Line: 77}}
	if diff := cmp.Diff(before, fingerprints(r)); diff != "" || before["CVE-1 error fail package-lock.json"] == "" {
		t.Errorf("a bump that keeps the flaw is another alert (-want +got):\n%s", diff)
	}
	p.Name = "debug"
	if cmp.Equal(before, fingerprints(r)) {
		t.Error("another package is the same alert")
	}
	back, err := sarif.FromString(written(t, "sarif", thorough()))
	if err != nil {
		t.Fatal(err)
	}
	r.Targets[0].Decisions[0].Change = tocsin.ChangeRaised
	if changed := written(t, "sarif", r); !strings.Contains(changed, `"baselineState": "updated"`) || !strings.Contains(changed, `"change": "severity raised"`) {
		t.Error("the change is not told")
	}
	if run := back.Runs[0]; *run.Invocations[0].ExecutionSuccessful || len(run.Invocations[0].ToolExecutionNotifications) == 0 || run.Properties.Properties["snapshot"] != "adv:1" {
		t.Errorf("%+v", run.Invocations[0])
	}
}

// The calls that lead to a flaw are a code flow, each where it is made; what is called in the package, where that is required.
func TestSARIFCodeFlow(t *testing.T) {
	r := Report{Targets: []Target{{Source: "shop", Decisions: []tocsin.Decision{decision(tocsin.GateFail, "ms", "1", "CVE-1", 8)}}}}
	none, err := sarif.FromString(written(t, "sarif", r))
	if err != nil || len(none.Runs[0].Results[0].CodeFlows) > 0 {
		t.Errorf("a flow where nobody looked: %v", err)
	}
	r.Targets[0].Decisions[0].Finding.Reachability = &tocsin.Reachability{Reach: tocsin.ReachCalled, Trace: []tocsin.Call{
		{Function: "example.com/shop.main", At: tocsin.Location{Path: "cmd/main.go", Line: 7}}, {Function: "ms.Parse"},
	}}
	text := written(t, "sarif", r)
	check(t, "sarif", text)
	back, err := sarif.FromString(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, step := range back.Runs[0].Results[0].CodeFlows[0].ThreadFlows[0].Locations {
		l := step.Location
		got = append(got, fmt.Sprint(*step.NestingLevel, " ", *l.Message.Text, " ", *l.LogicalLocations[0].FullyQualifiedName, " ", *l.PhysicalLocation.ArtifactLocation.URI, ":", *l.PhysicalLocation.Region.StartLine))
	}
	if diff := cmp.Diff([]string{"0 example.com/shop.main example.com/shop.main shop/cmd/main.go:7", "1 ms.Parse ms.Parse shop/package-lock.json:3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRepoPath(t *testing.T) {
	for _, c := range []struct{ source, file, want string }{
		{".", "go.mod", "go.mod"},
		{"services/shop", "web/package-lock.json", "services/shop/web/package-lock.json"},
		{"services/shop/go.mod", "go.mod", "services/shop/go.mod"},
		{"go.mod", "go.mod", "go.mod"},
		{"/srv/x", "go.mod", "go.mod"},
		{"../x", "go.mod", "go.mod"},
		{"https://example.org/x", "go.mod", "go.mod"},
		{".", "../../etc/passwd", "etc/passwd"},
		{".", "/etc/passwd", "etc/passwd"},
		{".", "", "."},
		{"shop", "", "shop"},
	} {
		if got := repoPath(Target{Source: c.source}, c.file); got != c.want {
			t.Errorf("repoPath(%q, %q) = %q, want %q", c.source, c.file, got, c.want)
		}
	}
}

func TestRemedy(t *testing.T) {
	for _, c := range []struct {
		kind    tocsin.Kind
		upgrade string
		fixed   []string
		want    string
	}{
		{tocsin.KindFlaw, "", nil, "No fixed version is known."},
		{tocsin.KindFlaw, "", []string{"2"}, "Upgrade to 2."},
		{tocsin.KindFlaw, "2", []string{"2"}, "Upgrade to 2, which ends all that is known about it."},
		{tocsin.KindFlaw, "3", []string{"2"}, "Upgrade to 3, which ends all that is known about it (2 ends this alone)."},
		{tocsin.KindMalware, "", nil, "Remove it, and renew the secrets that it could reach."},
		{tocsin.KindMalware, "", []string{"2"}, "Remove it or move to 2, and renew the secrets that it could reach."},
		{tocsin.KindMalware, "3", []string{"2"}, "Remove it or move to 3, and renew the secrets that it could reach."},
	} {
		if got := remedy(tocsin.Finding{Class: tocsin.Class{Kind: c.kind}, Upgrade: c.upgrade, Fixed: c.fixed}); got != c.want {
			t.Errorf("%s, upgrade %q, fixed %q: %q, want %q", c.kind, c.upgrade, c.fixed, got, c.want)
		}
	}
}

// A scan by data that is too old finds nothing wrong, and must not look clean.
func TestUndecidedIsSeen(t *testing.T) {
	r := Report{At: noon, Gate: tocsin.GateUndecided, Targets: []Target{{Source: ".", Gate: tocsin.GateUndecided, Why: []string{"feed osv was last synced 2020-01-01"}}},
		Snapshot: tocsin.Snapshot{Feeds: []tocsin.FeedState{{Name: "osv", Status: tocsin.FeedOK, SyncedAt: noon.AddDate(-6, 0, 0)}}}}
	for format, want := range map[string]string{
		"github": "::warning title=Tocsin%3A undecided::.: feed osv was last synced", "junit": `<error message="undecided: feed osv`,
		"markdown": "Tocsin: UNDECIDED", "html": `gate undecided">undecided`, "sarif": "feed osv was last synced", "gitlab": "feed osv was last synced",
	} {
		if got := written(t, format, r); !strings.Contains(got, want) {
			t.Errorf("no %q in %s:\n%s", want, format, got)
		}
	}
}

// Pages for people are bounded, and say how much they leave out.
func TestLongReports(t *testing.T) {
	r := Report{Gate: tocsin.GateFail}
	for i := range 30 {
		target := Target{Source: fmt.Sprint("t", i), Gate: tocsin.GateFail, Coverage: tocsin.Coverage{Files: []tocsin.FileCoverage{{Path: "bad", Status: tocsin.FileFailed, Reason: "torn"}}}}
		for j := range 100 {
			target.Decisions = append(target.Decisions, decision([]tocsin.Gate{tocsin.GateFail, tocsin.GateWarn}[j%2], fmt.Sprint("p", j), "1", fmt.Sprint("CVE-", i), float64(i%10)))
		}
		r.Targets = append(r.Targets, target)
	}
	for format, want := range map[string][]string{
		"markdown": {"… and 10 more targets", "… and 2950 more, less grave.", "… and 10 more files that could not"},
		"html":     {"… and 1000 more, less grave."},
		"github":   {"more findings did not fit here."},
	} {
		got := written(t, format, r)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("no %q in %s", w, format)
			}
		}
	}
	if n := strings.Count(written(t, "github", r), "::error "); n != maxAnnotations {
		t.Errorf("%d errors", n)
	}
	if got := written(t, "markdown", r); !strings.Contains(strings.SplitN(got, "|---|\n", 2)[1][:20], "fail") {
		t.Error("the gravest does not come first")
	}
}

func TestRatings(t *testing.T) {
	for vector, want := range map[string]cyclonedx.ScoringMethod{
		"CVSS:4.0/AV:N": cyclonedx.ScoringMethodCVSSv4, "CVSS:3.1/AV:N": cyclonedx.ScoringMethodCVSSv31, "CVSS:3.0/AV:N": cyclonedx.ScoringMethodCVSSv3,
		"AV:N/AC:L": cyclonedx.ScoringMethodCVSSv2, "": cyclonedx.ScoringMethodOther,
	} {
		if got := (*bomRatings(tocsin.Class{CVSS: &tocsin.CVSS{Vector: vector}}))[0]; got.Method != want || got.Severity != cyclonedx.SeverityNone {
			t.Errorf("%q: %+v", vector, got)
		}
	}
	if got := gitlabSeverity(tocsin.Finding{Class: tocsin.Class{CVSS: &tocsin.CVSS{}}}); got != "Info" {
		t.Errorf("a score of 0 is %s", got)
	}
}

func TestWebPage(t *testing.T) {
	for address, safe := range map[string]bool{
		"https://osv.dev/vulnerability/CVE-1?x=1&y=2#z": true, "http://osv.dev": false, "javascript:alert(1)": false, "https://": false,
		"https://x/a)b": false, "https://x/a b": false, "https://x/a|b": false, "https://x/\"": false, "https://x/" + strings.Repeat("a", 500): false,
	} {
		if got := webPage(address); (got == address) != safe {
			t.Errorf("webPage(%q) = %q", address, got)
		}
	}
}
