package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// GitLab writes the report as GitLab's dependency scanning report, schema 15. A file that was not read whole makes the scan a
// failure, which GitLab shows. Of the dependencies of a file only those are listed that something is known about.
// https://gitlab.com/gitlab-org/security-products/security-report-schemas
func GitLab(w io.Writer, r Report) error {
	at := r.At.UTC().Format("2006-01-02T15:04:05")
	scanner := gitlabTool{ID: "tocsin", Name: "Tocsin", URL: homepage, Version: cmp.Or(markdown.Line(r.Tocsin, maxName), "unknown"), Vendor: gitlabNamed{"Tocsin"}}
	out := gitlabReport{
		Version: "15.0.7", Vulnerabilities: []gitlabVulnerability{}, Files: []gitlabFile{},
		Scan: gitlabScan{Analyzer: scanner, Scanner: scanner, Type: "dependency_scanning", Status: "success", Start: at, End: at, Messages: []gitlabMessage{
			{"info", cmp.Or(string(r.Gate), "nothing was scanned") + ": " + basis(r)},
		}},
	}
	seen := fingerprints{}
	for _, t := range r.Targets {
		if line := why(t); line != "" {
			out.Scan.Messages = append(out.Scan.Messages, gitlabMessage{"info", markdown.Line(t.Source, maxName) + ": " + line})
		}
		for _, f := range t.Coverage.Incomplete() {
			out.Scan.Status = "failure"
			out.Scan.Messages = append(out.Scan.Messages, gitlabMessage{"warn", repoPath(t, f.Path) + ": " + unread(f)})
		}
		for _, f := range t.Coverage.Files {
			if f.Status != tocsin.FileFailed {
				out.file(repoPath(t, f.Path), cmp.Or(f.Format, "unknown"))
			}
		}
		for _, d := range advised(t) {
			v := gitlabFinding(t, d)
			v.ID = seen.unique(t, d.Finding)
			out.Vulnerabilities = append(out.Vulnerabilities, v)
			file := out.file(v.Location.File, "unknown")
			if !slices.Contains(file.Dependencies, v.Location.Dependency) {
				file.Dependencies = append(file.Dependencies, v.Location.Dependency)
			}
		}
	}
	return writeJSON(w, "GitLab", out)
}

type gitlabReport struct {
	Version         string                `json:"version"`
	Scan            gitlabScan            `json:"scan"`
	Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
	Files           []gitlabFile          `json:"dependency_files"`
}

type gitlabScan struct {
	Analyzer gitlabTool      `json:"analyzer"`
	Scanner  gitlabTool      `json:"scanner"`
	Type     string          `json:"type"`
	Status   string          `json:"status"`
	Start    string          `json:"start_time"`
	End      string          `json:"end_time"`
	Messages []gitlabMessage `json:"messages"`
}

type gitlabTool struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	URL     string      `json:"url"`
	Version string      `json:"version"`
	Vendor  gitlabNamed `json:"vendor"`
}

type gitlabNamed struct {
	Name string `json:"name"`
}

type gitlabMessage struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

type gitlabVulnerability struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Severity    string             `json:"severity"`
	Solution    string             `json:"solution,omitempty"`
	Location    gitlabLocation     `json:"location"`
	Identifiers []gitlabIdentifier `json:"identifiers"`
	Links       []gitlabLink       `json:"links,omitempty"`
}

type gitlabLocation struct {
	File       string           `json:"file"`
	Dependency gitlabDependency `json:"dependency"`
}

type gitlabDependency struct {
	Package gitlabNamed `json:"package"`
	Version string      `json:"version"`
}

type gitlabIdentifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type gitlabLink struct {
	URL string `json:"url"`
}

type gitlabFile struct {
	Path         string             `json:"path"`
	Manager      string             `json:"package_manager"`
	Dependencies []gitlabDependency `json:"dependencies"`
}

// file is the entry of a file, which is made if there is none.
func (r *gitlabReport) file(path, manager string) *gitlabFile {
	at := slices.IndexFunc(r.Files, func(f gitlabFile) bool { return f.Path == path })
	if at < 0 {
		at = len(r.Files)
		r.Files = append(r.Files, gitlabFile{Path: path, Manager: manager, Dependencies: []gitlabDependency{}})
	}
	return &r.Files[at]
}

// gitlabFinding tells a decision. The description is Markdown to GitLab, and goes into issues that people make of it.
func gitlabFinding(t Target, d tocsin.Decision) gitlabVulnerability {
	f := d.Finding
	v := gitlabVulnerability{
		Name: markdown.Line(headline(f), 255), Description: "Gate: " + string(d.Gate) + ". " + markdown.Text(account(f)), Severity: gitlabSeverity(f),
		Location: gitlabLocation{File: place(t, f.Package).Path, Dependency: gitlabDependency{
			Package: gitlabNamed{markdown.Line(f.Package.Name, maxName)}, Version: markdown.Line(f.Package.Version, maxName),
		}},
	}
	if f.Status == tocsin.StatusAffected {
		v.Solution = remedy(f)
	}
	// The first identifier is the one that GitLab tracks by.
	for _, id := range append([]string{f.Class.ID}, f.Class.Aliases...) {
		id = markdown.Line(id, maxName)
		if slices.ContainsFunc(v.Identifiers, func(i gitlabIdentifier) bool { return i.Value == id }) {
			continue
		}
		kind, _, _ := strings.Cut(id, "-")
		v.Identifiers = append(v.Identifiers, gitlabIdentifier{Type: cmp.Or(strings.ToLower(kind), "tocsin"), Name: id, Value: id})
	}
	if page := webPage(f.Class.URL); page != "" {
		v.Links = []gitlabLink{{page}}
	}
	return v
}

func gitlabSeverity(f tocsin.Finding) string {
	switch f.Class.Kind {
	case tocsin.KindMalware:
		return "Critical"
	case tocsin.KindUnmaintained:
		return "Info"
	}
	switch rating := f.Class.CVSS.Rating(); rating {
	case "unscored":
		return "Unknown"
	case "none":
		return "Info"
	default:
		return strings.ToUpper(rating[:1]) + rating[1:]
	}
}

// writeJSON writes v indented.
func writeJSON(w io.Writer, format string, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing the %s report: %w", format, err)
	}
	return nil
}
