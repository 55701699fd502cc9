package governance

import (
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

type filePerson struct {
	Person   str                        `yaml:"person"`
	ID       str                        `yaml:"id"`
	GitHub   str                        `yaml:"github"`
	Zone     str                        `yaml:"zone"`
	Hours    str                        `yaml:"hours"`
	Contacts map[tocsin.ContactKind]str `yaml:"contacts"`
	// Confirmed is the day on which they last said that they are reached so.
	Confirmed str `yaml:"confirmed"`
	Limits    struct {
		Day   count `yaml:"day"`
		Night count `yaml:"night"`
	} `yaml:"limits"`
}

// What a file has is bounded, far above what people can look after.
const (
	maxPeople    = 1000
	maxRotations = 200
	maxMembers   = 50 // of a rotation
	maxOverrides = 500
	maxPolicies  = 100
	maxSteps     = 10
	maxTargets   = 20
	maxRepeat    = 5
	maxCalls     = 100 // of a limit
	maxText      = 200 // of a name or contact, in bytes
)

// login is what GitHub calls a person. https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
var login = pattern.Lazy(`^[A-Za-z0-9](-?[A-Za-z0-9_])*$`)

// name is what people, rotations and policies are called: one word, so that it can stand in "rotation first".
var name = pattern.Lazy(`^[\pL\pN][\pL\pN._-]*$`)

// named checks what something is called, and that nothing else is.
func (l *loader) named(kind string, v str, taken map[string]bool) {
	switch {
	case v.V == "":
		l.fault(v, "%s: is missing: give it a name", kind)
	case len(v.V) > maxText || !name().MatchString(v.V):
		l.fault(v, "%s: %q: want one word of letters, digits, dots and dashes", kind, v.V)
	case taken[v.V]:
		l.fault(v, "%s: %s stands twice", kind, v.V)
	}
	taken[v.V] = true
}

func (l *loader) people(list []filePerson) {
	if len(list) > maxPeople {
		l.fault(list[maxPeople].Person, "people: at most %d", maxPeople)
		return
	}
	names, ids, logins := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range list {
		l.named("person", f.Person, names)
		who := f.Person.V
		switch {
		case f.ID.V == "" || len(f.ID.V) > maxText:
			l.fault(place(f.ID, f.Person), "person %s: id: is missing or long: want what GET /v1/me says who they are", who)
		case ids[f.ID.V]:
			l.fault(f.ID, "person %s: id %q is another's too", who, f.ID.V)
		}
		ids[f.ID.V] = true
		if g := f.GitHub; g.IsSet() && (len(g.V) > 100 || !login().MatchString(g.V) || logins[strings.ToLower(g.V)]) {
			l.fault(g, "person %s: github: %q: want a login of their own, without @", who, g.V)
		}
		logins[strings.ToLower(f.GitHub.V)] = f.GitHub.V != ""
		p := tocsin.Responder{Name: who, ID: f.ID.V, Login: f.GitHub.V, Zone: l.zone("person "+who, f.Zone), Hours: l.hours("person "+who, f.Hours)}
		p.MostByDay, p.MostByNight = l.limit(who, "day", f.Limits.Day), l.limit(who, "night", f.Limits.Night)
		if (f.Hours.IsSet() || f.Limits.Day.IsSet() || f.Limits.Night.IsSet()) && !f.Zone.IsSet() {
			l.fault(f.Person, "person %s: zone: is missing: hours and limits go by the clock where they are, such as Europe/Berlin", who)
		}
		if f.Confirmed.IsSet() {
			day, err := time.Parse(time.DateOnly, f.Confirmed.V)
			if err != nil {
				l.fault(f.Confirmed, "person %s: confirmed: %q: want the day on which they said that they are reached so, such as 2026-01-31", who, f.Confirmed.V)
			}
			p.Confirmed = day
		}
		for _, kind := range sorted(f.Contacts) {
			at := f.Contacts[kind]
			if !slices.Contains(tocsin.ContactKinds(), kind) {
				l.fault(at, "person %s: contacts: there is no %q: want %q", who, kind, tocsin.ContactKinds())
			}
			if at.V == "" || len(at.V) > maxText {
				l.fault(at, "person %s: contacts: %s: is empty or longer than %d bytes", who, kind, maxText)
			}
			if p.Contacts == nil {
				p.Contacts = map[tocsin.ContactKind]string{}
			}
			p.Contacts[kind] = at.V
		}
		l.out.People = append(l.out.People, p)
	}
}

// place is where a value stands, or where it should.
func place(v, owner str) str {
	if v.IsSet() {
		return v
	}
	return owner
}

func (l *loader) limit(who, key string, v count) int {
	if v.IsSet() && (v.V < 1 || v.V > maxCalls) {
		l.fault(v, "person %s: limits: %s: want 1 to %d calls, or leave it out", who, key, maxCalls)
	}
	return v.V
}

// zone reads the name of a time zone.
func (l *loader) zone(of string, v str) *time.Location {
	if !v.IsSet() {
		return time.UTC
	}
	z, err := time.LoadLocation(v.V)
	if err != nil || v.V == "" || v.V == "Local" {
		l.fault(v, "%s: zone: %q: want a name of the time zone database, such as Europe/Berlin", of, v.V)
		return time.UTC
	}
	return z
}

// hours reads working hours such as "mon-fri 09:00-17:00".
func (l *loader) hours(of string, v str) tocsin.Hours {
	if !v.IsSet() {
		return tocsin.Hours{}
	}
	h, ok := tocsin.ParseHours(v.V)
	if !ok {
		l.fault(v, "%s: hours: %q: want days and times, such as mon-fri 09:00-17:00 or sat,sun 22:00-06:00", of, v.V)
	}
	return h
}
