package site

import (
	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/site/view"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// lessons are what closed reviews say, and what emergencies came to over time.
func (v *visit) lessons() (shown, error) {
	body := struct {
		Q, Every string
		web.Lessons
		Sums   tocsin.Retrospective
		Chart  view.Chart
		Everys []string
	}{Q: v.q("q"), Every: v.q("every"), Everys: []string{"month", "quarter", "year"}}
	if body.Every == "" {
		body.Every = "month"
	}
	var err error
	if body.Lessons, err = web.Get[web.Lessons](v.Client, "listLessons", web.Ask{Query: map[string]string{"q": body.Q}}); err != nil {
		return shown{}, err
	}
	if body.Sums, err = web.Get[tocsin.Retrospective](v.Client, "getRetrospective", web.Ask{Query: map[string]string{"every": body.Every}}); err != nil {
		return shown{}, err
	}
	var columns []view.Column
	for _, p := range body.Sums.Periods {
		columns = append(columns, view.Column{Label: p.From.Format("Jan 2006"), Parts: []view.Part{{Tone: "bad", Name: "were some", N: p.News}, {Tone: "good", Name: "were none", N: p.False}, {Tone: "warn", Name: "not decided yet", N: p.Alerts - p.News - p.False}}})
	}
	body.Chart = view.NewChart("Emergencies and holds by when they were opened", columns)
	return shown{title: "Lessons", body: body}, nil
}
