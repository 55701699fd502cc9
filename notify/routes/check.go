package routes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// patience is how long an emergency may be gathered before the first notice of it.
const patience = 5 * time.Minute

// Check lists what is allowed and may leave people unheard: receivers that no route leads to, emergencies that reach nobody, people whom a
// call does not reach.
func Check(r Routes, g tocsin.Governance) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	named := map[string]bool{}
	for _, p := range g.People {
		for _, at := range p.Contacts {
			named[at] = true
		}
	}
	for _, one := range r.Receivers {
		routed := slices.ContainsFunc(r.Routes, func(route Route) bool { return slices.Contains(route.To, one.Name) })
		if !routed && !named[one.Name] {
			say("receiver %s: no route leads there, and it is nobody's contact", one.Name)
		}
	}
	for i, route := range r.Routes {
		for _, to := range route.To {
			for _, before := range r.Routes[:i] {
				if slices.Contains(before.To, to) && described(tocsin.NoticeMatch{Urgency: before.Match.Urgency, Severity: before.Match.Severity, Group: before.Match.Group,
					Project: before.Match.Project, Playbook: before.Match.Playbook}) == "everything" {
					say("route %s: never leads to %s: route %s comes first and is for every incident", route.Name, to, before.Name)
					break
				}
			}
		}
		if route.Wait > patience && (len(route.Match.Urgency) == 0 || slices.Contains(route.Match.Urgency, tocsin.UrgencyEmergency)) {
			say("route %s: an emergency waits %s before anybody hears of it", route.Name, route.Wait)
		}
	}
	for _, embargoed := range []bool{false, true} {
		var missed []string
		for _, level := range []tocsin.Level{tocsin.LevelCritical, tocsin.LevelHigh, tocsin.LevelMedium, tocsin.LevelLow} {
			inc := tocsin.Incident{Urgency: tocsin.UrgencyEmergency, Severity: level, Class: tocsin.Class{Private: embargoed}}
			if !slices.ContainsFunc(r.Receivers, func(one Receiver) bool { return r.hears(one, inc) }) {
				missed = append(missed, string(level))
			}
		}
		if len(missed) > 0 {
			kind := "an emergency"
			if embargoed {
				kind = "an emergency under embargo"
			}
			say("routes: outside the groups, projects and playbooks that routes name, %s of severity %s reaches nobody", kind, strings.Join(missed, ", "))
		}
	}
	for _, p := range g.People {
		if ways, why := r.Ways(p); len(ways) == 0 {
			say("person %s: a call reaches them by GitHub alone: %s", p.Name, why)
		}
	}
	return out
}

// hears says whether a receiver is told that an incident was opened.
func (r Routes) hears(one Receiver, inc tocsin.Incident) bool {
	route, ok := r.For(one.Name, inc)
	return ok && one.Audience == tocsin.VisibilityPrivate && May(one, inc) == "" && route.Match.Tells(tocsin.NewsOpened, one.Name)
}
