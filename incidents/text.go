package incidents

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

//go:embed texts/*.tmpl
var texts embed.FS

// maxAliases bounds the ids shown; a class may have dozens. maxShown bounds the packages, projects and tasks of one text,
// which GitHub limits, shownDigest the length of a digest: enough to find the scan by.
const (
	maxAliases  = 12
	maxShown    = 100
	shownDigest = 19
)

// Writer renders the texts of incidents. It is safe for concurrent use.
type Writer struct{ templates *template.Template }

// NewWriter parses the shipped texts.
func NewWriter() (*Writer, error) {
	t, err := template.New("").Funcs(template.FuncMap{
		"text":     prose,
		"code":     code,
		"when":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"severity": severity,
		"urgent":   urgent,
		"package":  atVersion,
		"evidence": evidence,
		"saw":      saw,
		"reach":    reach,
		"digest":   func(s string) string { return s[:min(len(s), shownDigest)] },
		"link":     link,
		"count":    count,
		"command":  command,
		"mention":  mention,
	}).ParseFS(texts, "texts/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parsing the incident texts: %w", err)
	}
	return &Writer{t}, nil
}

// view is what templates see.
type view struct {
	Incident  tocsin.Incident
	Class     tocsin.Class // of a project: the first that affects it
	Others    []string     // ids of the other classes that do
	Playbook  tocsin.Playbook
	Project   tocsin.IncidentProject
	Slug      string
	Commander string
	Aliases   []string
	News      string
	Call      tocsin.Summons
	Shown     []shown
	Done      []tocsin.Task
	Next      []tocsin.Step
	Unmet     []tocsin.Check
	// Hidden projects did not agree to be named, More are left out because there are so many.
	Hidden, More int
}

// shown is a project's row in the tracking issue.
type shown struct {
	Project tocsin.IncidentProject
	Told    string
}

func newView(inc tocsin.Incident, p tocsin.Playbook) view {
	v := view{Incident: inc, Playbook: p, Next: Next(inc, p), Unmet: Unmet(inc)}
	v.Next, v.Unmet = v.Next[:min(len(v.Next), maxShown)], v.Unmet[:min(len(v.Unmet), maxShown)]
	for _, t := range inc.Tasks[:min(len(inc.Tasks), maxShown)] {
		if t.Done {
			v.Done = append(v.Done, t)
		}
	}
	v = v.speakOf(inc.Class, nil)
	for _, r := range inc.Roles {
		if r.Name == tocsin.RoleCommander {
			v.Commander = cmp.Or(r.Holder.Name, "nobody yet")
		}
	}
	return v
}

// speakOf sets what the text is about.
func (v view) speakOf(class tocsin.Class, others []string) view {
	v.Class, v.Others, v.Aliases = class, others, nil
	for _, a := range class.Aliases {
		if a != class.ID {
			v.Aliases = append(v.Aliases, a)
		}
	}
	if n := len(v.Aliases); n > maxAliases {
		v.Aliases = append(v.Aliases[:maxAliases:maxAliases], fmt.Sprintf("%d more", n-maxAliases))
	}
	return v
}

// of is the view of one project, about the classes that affect it: in an incident that took in others they need not be the first.
func (v view) of(p tocsin.IncidentProject) view {
	v.Project, v.Slug = p, p.Slug
	var ids []string
	for _, pkg := range p.Packages {
		if len(pkg.Classes) == 0 {
			ids = append(ids, v.Incident.Class.ID)
		}
		ids = append(ids, pkg.Classes...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	lead := v.Incident.Class
	if len(ids) > 0 && !slices.Contains(ids, lead.ID) {
		for _, c := range v.Incident.Also {
			if c.ID == ids[0] {
				lead = c
			}
		}
	}
	return v.speakOf(lead, slices.DeleteFunc(ids, func(id string) bool { return id == lead.ID }))
}

// Malware says whether the class is malice and not a flaw.
func (v view) Malware() bool { return v.Class.Kind == tocsin.KindMalware }

// Undecided says whether a person must still decide if it is an emergency.
func (v view) Undecided() bool {
	return v.Incident.Urgency == tocsin.UrgencyHold && !v.Incident.State.Over()
}

// Packages are the project's, as far as they are shown.
func (v view) Packages() []tocsin.IncidentPackage {
	return v.Project.Packages[:min(len(v.Project.Packages), maxShown)]
}

// Looked says whether somebody looked how far the code gets to the flaw, and could tell of every package.
func (v view) Looked() bool {
	return len(v.Project.Packages) > 0 && !slices.ContainsFunc(v.Project.Packages, func(p tocsin.IncidentPackage) bool { return reach(p) == "" })
}

// Rest is how many packages are not.
func (v view) Rest() int { return len(v.Project.Packages) - len(v.Packages()) }

func (w *Writer) render(name string, v view) (string, error) {
	var b bytes.Buffer
	if err := w.templates.ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("writing %s of %s: %w", name, v.Incident.Key, err)
	}
	return strings.TrimSpace(b.String()) + "\n", nil
}

// prose writes a sentence as inline text. Round brackets and the like have no meaning of their own once square brackets
// are escaped, and mails show the backslashes.
func prose(s string) string { return unescape.Replace(markdown.Text(clip(s))) }

// code writes a name, version or range.
func code(s string) string { return markdown.Code(clip(s), 200) }

// clip bounds what is looked at, far above what is shown.
func clip(s string) string { return s[:min(len(s), 1<<13)] }

var unescape = strings.NewReplacer(`\(`, "(", `\)`, ")", `\=`, "=", `\!`, "!")

// login is what a forge calls a person.
var login = pattern.Lazy(`^[A-Za-z0-9](-?[A-Za-z0-9_])*$`)

// mention calls somebody by their login, so that they are told. Logins are those of our own governance; who has none is named.
func mention(p tocsin.Callee) string {
	if len(p.Login) > 100 || !login().MatchString(p.Login) {
		return prose(p.Name)
	}
	return "@" + p.Login
}

// evidence writes a line of evidence with its record and range as code.
func evidence(s string) string {
	for _, verb := range []string{" lists ", " names "} {
		if record, what, ok := strings.Cut(s, verb); ok && what != "" {
			return code(record) + verb + code(what)
		}
	}
	return prose(s)
}

// saw writes what a clearing scan saw, with the names of packages as code.
func saw(p tocsin.IncidentProject) string {
	var names []string
	for _, pkg := range p.Packages {
		names = append(names, pkg.Name)
	}
	rest, out := p.Evidence, ""
	for {
		at, name := first(rest, names)
		if at < 0 || len(out) > maxEvidence {
			return out + spaced(rest)
		}
		out += spaced(rest[:at]) + code(name)
		rest = rest[at+len(name):]
	}
}

// maxEvidence bounds what is written of a clearing scan, in bytes.
const maxEvidence = 4000

// first finds the first of the names in s, and of those that begin there the longest.
func first(s string, names []string) (at int, name string) {
	at = -1
	for _, n := range names {
		i := strings.Index(s, n)
		if n != "" && i >= 0 && (at < 0 || i < at || i == at && len(n) > len(name)) {
			at, name = i, n
		}
	}
	return at, name
}

// spaced is prose that keeps a space at its ends.
func spaced(s string) string {
	out := prose(s)
	if strings.HasPrefix(s, " ") {
		out = " " + strings.Replace(out, `\.`, ".", 1) // a number begins a list only at the beginning of a line
	}
	if strings.HasSuffix(s, " ") && out != " " {
		out += " "
	}
	return out
}

// plainURL is what can be shown as a link without a second thought.
var plainURL = pattern.Lazy(`^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/-]*)?$`)

// link shows a URL as a link, or not at all.
func link(s string) string {
	if len(s) > 300 || !plainURL().MatchString(s) {
		return ""
	}
	return "<" + s + ">"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func severity(inc tocsin.Incident) string {
	out := []string{string(cmp.Or(inc.Severity, "not set"))}
	if inc.Class.Kind == tocsin.KindMalware {
		out = append(out, "malware")
	}
	if c := inc.Class.CVSS; c != nil {
		out = append(out, fmt.Sprintf("CVSS %.1f", c.Score))
	}
	if inc.Class.KEV != nil {
		out = append(out, "exploited (CISA KEV since "+inc.Class.KEV.DateAdded.Format(time.DateOnly)+")")
	}
	if e := inc.Class.EPSS; e != nil {
		out = append(out, fmt.Sprintf("EPSS %.1f %%", math.Floor(1000*e.Score)/10))
	}
	return strings.Join(out, " · ")
}

func urgent(inc tocsin.Incident) string {
	switch inc.Urgency {
	case tocsin.UrgencyEmergency:
		return "Why this is an emergency"
	case tocsin.UrgencyHold:
		return "Why this may be an emergency"
	default:
		return "Why you are told"
	}
}

// reach says how far the code gets to the flaw of a package; empty where that is not known.
func reach(p tocsin.IncidentPackage) string {
	switch p.Reach {
	case tocsin.ReachCalled:
		return "the code here calls what is flawed"
	case tocsin.ReachImported:
		return "the code here imports it, and no call to what is flawed was found"
	case tocsin.ReachPresent:
		return "it is required, and not compiled in here"
	}
	return ""
}
