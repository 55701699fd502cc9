package site

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// drills are those that can be held, those that were, and what is not ready.
func (v *visit) drills() (shown, error) {
	body := struct {
		Scenarios []web.Scenario
		Runs      []tocsin.DrillRun
		Trend     drill.Trend
		Act       bool
	}{Act: v.May(tocsin.MayRespond)}
	got, err := web.Get[web.Scenarios](v.Client, "listDrills", web.Ask{})
	if err != nil {
		return shown{}, err
	}
	body.Scenarios = got.Items
	if body.Act {
		runs, err := web.Get[web.DrillRuns](v.Client, "listDrillRuns", web.Ask{})
		if err != nil {
			return shown{}, err
		}
		body.Runs, body.Trend = runs.Items, runs.Trend
		slices.Reverse(body.Trend.Drills)
	}
	return shown{title: "Drills", body: body}, nil
}

func (v *visit) drill() (shown, error) {
	plan, err := web.Get[web.DrillPlan](v.Client, "getDrill", web.Ask{Path: map[string]string{"name": v.r.PathValue("name")}})
	return shown{title: plan.Title, body: struct {
		web.DrillPlan
		Tried url.Values
	}{plan, v.tried}}, err
}

func (v *visit) hold() (string, error) {
	run, err := web.Get[tocsin.DrillRun](v.Client, "postDrill", web.Ask{Path: map[string]string{"name": v.r.PathValue("name")}, Body: web.DrillInput{Moves: v.r.PostForm.Get("moves")}})
	return "/drill-runs/" + url.PathEscape(run.ID) + "?done=drill", err
}

func (v *visit) drillRun() (shown, error) {
	run, err := web.Get[tocsin.DrillRun](v.Client, "getDrillRun", web.Ask{Path: map[string]string{"id": v.r.PathValue("id")}})
	if err != nil {
		return shown{}, err
	}
	body := struct {
		Run    tocsin.DrillRun
		Result drill.Result
	}{Run: run}
	if err := json.Unmarshal(run.Result, &body.Result); err != nil {
		return shown{}, fmt.Errorf("reading drill %s: %w", run.ID, err)
	}
	return shown{title: "Drill: " + run.Title, body: body, exercise: true}, nil
}
