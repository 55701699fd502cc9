package site

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/site/view"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// replays are those that are kept, and the form that asks for another.
func (v *visit) replays() (shown, error) {
	body := struct {
		Items    []web.Replay
		Policies []policyChoice
		Tried    url.Values
		// Text is that of the editor, which a refusal must not lose.
		Text string
	}{Tried: v.tried, Text: v.tried.Get("text")}
	got, err := web.Get[web.Replays](v.Client, "listReplays", web.Ask{})
	if err != nil {
		return shown{}, err
	}
	body.Items = got.Items
	loaded, err := web.Get[web.Policies](v.Client, "listPolicies", web.Ask{})
	if err != nil {
		return shown{}, err
	}
	chosen := v.tried.Get("policy")
	if chosen == "" && v.q("policy") != "" {
		chosen = v.q("policy") + " " + v.q("mode")
	}
	for _, p := range loaded.Items {
		c := policyChoice{Value: p.Name + " " + p.Mode, Says: p.Name}
		if p.Mode != "enforce" {
			c.Says += " (" + p.Mode + ")"
		}
		c.Chosen = c.Value == strings.TrimSpace(chosen) || chosen == p.Name+" " && p.Mode == "enforce"
		body.Policies = append(body.Policies, c)
	}
	return shown{title: "Replays", body: body}, nil
}

// A policyChoice is one that can be replayed.
type policyChoice struct {
	Value, Says string
	Chosen      bool
}

// beginReplay asks for one, and goes where it can be watched. A text counts before a name: the editor sends one.
func (v *visit) beginReplay() (string, error) {
	f := v.r.PostForm
	in := web.ReplayInput{Text: strings.ReplaceAll(f.Get("text"), "\r\n", "\n"), Number: strings.TrimSpace(f.Get("number"))}
	if in.Text == "" {
		in.Policy, in.Mode, _ = strings.Cut(f.Get("policy"), " ")
	}
	var err error
	for name, at := range map[string]*time.Time{"since": &in.Since, "until": &in.Until} {
		if text := strings.TrimSpace(f.Get(name)); text != "" {
			if *at, err = moment(text); err != nil {
				return "", err
			}
		}
	}
	if days := strings.TrimSpace(f.Get("days")); days != "" && in.Since.IsZero() {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 1096 {
			return "", web.Invalid("days", "write a whole number from 1 to 1096", "%.20q is no number of days.", days)
		}
		until := in.Until
		if until.IsZero() {
			until = v.now
		}
		in.Since = until.Add(-time.Duration(n) * tocsin.Day)
	}
	if in.Number != "" {
		for name, n := range map[string]*float64{"from": &in.From, "to": &in.To} {
			if *n, err = strconv.ParseFloat(strings.TrimSpace(f.Get(name)), 64); err != nil {
				return "", web.Invalid(name, "write a number such as 0.3", "%.20q is no number.", f.Get(name))
			}
		}
		in.Values = sweepValues
	}
	r, err := web.Get[web.Replay](v.Client, "postReplay", web.Ask{Body: in})
	return "/replays/" + url.PathEscape(r.ID), err
}

// sweepValues is how many values of a number are tried.
const sweepValues = 9

// A measure is a figure of the policies in force, and of those with the one that is tried.
type measure struct{ Name, Was, Is string }

// replayPage is a replay that runs, or what it came to.
type replayPage struct {
	web.Replay
	Measures []measure
	Weeks    view.Chart
	Values   view.Chart
	Most     int
}

// replayRows bounds the rows of each list on the page of a replay.
const replayRows = 60

func (v *visit) replay() (shown, error) {
	r, err := web.Get[web.Replay](v.Client, "getReplay", web.Ask{Path: map[string]string{"id": v.r.PathValue("id")}})
	if err != nil {
		return shown{}, err
	}
	p := replayPage{Replay: r, Most: replayRows}
	if r.Diff != nil {
		p.measure()
	}
	if r.Sweep != nil {
		var columns []view.Column
		for _, at := range r.Sweep.Points {
			columns = append(columns, view.Column{Label: strconv.FormatFloat(at.Value, 'g', 4, 64), Parts: parts(at.Measures.Emergencies, at.Measures.Holds, at.Measures.Routine)})
		}
		p.Values = view.NewChart("Incidents by the value of "+r.Sweep.Number, columns)
	}
	return shown{title: "Replay of " + r.Policy, body: p}, nil
}

func parts(emergencies, holds, routine int) []view.Part {
	return []view.Part{{Tone: "bad", Name: "emergencies", N: emergencies}, {Tone: "warn", Name: "holds", N: holds}, {Tone: "info", Name: "routine", N: routine}}
}

// measure sets the figures of both sides beside each other, and draws the weeks of the one that is tried.
func (p *replayPage) measure() {
	a, b := p.Diff.Old.Measures, p.Diff.New.Measures
	count := func(name string, was, is int) {
		p.Measures = append(p.Measures, measure{name, strconv.Itoa(was), strconv.Itoa(is)})
	}
	part := func(name string, was, is float64, format string) {
		p.Measures = append(p.Measures, measure{name, fmt.Sprintf(format, was), fmt.Sprintf(format, is)})
	}
	count("Incidents opened", a.Incidents, b.Incidents)
	count("Emergencies", a.Emergencies, b.Emergencies)
	count("Holds", a.Holds, b.Holds)
	count("Routine issues", a.Routine, b.Routine)
	part("Noise: incidents a week", a.PerWeek, b.PerWeek, "%.1f")
	part("Calls a week: emergencies and holds", a.CallsPerWeek, b.CallsPerWeek, "%.2f")
	count(fmt.Sprintf("Releases stopped, of %d", b.Releases), a.Stopped, b.Stopped)
	count("Releases undecided", a.Undecided, b.Undecided)
	count(fmt.Sprintf("Exploited or malicious classes caught, of %d", b.Exploited), a.Caught, b.Caught)
	count("Of these, before it was known", a.Early, b.Early)
	part("Project days exposed while one was open", a.ExposedDays, b.ExposedDays, "%.0f")
	var columns []view.Column
	for _, w := range b.Weeks {
		columns = append(columns, view.Column{Label: w.Start.Format("2 Jan 06"), Parts: parts(w.Emergencies, w.Holds, w.Routine)})
	}
	p.Weeks = view.NewChart("Incidents opened, by week", columns)
}

// endReplay cancels a replay, or has it forgotten.
func (v *visit) endReplay() (string, error) {
	id := v.r.PathValue("id")
	err := v.Do("deleteReplay", web.Ask{Path: map[string]string{"id": id}})
	if errors.Is(err, tocsin.ErrNotFound) { // it is gone, which is what was wanted
		err = nil
	}
	return "/replays", err
}

// wholeReplay gives the page that a replay came to, as it is. It has a style of its own, which is allowed by its digest, and nothing else is.
func (s *Site) wholeReplay(w http.ResponseWriter, r *http.Request) {
	v := &visit{site: s, w: w, r: r, now: s.opts.Now()}
	var err error
	if v.Client, err = s.api.Client(w, r); errors.Is(err, tocsin.ErrUnauthenticated) {
		http.Redirect(w, r, "/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		return
	} else if err != nil {
		s.refuse(v, err)
		return
	}
	got, err := web.Get[web.ReplayPage](v.Client, "getReplayPage", web.Ask{Path: map[string]string{"id": r.PathValue("id")}})
	if err != nil {
		s.refuse(v, err)
		return
	}
	_, style, _ := strings.Cut(got.Page, "<style>") // ours comes first, and what strangers wrote has no tag
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Length", strconv.Itoa(len(got.Page)))
	_, _ = w.Write([]byte(got.Page)) // who went away needs no answer
}
