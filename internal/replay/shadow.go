package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A ShadowReport is how a shadow policy differed from the policies in force while it was evaluated beside them. Where it has the
// name of one of them it was asked in its place, else beside them all.
type ShadowReport struct {
	tocsin.ShadowRun
	// Since and Until bound the time that the report covers.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Findings are all that were judged in the time, Agreed those on which both always said the same.
	Findings    int          `json:"findings"`
	Agreed      int          `json:"agreed"`
	Differences []ShadowDiff `json:"differences"`
	// Incidents are those that only one of them would have had, by class; Stopped the projects of which only one would have let no
	// release go out.
	Incidents []ShadowIncident `json:"incidents"`
	Releases  []ShadowRelease  `json:"releases"`
	ByRule    []ShadowRule     `json:"by_rule"`
}

// A ShadowDiff is a finding that was judged otherwise for a time. Of the two changes one may be empty.
type ShadowDiff struct {
	Gate     IncidentChange `json:"gate,omitempty"` // gained, lost, louder, quieter
	Response IncidentChange `json:"response,omitempty"`
	tocsin.Shadowed
}

// A ShadowIncident would have been opened, or would not have been.
type ShadowIncident struct {
	Change   IncidentChange  `json:"change"` // gained, lost
	Class    string          `json:"class"`
	Since    time.Time       `json:"since"`
	Response tocsin.Response `json:"response"` // the gravest, of the one that opens it
	Projects []string        `json:"projects"`
}

// A ShadowRelease is a project that would not have been released, or would have been, because of its findings.
type ShadowRelease struct {
	Change  IncidentChange `json:"change"` // gained: stopped by the shadow policy alone
	Project string         `json:"project"`
	Since   time.Time      `json:"since"`
	Class   string         `json:"class"` // one that stops it
	Package string         `json:"package"`
	Rule    string         `json:"rule"`
}

// A ShadowRule counts the differences that a rule brought, or took away.
type ShadowRule struct {
	Rule     string `json:"rule"` // empty is a default
	Gate     int    `json:"gate"`
	Response int    `json:"response"`
}

// ReportShadow sums up the ledger of one shadow policy from a time on: what stood then or later, in the order of time.
func ReportShadow(run tocsin.ShadowRun, ledger []tocsin.Shadowed, since time.Time) ShadowReport {
	r := ShadowReport{
		ShadowRun: run, Since: run.First, Until: run.Last,
		Differences: []ShadowDiff{}, Incidents: []ShadowIncident{}, Releases: []ShadowRelease{}, ByRule: []ShadowRule{},
	}
	if since.After(r.Since) {
		r.Since = since
	}
	agreed := map[[6]string]bool{}
	rules := map[string]*ShadowRule{}
	for _, s := range ledger {
		key := [6]string{s.Project, s.Class, s.Ecosystem, s.Package, s.Version, s.Origin}
		d := ShadowDiff{change(tocsin.CompareGates, tocsin.GatePass, s.Live.Gate, s.Shadow.Gate), change(tocsin.CompareResponses, tocsin.ResponseNone, s.Live.Response, s.Shadow.Response), s}
		same := d.Gate == "" && d.Response == ""
		was, known := agreed[key]
		agreed[key] = same && (was || !known)
		if same {
			continue
		}
		r.Differences = append(r.Differences, d)
		if d.Gate != "" {
			counted(rules, cmp.Or(s.Shadow.GateRule, s.Live.GateRule)).Gate++
		}
		if d.Response != "" {
			counted(rules, cmp.Or(s.Shadow.ResponseRule, s.Live.ResponseRule)).Response++
		}
	}
	r.Findings = len(agreed)
	for _, same := range agreed {
		if same {
			r.Agreed++
		}
	}
	for _, one := range rules {
		r.ByRule = append(r.ByRule, *one)
	}
	slices.SortFunc(r.ByRule, func(a, b ShadowRule) int {
		return cmp.Or(cmp.Compare(b.Gate+b.Response, a.Gate+a.Response), strings.Compare(a.Rule, b.Rule))
	})
	r.incidents(ledger)
	r.releases(ledger)
	return r
}

func counted(rules map[string]*ShadowRule, name string) *ShadowRule {
	if rules[name] == nil {
		rules[name] = &ShadowRule{Rule: name}
	}
	return rules[name]
}

// change says how one answer differs from another; mildest is the one that asks for nothing.
func change[T comparable](compare func(a, b T) int, mildest, live, shadow T) IncidentChange {
	switch c := compare(shadow, live); {
	case c == 0:
		return ""
	case live == mildest:
		return Gained
	case shadow == mildest:
		return Lost
	case c > 0:
		return Louder
	default:
		return Quieter
	}
}

func opens(r tocsin.Response) bool { return tocsin.CompareResponses(r, tocsin.ResponseIssue) >= 0 }

// incidents are the classes of which, in the time, only one side would have made an incident.
func (r *ShadowReport) incidents(ledger []tocsin.Shadowed) {
	live := map[string]bool{}
	shadow := map[string]bool{}
	for _, s := range ledger {
		live[s.Class] = live[s.Class] || opens(s.Live.Response)
		shadow[s.Class] = shadow[s.Class] || opens(s.Shadow.Response)
	}
	at := map[string]int{}
	for _, d := range r.Differences {
		if live[d.Class] == shadow[d.Class] {
			continue
		}
		one, side := ShadowIncident{Change: Gained, Class: d.Class, Since: d.Since}, d.Shadow
		if live[d.Class] {
			one.Change, side = Lost, d.Live
		}
		if !opens(side.Response) {
			continue
		}
		n, ok := at[d.Class]
		if !ok {
			n = len(r.Incidents)
			at[d.Class] = n
			r.Incidents = append(r.Incidents, one)
		}
		inc := &r.Incidents[n]
		if tocsin.CompareResponses(side.Response, inc.Response) > 0 {
			inc.Response = side.Response
		}
		if !slices.Contains(inc.Projects, d.Project) {
			inc.Projects = append(inc.Projects, d.Project)
		}
	}
}

// releases are the projects that, at some moment of the time, only one side would have stopped.
func (r *ShadowReport) releases(ledger []tocsin.Shadowed) {
	byProject := map[string][]tocsin.Shadowed{}
	var projects []string
	for _, s := range ledger {
		if byProject[s.Project] == nil {
			projects = append(projects, s.Project)
		}
		byProject[s.Project] = append(byProject[s.Project], s)
	}
	slices.Sort(projects)
	for _, name := range projects {
		r.Releases = append(r.Releases, stops(byProject[name], r.Since)...)
	}
}

// stops follows one project from change to change.
func stops(ledger []tocsin.Shadowed, since time.Time) []ShadowRelease {
	moments := []time.Time{since}
	for _, s := range ledger {
		for _, t := range []time.Time{s.Since, s.Until} {
			if t.After(since) {
				moments = append(moments, t)
			}
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	var out []ShadowRelease
	var last IncidentChange
	for _, t := range slices.CompactFunc(moments, time.Time.Equal) {
		var live, shadow *tocsin.Shadowed
		for i := range ledger {
			s := &ledger[i]
			if s.Since.After(t) || !s.Until.IsZero() && !s.Until.After(t) {
				continue
			}
			if live == nil && s.Live.Gate == tocsin.GateFail {
				live = s
			}
			if shadow == nil && s.Shadow.Gate == tocsin.GateFail {
				shadow = s
			}
		}
		var now ShadowRelease
		switch {
		case live == nil && shadow != nil:
			now = ShadowRelease{Gained, shadow.Project, t, shadow.Class, shadow.Package + " " + shadow.Version, shadow.Shadow.GateRule}
		case live != nil && shadow == nil:
			now = ShadowRelease{Lost, live.Project, t, live.Class, live.Package + " " + live.Version, live.Live.GateRule}
		}
		if now.Change != "" && now.Change != last {
			out = append(out, now)
		}
		last = now.Change
	}
	return out
}
