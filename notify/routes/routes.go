// Package routes says who hears of what in an incident, when and why: versioned YAML that people review, and a pure plan that follows from
// it, from the timelines, from the silences and from what was told before.
package routes

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// Routes are a file that was read and found right. The zero value tells nobody anything.
type Routes struct {
	Name    string
	Version int
	// Digest is of the file.
	Digest    string
	Mail      Server
	Receivers []Receiver
	Routes    []Route
	Inhibits  []Inhibit
}

// A Server takes the mail.
type Server struct {
	// Address is host:port; empty: there is none.
	Address string
	From    string
	User    string
	// Password is where it is; not set: none is sent.
	Password yamlfile.Ref
}

// Channel is a way of telling.
type Channel string

// The channels.
const (
	ChannelChat    Channel = "chat"
	ChannelPager   Channel = "pager" // rings
	ChannelMail    Channel = "mail"
	ChannelWebhook Channel = "webhook"
)

// A Receiver is told. Where it is, and what signs for it, is secret.
type Receiver struct {
	Name    string
	Channel Channel
	Address yamlfile.Ref
	// Key signs what goes to a webhook.
	Key yamlfile.Ref
	// Audience is who reads there.
	Audience tocsin.Visibility
	// Embargoed receivers hear of what is under embargo.
	Embargoed bool
	Zone      *time.Location
	// Hours in which it is told what is not urgent.
	Hours tocsin.Hours
	// PerHour and PerDay bound the notices that are not urgent; zero: no bound.
	PerHour, PerDay int
	Line            int
}

// A Route tells receivers of some incidents. Of the routes that lead to a receiver the first that fits an incident holds.
type Route struct {
	Name  string
	Match tocsin.NoticeMatch
	To    []string
	// Wait gathers what comes right after the first news, Every is the least time between two notices of one incident.
	Wait, Every time.Duration
	// Repeat is how soon an emergency or hold that nobody acknowledged is told again; zero: never.
	Repeat time.Duration
	// Digest gathers all until a time of day, on some days; nil: it is told as it comes.
	Digest *Digest
	Line   int
}

// A Digest is a time of the week, in the zone of the receiver.
type Digest struct {
	Days [7]bool
	At   time.Duration
}

// Next is the first such time after another.
func (d Digest) Next(after time.Time) time.Time {
	year, month, day := after.Date()
	for n := range 9 {
		at := time.Date(year, month, day+n, 0, int(d.At/time.Minute), 0, 0, after.Location())
		if d.Days[at.Weekday()] && at.After(after) {
			return at
		}
	}
	return after.Add(tocsin.Day)
}

// An Inhibit keeps quiet about some incidents while a graver one is open.
type Inhibit struct {
	When, Mute tocsin.NoticeMatch
	// Same is what both must have in common: group, class or project; empty: nothing.
	Same string
}

// Receiver gives one by name; false if there is none.
func (r Routes) Receiver(name string) (Receiver, bool) {
	i := slices.IndexFunc(r.Receivers, func(one Receiver) bool { return one.Name == name })
	if i < 0 {
		return Receiver{}, false
	}
	return r.Receivers[i], true
}

// For gives the route by which a receiver hears of an incident; false if there is none.
func (r Routes) For(receiver string, inc tocsin.Incident) (Route, bool) {
	i := slices.IndexFunc(r.Routes, func(one Route) bool { return slices.Contains(one.To, receiver) && one.Match.Fits(inc) })
	if i < 0 {
		return Route{}, false
	}
	return r.Routes[i], true
}
