package routes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// An Input is all that a plan follows from.
type Input struct {
	Routes     Routes
	Governance tocsin.Governance
	// Told are the incidents that are open or were lately.
	Told     []Told
	Silences []tocsin.Silence
	// Log is what was told before of those incidents, and everything of the last day.
	Log []tocsin.NoticeRecord
	// Since is when receivers, by name, began to hear: what was before is not news to them, but for emergencies that nobody acknowledged.
	Since map[string]time.Time
	Now   time.Time
}

// A Send is a notice that is to go out now, with what the log is to say.
type Send struct {
	Key     string
	Notice  tocsin.Notice
	Public  bool
	Records []tocsin.NoticeRecord
}

// A Held is news that waits, or must not be told.
type Held struct {
	Receiver string        `json:"receiver"`
	Incident string        `json:"incident"`
	Route    string        `json:"route,omitempty"`
	News     []tocsin.News `json:"news,omitempty"`
	Why      string        `json:"why"`
	// Until is when it is looked at again for sure; zero: nobody knows.
	Until time.Time `json:"until,omitzero"`
}

// An Outcome is what is to be told, what is passed over for good, and what waits.
type Outcome struct {
	Send   []Send
	Passed []tocsin.NoticeRecord
	Held   []Held
}

const (
	// stale is how old news is when it is none any more.
	stale = 8 * tocsin.Day
	// An incident flaps that was over and open again as often as this in a while; then it is told once it was calm for some time, or too
	// long nothing was said.
	flaps, flapping, calm = 4, 2 * time.Hour, 30 * time.Minute
)

// Plan says who is to be told of what now, and why, and why others are not. It is the same for the same input.
func Plan(in Input) Outcome {
	p := plan{Input: in, heard: map[[2]string]heard{}, sent: map[string][]time.Time{}, keys: map[string]bool{}}
	slices.SortFunc(p.Told, func(a, b Told) int { return strings.Compare(a.Incident.Key, b.Incident.Key) })
	p.read()
	for _, r := range in.Routes.Receivers {
		var ready []ready
		for _, t := range p.Told {
			if one, ok := p.look(r, t); ok {
				ready = append(ready, one)
			}
		}
		p.send(r, ready)
	}
	p.calls()
	return p.out
}

type plan struct {
	Input
	heard map[[2]string]heard
	// sent are when notices went to a receiver, keys what was sent.
	sent map[string][]time.Time
	keys map[string]bool
	out  Outcome
}

// heard is what a receiver heard of an incident.
type heard struct {
	upto  int // of what was told or passed over
	times int
	last  time.Time
}

func (p *plan) read() {
	for _, r := range p.Log {
		at := [2]string{r.Receiver, r.Incident}
		h := p.heard[at]
		h.upto = max(h.upto, r.Upto)
		if r.Notice != "" {
			if !slices.Contains(r.News, tocsin.NewsCall) {
				h.times++
				h.last = later(h.last, r.At)
			}
			if !p.keys[r.Notice] {
				p.sent[r.Receiver] = append(p.sent[r.Receiver], r.At)
			}
			p.keys[r.Notice] = true
		}
		p.heard[at] = h
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ready is news of one incident that may be told now.
type ready struct {
	told  Told
	route Route
	news  []one
	upto  int
	again int // how often it was told before, of a repetition
	// urgent passes by hours, limits and silences.
	urgent bool
	why    string
}

// look says what a receiver is to hear of an incident now.
func (p *plan) look(r Receiver, t Told) (ready, bool) {
	inc, h := t.Incident, p.heard[[2]string{r.Name, t.Incident.Key}]
	fresh := news(t, r.Audience == tocsin.VisibilityPublic, h.upto)
	route, ok := p.Routes.For(r.Name, inc)
	out := ready{told: t, route: route, upto: h.upto}
	if len(fresh) > 0 {
		out.upto = fresh[len(fresh)-1].seq
	}
	if why := May(r, inc); why != "" && (len(fresh) > 0 || r.Audience == tocsin.VisibilityPublic) {
		if ok {
			p.hold(r, out, fresh, why, time.Time{})
		}
		return out, false
	} else if why != "" {
		return out, false
	}
	if !ok {
		p.pass(r, out, fresh, "no route leads there")
		return out, false
	}
	var why string
	for _, o := range fresh {
		if not := p.unwanted(r, t, route, h, o); not != "" {
			why = cmp.Or(why, not)
			continue
		}
		out.news = append(out.news, o)
	}
	if h.times == 0 && len(out.news) > 0 && !alone(inc) && r.Audience == tocsin.VisibilityPrivate && out.news[len(out.news)-1].ends() {
		why, out.news = "it was over before anybody was told", nil
	}
	if len(out.news) == 0 {
		p.pass(r, out, fresh, why)
		return p.again(r, out, h)
	}
	out.urgent = alone(inc) && slices.ContainsFunc(out.news, one.rings)
	if why, until := p.waits(r, out, h); why != "" {
		p.hold(r, out, out.news, why, until)
		return out, false
	}
	out.why = fmt.Sprintf("route %s leads here (%s)", route.Name, described(route.Match))
	return out, true
}

// unwanted says why a piece of news is never told to a receiver by itself.
func (p *plan) unwanted(r Receiver, t Told, route Route, h heard, o one) string {
	inc := t.Incident
	by := inc.Escalation.AckBy
	switch {
	case !route.Match.Tells(o.kind, r.Name):
		return "route " + route.Name + " is not for that news"
	case alone(inc) && (o.rings() || h.times == 0):
		return "" // whatever else holds
	case o.at.Before(p.Since[r.Name]):
		return "it happened before the receiver was there"
	case p.Now.Sub(o.at) > stale:
		return "it is no news any more"
	case by.ID != "" && !inc.State.Over() && (o.quiet() && h.times > 0 || o.quiet() && r.Channel == ChannelPager):
		return by.Name + " acknowledged it: quiet until it is over or gets worse"
	}
	return p.inhibited(inc)
}

// inhibited says which graver incident keeps one quiet.
func (p *plan) inhibited(inc tocsin.Incident) string {
	for _, rule := range p.Routes.Inhibits {
		if !rule.Mute.Fits(inc) {
			continue
		}
		for _, t := range p.Told {
			other := t.Incident
			if other.Key != inc.Key && !other.State.Over() && rule.When.Fits(other) && alike(rule.Same, inc, other) {
				return "inhibited while " + other.Key + " is open"
			}
		}
	}
	return ""
}

func alike(same string, a, b tocsin.Incident) bool {
	switch same {
	case "group":
		return a.Group == b.Group
	case "class":
		return a.Class.ID == b.Class.ID
	case "project":
		return slices.ContainsFunc(a.Projects, func(x tocsin.IncidentProject) bool {
			return slices.ContainsFunc(b.Projects, func(y tocsin.IncidentProject) bool { return x.Slug == y.Slug })
		})
	}
	return true
}

// waits says why news is not told yet, and until when.
func (p *plan) waits(r Receiver, q ready, h heard) (why string, until time.Time) {
	first, local := q.news[0].at, p.Now.In(r.Zone)
	if q.route.Wait > 0 && h.times == 0 && p.Now.Before(first.Add(q.route.Wait)) {
		return "gathers what else comes at once", first.Add(q.route.Wait)
	}
	if until, n := flap(q.told.Events, h.last, p.Now); n > 0 && (!q.urgent || h.times > 0) && p.Now.Before(until) {
		return fmt.Sprintf("it was open and over %d times in %s: told once it is calm", n, tocsin.Span(flapping)), until
	}
	if q.urgent {
		return "", until
	}
	for _, s := range p.Silences {
		if s.Holds(p.Now) && s.Match.Fits(q.told.Incident) && !slices.ContainsFunc(q.news, func(o one) bool { return !s.Match.Tells(o.kind, r.Name) }) {
			return fmt.Sprintf("silence %s by %s: %s", s.ID, line(s.By, 60), line(s.Reason, 200)), s.Until
		}
	}
	if d := q.route.Digest; d != nil {
		if at := d.Next(first.In(r.Zone)); p.Now.Before(at) {
			return "gathered for the digest", at
		}
	}
	if !r.Hours.Cover(local) {
		return "outside the hours of the receiver", r.Hours.Next(local)
	}
	if q.route.Every > 0 && h.times > 0 && p.Now.Before(h.last.Add(q.route.Every)) {
		return "told a short while ago", h.last.Add(q.route.Every)
	}
	return p.full(r)
}

// full says that a receiver had as many notices as it takes.
func (p *plan) full(r Receiver) (why string, until time.Time) {
	for _, limit := range []struct {
		most int
		in   time.Duration
		word string
	}{{r.PerHour, time.Hour, "an hour"}, {r.PerDay, tocsin.Day, "a day"}} {
		var times []time.Time
		for _, at := range p.sent[r.Name] {
			if p.Now.Sub(at) < limit.in {
				times = append(times, at)
			}
		}
		if limit.most > 0 && len(times) >= limit.most {
			slices.SortFunc(times, time.Time.Compare)
			return fmt.Sprintf("delayed: the receiver takes %d in %s", limit.most, limit.word), times[len(times)-limit.most].Add(limit.in)
		}
	}
	return "", until
}

// flap counts how often an incident was open and over lately, and says when it is calm; 0: it does not flap. It is told at last when
// nothing was said for as long as is looked back.
func flap(events []tocsin.IncidentEvent, told, now time.Time) (until time.Time, n int) {
	for _, e := range events {
		switch e.Kind {
		case tocsin.EventOpened, tocsin.EventReopened, tocsin.EventResolved, tocsin.EventStoodDown:
			if now.Sub(e.At) < flapping {
				n++
				until = e.At.Add(calm)
			}
		}
	}
	if n < flaps {
		return time.Time{}, 0
	}
	if end := told.Add(flapping); !told.IsZero() && end.Before(until) {
		until = end
	}
	return until, n
}

// again repeats what nobody answers.
func (p *plan) again(r Receiver, q ready, h heard) (ready, bool) {
	inc := q.told.Incident
	if q.route.Repeat <= 0 || h.times == 0 || r.Audience == tocsin.VisibilityPublic || inc.State.Over() || inc.Urgency == tocsin.UrgencyRoutine ||
		inc.Escalation.AckBy.ID != "" || !q.route.Match.Tells(tocsin.NewsUnanswered, r.Name) || p.Now.Before(h.last.Add(q.route.Repeat)) {
		return q, false
	}
	q.again, q.urgent = h.times, alone(inc)
	q.news = []one{{q.upto, p.Now, tocsin.NewsUnanswered, "nobody has acknowledged it since " + moment(inc.OpenedAt)}}
	if why, until := p.waits(r, q, h); why != "" {
		p.hold(r, q, q.news, why, until)
		return q, false
	}
	q.why = fmt.Sprintf("route %s repeats every %s until somebody acknowledges", q.route.Name, tocsin.Span(q.route.Repeat))
	return q, true
}

// send puts what is ready into notices: emergencies each into its own, the rest into one for each route.
func (p *plan) send(r Receiver, list []ready) {
	var order []string
	bundles := map[string][]ready{}
	for _, q := range list {
		at := "route\x00" + q.route.Name
		if q.told.Incident.Urgency == tocsin.UrgencyEmergency || r.Audience == tocsin.VisibilityPublic {
			at = q.told.Incident.Key
		}
		if bundles[at] == nil {
			order = append(order, at)
		}
		bundles[at] = append(bundles[at], q)
	}
	for _, at := range order {
		b := bundles[at]
		if why, until := p.full(r); why != "" && !slices.ContainsFunc(b, func(q ready) bool { return q.urgent }) {
			for _, q := range b {
				p.hold(r, q, q.news, why, until)
			}
			continue
		}
		p.add(r, b)
	}
}

func (p *plan) add(r Receiver, list []ready) {
	n := write(r, list)
	var id []string
	for _, q := range list {
		item := fmt.Sprintf("%s/%d", q.told.Incident.Key, q.upto)
		if q.again > 0 {
			item += fmt.Sprintf("/again-%d", q.again)
		}
		id = append(id, item)
	}
	key := id[0]
	if len(id) > 1 {
		sum := sha256.Sum256([]byte(strings.Join(id, "\n")))
		key = list[0].route.Name + "/" + hex.EncodeToString(sum[:8])
	}
	s := Send{Key: "notice/" + r.Name + "/" + key, Notice: n, Public: r.Audience == tocsin.VisibilityPublic}
	if p.keys[s.Key] {
		return
	}
	for _, q := range list {
		s.Records = append(s.Records, tocsin.NoticeRecord{Receiver: r.Name, Incident: q.told.Incident.Key, Upto: q.upto, At: p.Now, Notice: s.Key, News: kinds(q.news),
			Route: q.route.Name, Why: q.why})
	}
	p.keys[s.Key] = true
	p.sent[r.Name] = append(p.sent[r.Name], p.Now)
	p.out.Send = append(p.out.Send, s)
}

func (p *plan) pass(r Receiver, q ready, fresh []one, why string) {
	if len(fresh) > 0 {
		p.out.Passed = append(p.out.Passed, tocsin.NoticeRecord{Receiver: r.Name, Incident: q.told.Incident.Key, Upto: q.upto, At: p.Now, News: kinds(fresh), Route: q.route.Name, Why: why})
	}
}

func (p *plan) hold(r Receiver, q ready, list []one, why string, until time.Time) {
	p.out.Held = append(p.out.Held, Held{Receiver: r.Name, Incident: q.told.Incident.Key, Route: q.route.Name, News: kinds(list), Why: why, Until: until.UTC()})
}
