package report

import (
	"io"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// CodeQuality writes the report as GitLab's code quality report, an array of issues that a merge request shows.
// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
func CodeQuality(w io.Writer, r Report) error {
	out := []codeIssue{}
	seen := fingerprints{}
	for _, t := range r.Targets {
		for _, f := range t.Coverage.Incomplete() {
			at := repoPath(t, f.Path)
			out = append(out, codeIssue{Description: unread(f), Check: "unread-file", Fingerprint: digest("unread", t.Source, at), Severity: "major", Location: codeAt(at, 0)})
		}
		for _, d := range told(t) {
			l := place(t, d.Finding.Package)
			out = append(out, codeIssue{
				Description: account(d.Finding), Check: markdown.Line(d.Finding.Class.ID, maxName), Fingerprint: seen.unique(t, d.Finding),
				Severity: codeSeverity(d), Location: codeAt(l.Path, l.Line),
			})
		}
	}
	return writeJSON(w, "code quality", out)
}

type codeIssue struct {
	Description string       `json:"description"`
	Check       string       `json:"check_name"`
	Fingerprint string       `json:"fingerprint"`
	Severity    string       `json:"severity"`
	Location    codeLocation `json:"location"`
}

type codeLocation struct {
	Path  string    `json:"path"`
	Lines codeLines `json:"lines"`
}

type codeLines struct {
	Begin int `json:"begin"`
}

// codeAt points at a line; the format knows no file without one.
func codeAt(path string, line int) codeLocation {
	return codeLocation{Path: path, Lines: codeLines{Begin: max(line, 1)}}
}

// codeSeverity follows the gate; of what fails, malware and critical flaws block.
func codeSeverity(d tocsin.Decision) string {
	switch {
	case d.Gate == tocsin.GateFail && score(d) >= 9:
		return "blocker"
	case d.Gate == tocsin.GateFail:
		return "critical"
	case d.Gate == tocsin.GateUndecided:
		return "major"
	case d.Gate == tocsin.GateWarn:
		return "minor"
	default:
		return "info"
	}
}
