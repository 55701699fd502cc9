package incidents

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

//go:embed texts/*.tmpl
var texts embed.FS

// maxAliases bounds the ids shown; a class may have dozens.
const maxAliases = 12

// Writer renders the texts of incidents. It is safe for concurrent use.
type Writer struct{ templates *template.Template }

// NewWriter parses the shipped texts.
func NewWriter() (*Writer, error) {
	t, err := template.New("").Funcs(template.FuncMap{
		"text":     markdown.Text,
		"code":     func(s string) string { return markdown.Code(s, 200) },
		"when":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"severity": severity,
		"urgent":   urgent,
		"command":  command,
	}).ParseFS(texts, "texts/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parsing the incident texts: %w", err)
	}
	return &Writer{t}, nil
}

// view is what templates see.
type view struct {
	Incident  tocsin.Incident
	Class     tocsin.Class
	Playbook  tocsin.Playbook
	Project   tocsin.IncidentProject
	Slug      string
	Commander string
	Aliases   []string
	News      string
	Shown     []shown
	Hidden    int
}

// shown is a project's row in the tracking issue.
type shown struct {
	Project tocsin.IncidentProject
	Told    string
}

func newView(inc tocsin.Incident, p tocsin.Playbook) view {
	v := view{Incident: inc, Class: inc.Class, Playbook: p, Commander: "nobody yet", Aliases: inc.Class.Aliases}
	if n := len(v.Aliases); n > maxAliases {
		v.Aliases = append(v.Aliases[:maxAliases:maxAliases], fmt.Sprintf("%d more", n-maxAliases))
	}
	for _, r := range inc.Roles {
		if r.Name == tocsin.RoleCommander && r.Holder != "" {
			v.Commander = markdown.Text(r.Holder)
		}
	}
	return v
}

func (w *Writer) render(name string, v view) (string, error) {
	var b bytes.Buffer
	if err := w.templates.ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("writing %s of %s: %w", name, v.Incident.Key, err)
	}
	return strings.TrimSpace(b.String()) + "\n", nil
}

func severity(inc tocsin.Incident) string {
	out := []string{string(cmp.Or(inc.Severity, "not set"))}
	if c := inc.Class.CVSS; c != nil {
		out = append(out, fmt.Sprintf("CVSS %.1f", c.Score))
	}
	if e := inc.Class.EPSS; e != nil {
		out = append(out, fmt.Sprintf("EPSS %.2f", e.Score))
	}
	if inc.Class.KEV != nil {
		out = append(out, "exploited (CISA KEV since "+inc.Class.KEV.DateAdded.Format(time.DateOnly)+")")
	}
	if inc.Class.Kind == tocsin.KindMalware {
		out = append(out, "malware")
	}
	return strings.Join(out, " · ")
}

func urgent(u tocsin.Urgency) string {
	if u == tocsin.UrgencyEmergency {
		return "an emergency"
	}
	return string(u)
}

// command is what a maintainer would type to move a dependency, where one line does it.
func command(p tocsin.IncidentPackage) string {
	if strings.ContainsAny(p.Name+p.Fixed, " \t\n\"'`$;&|<>\\") {
		return "" // a name that a shell would read differently is never put into a command
	}
	switch p.Ecosystem {
	case "npm":
		return "npm install " + p.Name + "@" + p.Fixed
	case "Go":
		if p.Name == "stdlib" {
			return "go get toolchain@go" + p.Fixed
		}
		return "go get " + p.Name + "@v" + strings.TrimPrefix(p.Fixed, "v")
	case "crates.io":
		return "cargo update -p " + p.Name + " --precise " + p.Fixed
	case "RubyGems":
		return "bundle update " + p.Name
	case "Packagist":
		return "composer require " + p.Name + ":^" + p.Fixed
	case "PyPI":
		return "pip install " + p.Name + "==" + p.Fixed
	default:
		return ""
	}
}
