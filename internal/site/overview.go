package site

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/site/view"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// An overview answers, in this order: is anything burning, what waits for me, can what we see be trusted.
type overview struct {
	Burning, Others []incidentRow
	Over            []incidentRow
	Mine            []mine
	Waiting         []tocsin.ActionRow
	Changes         []web.PolicyStanding // of policies, that others proposed
	Feeds           web.Feeds
	// Empty says that there is no project that they may see.
	Empty  bool
	Me     string
	Risk   view.Chart
	Lately []tocsin.IncidentEvent
	// Gaps are what drills and the governance show not to be ready; Ready says that it was looked for.
	Gaps  []string
	Ready bool
}

// Alarm says in a few words how much is burning.
func (o overview) Alarm() string {
	holds := 0
	for _, r := range o.Burning {
		if r.Urgency == tocsin.UrgencyHold {
			holds++
		}
	}
	parts := []string{}
	if n := len(o.Burning) - holds; n > 0 {
		parts = append(parts, count(n, "emergency is open", "emergencies are open"))
	}
	if holds > 0 {
		parts = append(parts, count(holds, "hold waits for a decision", "holds wait for a decision"))
	}
	return strings.Join(parts, ", ")
}

// mine is something that waits for whoever looks.
type mine struct {
	Incident  incidentRow
	What, Why string
	// Due is when it is to be done, and Since since when it waits where nobody said when.
	Due, Since time.Time
}

// maxRows bounds each list of the overview; the pages behind them have all.
const maxRows = 50

func (v *visit) overview() (shown, error) {
	if !v.May(tocsin.MayRead) {
		return shown{title: "Overview", body: overview{}}, nil
	}
	o := overview{Me: v.Who.ID}
	live, err := v.followAll()
	if err != nil {
		return shown{}, err
	}
	watched, err := web.Get[web.Page[web.Project]](v.Client, "listProjects", web.Ask{Query: map[string]string{"limit": "1"}})
	if err != nil {
		return shown{}, err
	}
	o.Empty = len(watched.Items) == 0
	if o.Burning, err = v.open(tocsin.UrgencyEmergency, 100); err != nil {
		return shown{}, err
	}
	holds, err := v.open(tocsin.UrgencyHold, 100)
	if err != nil {
		return shown{}, err
	}
	o.Burning = append(o.Burning, holds...)
	if o.Others, err = v.open(tocsin.UrgencyRoutine, 10); err != nil {
		return shown{}, err
	}
	for _, row := range append(slices.Clone(o.Burning), o.Others...) {
		o.Mine = append(o.Mine, v.waits(row)...)
	}
	slices.SortStableFunc(o.Mine, func(a, b mine) int { return a.Due.Compare(b.Due) })
	slices.SortStableFunc(o.Burning, func(a, b incidentRow) int { return -tocsin.CompareLevels(a.Severity, b.Severity) })
	o.Mine = o.Mine[:min(maxRows, len(o.Mine))]
	over, err := web.Get[web.Page[tocsin.Incident]](v.Client, "listIncidents", web.Ask{Query: map[string]string{"open": "false", "urgency": string(tocsin.UrgencyEmergency), "limit": "5"}})
	if err != nil {
		return shown{}, err
	}
	for _, inc := range over.Items {
		o.Over = append(o.Over, newRow(inc))
		o.Mine = append(o.Mine, v.waits(newRow(inc))...)
	}
	if v.May(tocsin.MayRespond) {
		waiting, err := web.Get[web.Page[tocsin.ActionRow]](v.Client, "listActions", web.Ask{Query: map[string]string{"state": string(tocsin.ActionWaiting), "limit": "20"}})
		if err != nil {
			return shown{}, err
		}
		o.Waiting = waiting.Items
	}
	if v.MayEverywhere(tocsin.MayManage) {
		proposed, err := web.Get[web.PolicyChanges](v.Client, "listPolicyChanges", web.Ask{})
		if err != nil {
			return shown{}, err
		}
		for _, c := range proposed.Items {
			if c.Standing == web.PolicyWaits && !c.Yours {
				o.Changes = append(o.Changes, c)
			}
		}
	}
	if o.Feeds, err = web.Get[web.Feeds](v.Client, "listFeeds", web.Ask{}); err != nil {
		return shown{}, err
	}
	sums, err := web.Get[web.Overview](v.Client, "getOverview", web.Ask{})
	if err != nil {
		return shown{}, err
	}
	o.Lately, o.Risk = sums.Lately, riskChart(sums.Risk)
	if o.Ready = v.May(tocsin.MayRespond); o.Ready {
		runs, err := web.Get[web.DrillRuns](v.Client, "listDrillRuns", web.Ask{})
		if err != nil {
			return shown{}, err
		}
		o.Gaps = runs.Trend.Gaps
	}
	return shown{title: "Overview", body: o, live: live}, nil
}

// open are incidents that are, the newest first, up to a number.
func (v *visit) open(u tocsin.Urgency, most int) (out []incidentRow, err error) {
	got, err := web.Get[web.Page[tocsin.Incident]](v.Client, "listIncidents", web.Ask{Query: map[string]string{"open": "true", "urgency": string(u), "limit": strconv.Itoa(most)}})
	for _, inc := range got.Items {
		out = append(out, newRow(inc))
	}
	return out, err
}

func riskChart(days []tocsin.RiskDay) view.Chart {
	var columns []view.Column
	for _, d := range days {
		columns = append(columns, view.Column{Label: d.Day.Format("2 Jan"), Parts: []view.Part{
			{Tone: "bad", Name: "emergency", N: d.Emergency}, {Tone: "warn", Name: "hold", N: d.Hold}, {Tone: "info", Name: "issue", N: d.Issue}}})
	}
	return view.NewChart("Findings that ask for more than to be watched, by day", columns)
}

// waits is what of an incident waits for whoever looks: roles they were offered, tasks of theirs, messages that need a second person.
func (v *visit) waits(inc incidentRow) (out []mine) {
	me := v.Who.ID
	held := map[tocsin.RoleName]bool{}
	for _, r := range inc.Roles {
		held[r.Name] = r.Holder.ID == me && me != ""
		if r.Offered.ID == me && me != "" {
			out = append(out, mine{inc, "Accept or decline: " + string(r.Name), r.Holder.Name + " offered it to you", time.Time{}, r.OfferedAt})
		}
	}
	for _, t := range inc.Tasks {
		if !t.Done && !inc.State.Over() && (t.Owner.ID == me || t.Owner.ID == "" && held[t.Role]) {
			out = append(out, mine{inc, t.Title, string(t.Role), t.Due, time.Time{}})
		}
	}
	for _, m := range inc.Messages {
		if m.SentAt.IsZero() && m.WithdrawnAt.IsZero() && m.Author.ID != me && (held[tocsin.RoleCommander] || held[tocsin.RoleLiaison]) {
			out = append(out, mine{inc, "Approve a message: " + string(m.Stage) + ", for " + string(m.Audience), m.Author.Name + " wrote it", time.Time{}, m.At})
		}
	}
	if inc.Review != nil {
		for _, a := range inc.Review.Actions {
			if a.DoneAt.IsZero() && a.Owner.ID == me {
				out = append(out, mine{inc, a.Title, "the review asks for it", a.Due, time.Time{}})
			}
		}
	}
	return out
}
