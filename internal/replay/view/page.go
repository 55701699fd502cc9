package view

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/replay"
)

//go:embed page.html.tmpl
var pageText string

const (
	// maxPageRows bounds each list of a page, maxBars the incidents of its timeline.
	maxPageRows = 500
	maxBars     = 40
)

// HTML writes a replay as one page that needs nothing else: no script, no font, nothing from the network. It is escaped by
// html/template.
func HTML(w io.Writer, r replay.Result) error {
	m := r.Measures
	page := struct {
		Title, Basis, Digest string
		Tiles                []tile
		Weeks                *weekChart
		Timeline             *timeline
		Lists                []list
	}{
		Title: title(r), Basis: basis(r.Basis), Digest: r.Digest, Weeks: newWeekChart(m), Timeline: newTimeline(r),
		Tiles: []tile{
			{fmt.Sprint(m.Incidents), fmt.Sprintf("incidents: %s, %s, %s", plural(m.Emergencies, "emergency"), plural(m.Holds, "hold"), plural(m.Routine, "routine issue"))},
			{fmt.Sprintf("%.1f", m.PerWeek), fmt.Sprintf("a week; %d were standing on the first day", m.Standing)},
			{fmt.Sprintf("%d of %d", m.Caught, m.Exploited), "exploited or malicious classes caught" + ahead(m)},
			{fmt.Sprintf("%d of %d", m.Stopped, m.Releases), fmt.Sprintf("releases stopped, %d undecided", m.Undecided)},
			{fmt.Sprintf("%.0f", m.ExposedDays), "project days exposed while an emergency or a hold was open"},
		},
		Lists: []list{
			newList("Incidents", incidentColumns, incidentRows(r)), newList("Releases stopped", releaseColumns, releaseRows(r)),
			newList("Exploited or malicious, and not caught", missedColumns, missedRows(r)), newList("Noisiest rules", ruleColumns, ruleRows(r)),
			newList("How holds ended", []string{"ended", "holds"}, countRows(m.HoldsEnded)), newList("By owner group", []string{"group", "incidents"}, countRows(m.ByGroup)),
		},
	}
	return execute(w, "replay", page)
}

func execute(w io.Writer, name string, page any) error {
	t, err := template.New("page").Parse(pageText)
	if err == nil {
		err = t.ExecuteTemplate(w, name, page)
	}
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

type tile struct{ Big, Small string }

type list struct {
	Heading     string
	Columns     []string
	Rows        [][]string
	Total, Left int
}

func newList(heading string, columns []string, rows [][]string) list {
	shown := rows[:min(len(rows), maxPageRows)]
	return list{heading, columns, shown, len(rows), len(rows) - len(shown)}
}

func countRows(counts []replay.Count) [][]string {
	var out [][]string
	for _, c := range counts {
		out = append(out, []string{markdown.Line(c.Name, 80), fmt.Sprint(c.Count)})
	}
	return out
}

// chartWidth is that of all charts, in their own units.
const chartWidth = 1000

// A bar of a chart, with what a pointer over it says.
type bar struct {
	Class, Title, Label string
	X, Y, W, H, Text    float64
	Marks               []mark
}

type mark struct {
	Class       string
	X, From, To float64
}

type gridLine struct {
	Y, Text float64
	Label   string
}

type tick struct {
	X     float64
	Label string
}

// foot is how far above the lower edge labels stand.
const foot = 5

func (c *weekChart) Foot() float64 { return c.Height - foot }

func (c *timeline) Foot() float64 { return c.Height - foot }

// months are the first days of the months of a window, placed on a scale; at most one for each 60 units.
func months(since, until time.Time, place func(time.Time) float64) []tick {
	var out []tick
	for t := time.Date(since.Year(), since.Month()+1, 1, 0, 0, 0, 0, time.UTC); t.Before(until); t = t.AddDate(0, 1, 0) {
		if x := place(t); len(out) == 0 || x-out[len(out)-1].X >= 60 {
			label := t.Format("Jan")
			if t.Month() == time.January || len(out) == 0 {
				label = t.Format("Jan 2006")
			}
			out = append(out, tick{x, label})
		}
	}
	return out
}

// A weekChart stacks the incidents that were opened in each week.
type weekChart struct {
	Width, Height, Left float64
	Grid                []gridLine
	Bars                []bar
	Months              []tick
}

func newWeekChart(m replay.Measures) *weekChart {
	if m.Incidents == 0 || len(m.Weeks) == 0 {
		return nil
	}
	const height, left, floor = 180.0, 30.0, 160.0
	most := 1
	for _, w := range m.Weeks {
		most = max(most, w.Emergencies+w.Holds+w.Routine)
	}
	c := &weekChart{Width: chartWidth, Height: height, Left: left}
	for _, n := range []int{most, (most + 1) / 2, 0} {
		y := floor - float64(n)/float64(most)*(floor-10)
		if len(c.Grid) == 0 || c.Grid[len(c.Grid)-1].Y != y {
			c.Grid = append(c.Grid, gridLine{y, y + 4, fmt.Sprint(n)})
		}
	}
	step := (chartWidth - left) / float64(len(m.Weeks))
	for i, w := range m.Weeks {
		y := floor
		for _, part := range []struct {
			class string
			n     int
		}{{"emergency", w.Emergencies}, {"hold", w.Holds}, {"routine", w.Routine}} {
			if part.n == 0 {
				continue
			}
			h := float64(part.n) / float64(most) * (floor - 10)
			y -= h
			c.Bars = append(c.Bars, bar{Class: part.class, Title: fmt.Sprintf("week of %s: %d %s", day(w.Start), part.n, part.class), X: left + float64(i)*step, Y: y, W: max(step-2, 1), H: h})
		}
	}
	first := m.Weeks[0].Start
	c.Months = months(first, m.Weeks[len(m.Weeks)-1].Start.AddDate(0, 0, 7), func(t time.Time) float64 {
		return left + t.Sub(first).Hours()/(7*24)*step
	})
	return c
}

// A timeline is one line for each incident, the gravest first where there are too many.
type timeline struct {
	Width, Height, Floor float64
	Bars                 []bar
	Months               []tick
	Left                 int
}

func newTimeline(r replay.Result) *timeline {
	if len(r.Incidents) == 0 {
		return nil
	}
	shown := drawn(r.Incidents, maxBars)
	const line, left = 20.0, 330.0
	place := func(t time.Time) float64 {
		return left + t.Sub(r.Since).Hours()/r.Until.Sub(r.Since).Hours()*(chartWidth-left)
	}
	c := &timeline{Width: chartWidth, Floor: line * float64(len(shown)), Left: len(r.Incidents) - len(shown)}
	c.Height = c.Floor + 20
	for i, inc := range shown {
		end, class := inc.Ended, string(inc.Urgency)
		if end.IsZero() {
			end, class = r.Until, class+" open"
		}
		y := line * float64(i)
		b := bar{
			Class: class, X: place(inc.Opened), Y: y + 4, H: line - 8, Text: y + 14, Label: markdown.Line(inc.Class+" "+strings.Join(inc.Packages, ", "), 48),
			Title: fmt.Sprintf("%s: %s, %s, %s; %s", inc.Class, markdown.Line(inc.Summary, 200), opened(inc), projects(inc), inc.Rule),
		}
		b.W = max(place(end)-b.X, 3)
		for _, m := range []struct {
			class string
			at    time.Time
		}{{"mark", inc.KEV}, {"fix", inc.FixKnown}} {
			if m.at.After(r.Since) && m.at.Before(r.Until) {
				b.Marks = append(b.Marks, mark{m.class, place(m.at), y + 1, y + line - 1})
			}
		}
		c.Bars = append(c.Bars, b)
	}
	c.Months = months(r.Since, r.Until, place)
	return c
}

// drawn keeps so many incidents, in the order of time: the news first, then what called people and was standing already.
func drawn(all []replay.Incident, n int) []replay.Incident {
	var out []replay.Incident
	keep := map[string]bool{}
	for _, wanted := range []func(replay.Incident) bool{
		func(i replay.Incident) bool { return !i.Standing && i.Urgency != tocsin.UrgencyRoutine },
		func(i replay.Incident) bool { return !i.Standing },
		func(i replay.Incident) bool { return i.Urgency != tocsin.UrgencyRoutine },
	} {
		for _, inc := range all {
			if len(keep) < n && wanted(inc) {
				keep[inc.Key] = true
			}
		}
	}
	for _, inc := range all {
		if keep[inc.Key] {
			out = append(out, inc)
		}
	}
	return out
}

// SweepHTML draws noise against what is caught.
func SweepHTML(w io.Writer, s replay.Sweep) error {
	const height, floor, left, right = 320.0, 300.0, 40.0, 40.0
	page := struct {
		Title, Basis               string
		Width, Height, Foot, Floor float64
		NowX                       float64
		Ticks                      []tick
		Noise, Catch               string
		MostNoise, MostCatch       string
		Exploited                  int
		List                       list
	}{
		Title: fmt.Sprintf("%s of %s, now %v", s.Number, s.Policy, s.Now), Basis: basis(s.Basis), Width: chartWidth, Height: height, Foot: height - foot, Floor: floor - 10,
		List: newList("Values", sweepColumns[:len(sweepColumns)-1], withoutBars(sweepRows(s))),
	}
	low, high := s.Points[0].Value, s.Points[len(s.Points)-1].Value
	x := func(v float64) float64 {
		if high == low {
			return chartWidth / 2
		}
		return left + (v-low)/(high-low)*(chartWidth-left-right)
	}
	mostNoise, mostCatch := 0.01, 1.0
	for _, p := range s.Points {
		mostNoise, mostCatch = max(mostNoise, p.Measures.CallsPerWeek), max(mostCatch, float64(p.Measures.Exploited))
	}
	var noise, caught []string
	for i, p := range s.Points {
		y := func(share float64) float64 { return floor - 10 - share*(floor-30) }
		noise = append(noise, fmt.Sprintf("%.1f,%.1f", x(p.Value), y(p.Measures.CallsPerWeek/mostNoise)))
		caught = append(caught, fmt.Sprintf("%.1f,%.1f", x(p.Value), y(float64(p.Measures.Caught)/mostCatch)))
		if i%max(1, len(s.Points)/10) == 0 {
			page.Ticks = append(page.Ticks, tick{x(p.Value), fmt.Sprint(p.Value)})
		}
	}
	page.NowX, page.Exploited = min(max(x(s.Now), 0), chartWidth), s.Points[0].Measures.Exploited
	page.Noise, page.Catch = strings.Join(noise, " "), strings.Join(caught, " ")
	page.MostNoise, page.MostCatch = fmt.Sprintf("%.2f a week", mostNoise), fmt.Sprintf("%.0f caught", mostCatch)
	return execute(w, "sweep", page)
}

func withoutBars(rows [][]string) [][]string {
	for i := range rows {
		rows[i] = rows[i][:len(rows[i])-1]
	}
	return rows
}
