package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// maxAnnotations is how many of one level GitHub shows for a step.
const maxAnnotations = 10

// GitHub writes the report as workflow commands, which GitHub Actions shows as annotations at the files: the gravest of each
// level, then the verdict. Every line is one command, whatever the names in it are.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func GitHub(w io.Writer, r Report) error {
	var errors, warnings annotations
	for _, t := range r.Targets {
		for _, f := range t.Coverage.Incomplete() {
			warnings.add(command("warning", "Not read whole", unread(f), tocsin.Location{Path: repoPath(t, f.Path)}))
		}
		for _, d := range told(t) {
			where, title, text := place(t, d.Finding.Package), headline(d.Finding), account(d.Finding)
			switch d.Gate {
			case tocsin.GateFail:
				errors.add(command("error", title, text, where))
			case tocsin.GateWarn, tocsin.GateUndecided:
				warnings.add(command("warning", title, text, where))
			}
		}
	}
	var b strings.Builder
	for _, line := range append(errors.kept, warnings.kept...) {
		b.WriteString(line)
	}
	if n := errors.left + warnings.left; n > 0 {
		b.WriteString(command("notice", "Tocsin", plural(n, "more finding")+" did not fit here.", tocsin.Location{}))
	}
	b.WriteString(command(verdictLevel(r.Gate), "Tocsin: "+outcome(r), verdictText(r), tocsin.Location{}))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the GitHub annotations: %w", err)
	}
	return nil
}

// annotations are those of one level.
type annotations struct {
	kept []string
	left int
}

// add keeps a line if there is room; one place is kept for the verdict.
func (a *annotations) add(line string) {
	if len(a.kept) == maxAnnotations-1 {
		a.left++
		return
	}
	a.kept = append(a.kept, line)
}

// outcome is the verdict in words.
func outcome(r Report) string {
	if len(r.Targets) == 0 {
		return "nothing was scanned"
	}
	return string(r.Gate)
}

func verdictLevel(g tocsin.Gate) string {
	switch g {
	case tocsin.GatePass:
		return "notice"
	case tocsin.GateFail:
		return "error"
	default:
		return "warning"
	}
}

// verdictText gives the reasons of the targets that do not pass, and what the verdict was made of.
func verdictText(r Report) string {
	var out []string
	for _, t := range r.Targets {
		if line := why(t); line != "" {
			out = append(out, markdown.Line(t.Source, maxName)+": "+line)
		}
	}
	return strings.Join(append(out, basis(r)), "\n")
}

// command is one workflow command on one line.
func command(level, title, text string, l tocsin.Location) string {
	properties := "title=" + escapeProperty(title)
	if l.Line > 0 {
		properties = fmt.Sprintf("line=%d,%s", l.Line, properties)
	}
	if l.Path != "" {
		properties = "file=" + escapeProperty(l.Path) + "," + properties
	}
	return "::" + level + " " + properties + "::" + escapeData(text) + "\n"
}

// escapeData escapes as the toolkit of GitHub Actions does; so does escapeProperty.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
