package governance

import (
	"time"

	"github.com/tocsin-dev/tocsin"
)

type fileRotation struct {
	Rotation  str   `yaml:"rotation"`
	People    []str `yaml:"people"`
	Start     str   `yaml:"start"`
	Length    span  `yaml:"length"`
	Handover  str   `yaml:"handover"`
	Zone      str   `yaml:"zone"`
	Hours     str   `yaml:"hours"`
	Overrides []struct {
		From   str `yaml:"from"`
		To     str `yaml:"to"`
		Person str `yaml:"person"`
	} `yaml:"overrides"`
}

// shortest is how long a shift is at least, longest at most.
const (
	shortest = time.Hour
	longest  = 366 * tocsin.Day
)

func (l *loader) rotations(list []fileRotation) {
	if len(list) > maxRotations {
		l.fault(list[maxRotations].Rotation, "rotations: at most %d", maxRotations)
		return
	}
	names := map[string]bool{}
	for _, f := range list {
		l.named("rotation", f.Rotation, names)
		of := "rotation " + f.Rotation.V
		if len(f.People) == 0 || len(f.People) > maxMembers {
			l.fault(f.Rotation, "%s: people: want 1 to %d", of, maxMembers)
		}
		r := tocsin.Rotation{Name: f.Rotation.V, Length: time.Duration(f.Length.V), Hours: l.hours(of, f.Hours)}
		for _, p := range f.People {
			l.person(of, p)
			r.People = append(r.People, p.V)
		}
		switch {
		case !f.Length.IsSet():
			l.fault(f.Rotation, "%s: length: is missing: such as 1d or 1w", of)
		case r.Length < shortest || r.Length > longest || r.Length%tocsin.Day != 0 && (r.Length > tocsin.Day || tocsin.Day%r.Length != 0):
			l.fault(f.Length, "%s: length: want whole days, or hours by which a day can be divided", of)
		}
		r.Start = l.start(of, f)
		l.overrides(of, f, &r)
		l.out.Rotations = append(l.out.Rotations, r)
	}
}

// start is the first handover.
func (l *loader) start(of string, f fileRotation) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, f.Start.V, l.zone(of, f.Zone))
	if err != nil || day.Year() < 2000 || day.Year() > 2100 { // shifts are counted from it
		l.fault(place(f.Start, f.Rotation), "%s: start: want the day of the first handover, such as 2026-01-05", of)
	}
	at, ok := tocsin.ParseClock(f.Handover.V)
	if !ok || at >= tocsin.Day {
		l.fault(place(f.Handover, f.Rotation), "%s: handover: want a time of day, such as \"09:00\"", of)
	}
	year, month, date := day.Date()
	return time.Date(year, month, date, 0, int(at/time.Minute), 0, 0, day.Location())
}

func (l *loader) overrides(of string, f fileRotation, r *tocsin.Rotation) {
	if len(f.Overrides) > maxOverrides {
		l.fault(f.Overrides[maxOverrides].From, "%s: overrides: at most %d", of, maxOverrides)
		return
	}
	for _, o := range f.Overrides {
		l.person(of+": overrides", o.Person)
		from, err1 := moment(o.From.V)
		to, err2 := moment(o.To.V)
		if err1 != nil || err2 != nil || !from.Before(to) {
			l.fault(place(o.From, f.Rotation), "%s: overrides: from and to: want two times with their zones, one after the other, such as 2026-12-24T09:00+01:00", of)
			continue
		}
		for _, before := range r.Overrides {
			if from.Before(before.To) && before.From.Before(to) {
				l.fault(o.From, "%s: overrides: it overlaps the one of %s from %s", of, before.Person, before.From.Format(time.RFC3339))
			}
		}
		r.Overrides = append(r.Overrides, tocsin.Override{From: from, To: to, Person: o.Person.V})
	}
}

func moment(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04Z07:00", s)
	}
	return t, err
}

// person wants one of the people.
func (l *loader) person(of string, v str) {
	if _, ok := l.out.Person(v.V); !ok {
		l.fault(v, "%s: there is no person %q", of, v.V)
	}
}
