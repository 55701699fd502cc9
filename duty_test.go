package tocsin_test

import (
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	when, err := time.Parse("2006-01-02T15:04Z07:00", s)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestHours(t *testing.T) {
	work := tocsin.Hours{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * time.Hour, To: 17*time.Hour + 30*time.Minute}
	night := tocsin.Hours{Days: [7]bool{5: true}, From: 22 * time.Hour, To: 6 * time.Hour} // from Friday to Saturday
	noon := tocsin.Hours{Days: [7]bool{5: true}, From: 12 * time.Hour, To: 12 * time.Hour} // a day long
	for _, tt := range []struct {
		hours tocsin.Hours
		at    string
		cover bool
		next  string
	}{
		{work, "2026-11-20T08:59Z", false, "2026-11-20T09:00Z"}, // a Friday
		{work, "2026-11-20T09:00Z", true, "2026-11-23T09:00Z"},
		{work, "2026-11-20T17:29Z", true, "2026-11-23T09:00Z"},
		{work, "2026-11-20T17:30Z", false, "2026-11-23T09:00Z"},
		{work, "2026-11-22T12:00Z", false, "2026-11-23T09:00Z"},
		{night, "2026-11-20T23:00Z", true, "2026-11-27T22:00Z"},
		{night, "2026-11-21T05:59Z", true, "2026-11-27T22:00Z"},
		{night, "2026-11-21T06:00Z", false, "2026-11-27T22:00Z"},
		{night, "2026-11-21T23:00Z", false, "2026-11-27T22:00Z"},
		{night, "2026-11-20T05:00Z", false, "2026-11-20T22:00Z"},
		{noon, "2026-11-21T11:59Z", true, "2026-11-27T12:00Z"},
		{noon, "2026-11-21T12:00Z", false, "2026-11-27T12:00Z"},
		{tocsin.Hours{}, "2026-11-21T12:00Z", true, ""},
	} {
		if got := tt.hours.Cover(at(t, tt.at)); got != tt.cover {
			t.Errorf("%+v cover %s: %v", tt.hours, tt.at, got)
		}
		if tt.next != "" && !tt.hours.Next(at(t, tt.at)).Equal(at(t, tt.next)) {
			t.Errorf("%+v after %s: %s, want %s", tt.hours, tt.at, tt.hours.Next(at(t, tt.at)), tt.next)
		}
	}
}

// TestOnCall: handovers are by the clock on the wall, on days of 23 and 25 hours too.
func TestOnCall(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, berlin) // a Monday
	weekly := tocsin.Rotation{People: []string{"ada", "bea", "carl"}, Start: start, Length: 7 * tocsin.Day, Overrides: []tocsin.Override{
		{From: at(t, "2026-04-01T00:00Z"), To: at(t, "2026-04-03T00:00Z"), Person: "bea"}}}
	halves := tocsin.Rotation{People: []string{"day", "night"}, Start: start, Length: 12 * time.Hour}
	hourly := tocsin.Rotation{People: []string{"a", "b"}, Start: start, Length: time.Hour}
	office := tocsin.Rotation{People: []string{"ada"}, Start: start, Length: tocsin.Day,
		Hours: tocsin.Hours{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * time.Hour, To: 17 * time.Hour}}
	for _, tt := range []struct {
		rotation           tocsin.Rotation
		now, person, until string
	}{
		{weekly, "2026-03-02T08:59+01:00", "", "2026-03-02T09:00+01:00"},
		{weekly, "2026-03-02T09:00+01:00", "ada", "2026-03-09T09:00+01:00"},
		{weekly, "2026-03-09T08:59+01:00", "ada", "2026-03-09T09:00+01:00"},
		{weekly, "2026-03-09T09:00+01:00", "bea", "2026-03-16T09:00+01:00"},
		{weekly, "2026-03-23T09:00+01:00", "ada", "2026-03-30T09:00+02:00"}, // clocks go forward on the 29th
		{weekly, "2026-03-30T08:59+02:00", "ada", "2026-03-30T09:00+02:00"},
		{weekly, "2026-03-31T00:00+02:00", "bea", "2026-04-01T00:00Z"}, // until the override
		{weekly, "2026-04-07T00:00+02:00", "carl", "2026-04-13T09:00+02:00"},
		{weekly, "2026-04-02T00:00Z", "bea", "2026-04-03T00:00Z"},
		{weekly, "2026-10-26T08:59+01:00", "ada", "2026-10-26T09:00+01:00"}, // back on the 25th; 34 weeks
		{weekly, "2026-10-26T09:00+01:00", "bea", "2026-11-02T09:00+01:00"},
		{halves, "2026-03-29T08:59+02:00", "night", "2026-03-29T09:00+02:00"},
		{halves, "2026-03-29T20:59+02:00", "day", "2026-03-29T21:00+02:00"},
		{halves, "2026-10-25T09:00+01:00", "day", "2026-10-25T21:00+01:00"},
		{hourly, "2026-10-25T12:30+01:00", "b", "2026-10-25T13:00+01:00"},
		{hourly, "2026-03-29T12:30+02:00", "b", "2026-03-29T13:00+02:00"},
		{office, "2026-03-06T17:00+01:00", "", "2026-03-09T09:00+01:00"},
		{tocsin.Rotation{}, "2026-03-06T17:00+01:00", "", "0001-01-01T00:00Z"},
	} {
		who, until := tt.rotation.OnCall(at(t, tt.now))
		if who != tt.person || !until.Equal(at(t, tt.until)) {
			t.Errorf("%s: %q until %s; want %q until %s", tt.now, who, until, tt.person, tt.until)
		}
	}
}

// TestShiftsHaveNoHoles: whatever the zone does, the end of each shift is the beginning of the next, and people come in their order.
func TestShiftsHaveNoHoles(t *testing.T) {
	for _, name := range []string{"UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"} {
		for _, length := range []time.Duration{time.Hour, 8 * time.Hour, tocsin.Day, 7 * tocsin.Day} {
			r := tocsin.Rotation{People: []string{"0", "1", "2", "3", "4"}, Start: time.Date(2026, 1, 5, 2, 30, 0, 0, zone(t, name)), Length: length}
			end := r.Start
			for end.Before(r.Start.Add(400 * tocsin.Day)) {
				who, until := r.OnCall(end)
				before, same := r.OnCall(end.Add(-time.Second))
				if !until.After(end) || until.Sub(end) > length+2*time.Hour || before == who || end.After(r.Start) && !same.Equal(end) {
					t.Fatalf("%s, shifts of %s: %q until %s at %s, before it %q until %s", name, length, who, until, end, before, same)
				}
				end = until
			}
		}
	}
}

// Hours are written as they are read, whatever days they have.
func TestHoursAreWrittenAsRead(t *testing.T) {
	for set := range 1 << 7 {
		want := tocsin.Hours{From: 9*time.Hour + 5*time.Minute, To: 24 * time.Hour}
		for d := range want.Days {
			want.Days[d] = set>>d&1 == 1
		}
		if got, ok := tocsin.ParseHours(want.String()); set > 0 && (!ok || got != want) {
			t.Errorf("%s is read as %+v", want, got)
		}
	}
	for text, days := range map[string][7]bool{"mon-fri": {false, true, true, true, true, true, false}, "wed,sat-sun": {true, false, false, true, false, false, true}, "": {}} {
		if got := tocsin.Days(days); got != text {
			t.Errorf("%v: %q, want %q", days, got, text)
		}
	}
}
