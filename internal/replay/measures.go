package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Measures are the figures that a threshold is chosen by.
type Measures struct {
	// Standing incidents would have been open when the window begins; the other figures of incidents are without them.
	Standing    int `json:"standing"`
	Incidents   int `json:"incidents"`
	Emergencies int `json:"emergencies"` // as the highest urgency that they reached
	Holds       int `json:"holds"`
	Routine     int `json:"routine"`
	// PerWeek are incidents of any urgency, on average; CallsPerWeek those that call people at once: emergencies and holds.
	PerWeek      float64 `json:"per_week"`
	CallsPerWeek float64 `json:"calls_per_week"`
	Weeks        []Week  `json:"weeks"`
	Releases     int     `json:"releases"`
	Stopped      int     `json:"stopped"`
	Undecided    int     `json:"undecided"`
	// ExposedDays are the days that projects were affected while an emergency or a hold was open, over all projects.
	ExposedDays float64 `json:"exposed_days"`
	// Caught are exploited classes for which an incident was opened, as an emergency or a hold. News are those of them that
	// were not standing on the first day, Early those that were open before the exploitation was known; MedianLead is over
	// the news.
	Exploited  int           `json:"exploited"`
	Caught     int           `json:"caught"`
	News       int           `json:"news"`
	Early      int           `json:"early"`
	MedianLead time.Duration `json:"median_lead"`
	// HoldsEnded says what became of those that were opened as a hold: emergency, stood down, resolved, open.
	HoldsEnded []Count `json:"holds_ended"`
	ByGroup    []Count `json:"by_group"`
	// ByRule counts what each rule caused, noisiest first.
	ByRule []RuleCount `json:"by_rule"`
}

// A Week is seven days from Start.
type Week struct {
	Start       time.Time `json:"start"`
	Emergencies int       `json:"emergencies"`
	Holds       int       `json:"holds"`
	Routine     int       `json:"routine"`
}

// A Count is how often something was so.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// A RuleCount is how often a rule decided.
type RuleCount struct {
	Rule      string `json:"rule"`
	Incidents int    `json:"incidents"` // that it opened
	Releases  int    `json:"releases"`  // that it stopped or left undecided
}

const week = 7 * tocsin.Day

func (r Result) measure() Measures {
	m := Measures{Releases: len(r.Releases), Exploited: len(r.Exploited), HoldsEnded: []Count{}, ByGroup: []Count{}, ByRule: []RuleCount{}, Weeks: []Week{}}
	for t := r.Since; t.Before(r.Until); t = t.Add(week) {
		m.Weeks = append(m.Weeks, Week{Start: t})
	}
	ended, groups, rules := map[string]int{}, map[string]int{}, map[string]*RuleCount{}
	rule := func(name string) *RuleCount {
		if rules[name] == nil {
			rules[name] = &RuleCount{Rule: name}
		}
		return rules[name]
	}
	for i := range r.Incidents {
		inc := &r.Incidents[i]
		if inc.Urgency != tocsin.UrgencyRoutine {
			m.ExposedDays += inc.Exposed(r.Until).Hours() / 24
		}
		if inc.Standing {
			m.Standing++
			continue
		}
		m.Incidents++
		w := &m.Weeks[int(inc.Opened.Sub(r.Since)/week)]
		switch inc.Urgency {
		case tocsin.UrgencyEmergency:
			m.Emergencies++
			w.Emergencies++
		case tocsin.UrgencyHold:
			m.Holds++
			w.Holds++
		default:
			m.Routine++
			w.Routine++
		}
		if inc.OpenedAs == tocsin.UrgencyHold {
			ended[inc.holdEnded()]++
		}
		groups[cmp.Or(inc.Group, "(no group)")]++
		rule(inc.Rule).Incidents++
	}
	for _, one := range r.Releases {
		switch one.Gate {
		case tocsin.GateFail:
			m.Stopped++
		case tocsin.GateUndecided:
			m.Undecided++
		default:
			continue
		}
		var counted []string
		for _, j := range one.Because {
			if !slices.Contains(counted, j.GateRule) {
				counted = append(counted, j.GateRule)
				rule(j.GateRule).Releases++
			}
		}
	}
	m.catch(r.Exploited)
	if weeks := r.Until.Sub(r.Since).Hours() / week.Hours(); weeks > 0 {
		m.PerWeek, m.CallsPerWeek = float64(m.Incidents)/weeks, float64(m.Emergencies+m.Holds)/weeks
	}
	m.HoldsEnded, m.ByGroup = counts(ended), counts(groups)
	for _, c := range rules {
		m.ByRule = append(m.ByRule, *c)
	}
	slices.SortFunc(m.ByRule, func(a, b RuleCount) int {
		return cmp.Or(b.Incidents-a.Incidents, b.Releases-a.Releases, strings.Compare(a.Rule, b.Rule))
	})
	return m
}

func (i *Incident) holdEnded() string {
	if i.Urgency == tocsin.UrgencyEmergency {
		return "emergency"
	}
	if i.Ended.IsZero() {
		return "open"
	}
	return string(i.State)
}

func (m *Measures) catch(list []Exploited) {
	var leads []time.Duration
	for _, e := range list {
		if e.As != tocsin.UrgencyEmergency && e.As != tocsin.UrgencyHold {
			continue
		}
		m.Caught++
		if e.Standing {
			continue
		}
		m.News++
		if e.Lead() > 0 {
			m.Early++
		}
		leads = append(leads, e.Lead())
	}
	slices.Sort(leads)
	if n := len(leads); n > 0 {
		m.MedianLead = leads[n/2]
	}
}

// counts are sorted, most first.
func counts(by map[string]int) []Count {
	out := []Count{}
	for name, n := range by {
		out = append(out, Count{name, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name)) })
	return out
}
