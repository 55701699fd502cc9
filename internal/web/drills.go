package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/drill"
)

// A Rehearser holds drills. Nothing of them is live. It is safe for concurrent use.
type Rehearser interface {
	// Scenarios are those that there are, by name.
	Scenarios() ([]drill.Scenario, error)
	// Plan is what a facilitator needs for one, as Markdown.
	Plan(s drill.Scenario) (string, error)
	// Rehearse plays one by the rules of the service, with moves in YAML, or with the scenario's own if there are none. Moves that cannot be
	// read are an [tocsin.ErrInvalid].
	Rehearse(ctx context.Context, s drill.Scenario, moves string) (drill.Result, error)
	// Trend sets results beside each other, and says what is not ready.
	Trend(list []drill.Result) drill.Trend
}

// A Scenario is a drill that can be held, in short.
type Scenario struct {
	Name    string     `json:"name"`
	Version int        `json:"version"`
	Kind    drill.Kind `json:"kind"`
	Title   string     `json:"title"`
	Hours   int        `json:"hours"` // of its clock
	Points  int        `json:"points"`
}

// Scenarios are the drills that can be held, by name.
type Scenarios struct {
	Items []Scenario `json:"items"`
}

// A DrillPlan is what a facilitator needs.
type DrillPlan struct {
	Scenario
	Story   string   `json:"story"`
	Goals   []string `json:"goals"`
	Sources []string `json:"sources"`
	// Plan is Markdown.
	Plan string `json:"plan"`
}

func shortScenario(s drill.Scenario) Scenario {
	one := Scenario{Name: s.Name, Version: s.Version, Kind: s.Kind, Title: s.Title, Hours: int(s.End.Sub(s.Start).Hours())}
	for _, e := range s.Expect {
		one.Points += e.Points
	}
	return one
}

func (c *call) listDrills(context.Context) (answer, error) {
	all, err := c.api.parts.Drills.Scenarios()
	if err != nil {
		return answer{}, err
	}
	out := Scenarios{Items: []Scenario{}}
	for _, s := range all {
		out.Items = append(out.Items, shortScenario(s))
	}
	return answer{body: out}, nil
}

// scenario is the one that the path names: by its name only, never by a file.
func (c *call) scenario() (drill.Scenario, error) {
	all, err := c.api.parts.Drills.Scenarios()
	if err != nil {
		return drill.Scenario{}, err
	}
	i := slices.IndexFunc(all, func(s drill.Scenario) bool { return s.Name == c.r.PathValue("name") })
	if i < 0 {
		return drill.Scenario{}, tocsin.ErrNotFound
	}
	return all[i], nil
}

func (c *call) getDrill(context.Context) (answer, error) {
	s, err := c.scenario()
	if err != nil {
		return answer{}, err
	}
	plan, err := c.api.parts.Drills.Plan(s)
	out := DrillPlan{Scenario: shortScenario(s), Story: s.Story, Goals: append([]string{}, s.Goals...), Sources: append([]string{}, s.Sources...), Plan: plan}
	return answer{body: out}, err
}

// A DrillInput is what a team did in a drill.
type DrillInput struct {
	// Moves is YAML, as docs/drills.md tells; empty: those of the scenario, which are a trained team's.
	Moves string `json:"moves,omitempty"`
}

func (c *call) postDrill(ctx context.Context) (answer, error) {
	var in DrillInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	s, err := c.scenario()
	if err != nil {
		return answer{}, err
	}
	if err := c.note(ctx, s.Name, nil); err != nil {
		return answer{}, err
	}
	done, err := c.api.work.take(ctx)
	if err != nil {
		return answer{}, err
	}
	defer done()
	r, err := c.api.parts.Drills.Rehearse(ctx, s, in.Moves)
	if errors.Is(err, tocsin.ErrInvalid) {
		return answer{}, invalid("/moves", "write them as docs/drills.md tells", "%s", err)
	} else if err != nil {
		return answer{}, err
	}
	run := tocsin.DrillRun{Drill: s.Name, Title: s.Title, At: c.now, By: c.actor(), Reference: r.Reference, Score: r.Score, Of: r.Of}
	if r.Held == "" && !r.Reference { // it was held today, if nobody says otherwise
		r.Held = c.now.Format(time.DateOnly)
	}
	if run.Result, err = json.Marshal(r); err != nil {
		return answer{}, fmt.Errorf("encoding a drill: %w", err)
	}
	run, err = c.api.store.AddDrill(ctx, run)
	return answer{status: 201, body: run}, err
}

// DrillRuns are those that were held, the newest first, up to 500, and what they show together.
type DrillRuns struct {
	Items []tocsin.DrillRun `json:"items"`
	Trend drill.Trend       `json:"trend"`
}

func (c *call) listDrillRuns(ctx context.Context) (answer, error) {
	list, err := c.api.store.Drills(ctx, maxPage)
	if err != nil {
		return answer{}, err
	}
	out := DrillRuns{Items: append([]tocsin.DrillRun{}, list...)}
	var results []drill.Result
	for _, run := range slices.Backward(list) {
		var r drill.Result
		if err := json.Unmarshal(run.Result, &r); err != nil {
			return answer{}, fmt.Errorf("reading drill %s: %w", run.ID, err)
		}
		results = append(results, r)
	}
	for i := range out.Items { // whole ones are asked for one by one
		out.Items[i].Result = json.RawMessage("null")
	}
	out.Trend = c.api.parts.Drills.Trend(results)
	return answer{body: out}, nil
}

func (c *call) getDrillRun(ctx context.Context) (answer, error) {
	id := c.r.PathValue("id")
	if !printable(id) {
		return answer{}, tocsin.ErrNotFound
	}
	run, err := c.api.store.Drill(ctx, id)
	return answer{body: run}, err
}
