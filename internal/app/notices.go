package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/outbox"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
	"github.com/tocsin-dev/tocsin/notify/chat"
	"github.com/tocsin-dev/tocsin/notify/mail"
	"github.com/tocsin-dev/tocsin/notify/routes"
	"github.com/tocsin-dev/tocsin/notify/webhook"
)

var _ outbox.Executor = courier{}

// Routes loads who hears of what by path; without one nobody does.
func Routes(path string) (routes.Routes, error) {
	if path == "" {
		return routes.Routes{}, nil
	}
	text, err := readRules("notify", path)
	if err != nil {
		return routes.Routes{}, err
	}
	return routes.Load(path, text)
}

// A teller tells one receiver.
type teller struct {
	routes.Receiver
	send func(ctx context.Context, key string, n tocsin.Notice, at time.Time) error
}

// tellers opens every receiver, with the secrets that it needs.
func tellers(c config.Config, r routes.Routes, g tocsin.Governance, transport http.RoundTripper) (map[string]teller, error) {
	out := map[string]teller{}
	var errs []error
	fault := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", c.Notify, what, err))
		}
	}
	password, err := reveal(c.Notify, r.Mail.Password)
	fault("mail: password", err)
	server := mail.Server{Address: r.Mail.Address, From: r.Mail.From, User: r.Mail.User, Password: password}
	for _, one := range r.Receivers {
		at, err1 := reveal(c.Notify, one.Address)
		key, err2 := reveal(c.Notify, one.Key)
		if err := errors.Join(err1, err2); err != nil {
			fault(fmt.Sprintf("line %d: receiver %s", one.Line, one.Name), err)
			continue
		}
		t, err := openTeller(one, at, key, server, cmp.Or(c.Service.URL, "urn:tocsin"), transport)
		fault(fmt.Sprintf("line %d: receiver %s", one.Line, one.Name), err)
		out[one.Name] = t
	}
	for _, p := range g.People {
		ways, _ := r.Ways(p)
		for _, one := range ways {
			if _, ok := out[one.Name]; !ok {
				t, err := openTeller(one, secret.New(p.Contacts[tocsin.ContactMail]), secret.Value{}, server, "", nil)
				fault("the mail of person "+p.Name, err)
				out[one.Name] = t
			}
		}
	}
	return out, errors.Join(errs...)
}

func openTeller(r routes.Receiver, at, key secret.Value, server mail.Server, source string, transport http.RoundTripper) (teller, error) {
	t := teller{Receiver: r}
	switch r.Channel {
	case routes.ChannelMail:
		s, err := mail.New(server, at)
		if err != nil {
			return t, err
		}
		t.send = s.Send
	case routes.ChannelWebhook:
		s, err := webhook.New(at, key, source, transport)
		if err != nil {
			return t, err
		}
		t.send = s.Send
	default:
		s, err := chat.New(at, r.Channel == routes.ChannelPager)
		if err != nil {
			return t, err
		}
		t.send = func(ctx context.Context, _ string, n tocsin.Notice, _ time.Time) error { return s.Send(ctx, n) }
	}
	return t, nil
}

// reveal reads a secret. A path is relative to the file that names it.
func reveal(file string, r yamlfile.Ref) (secret.Value, error) {
	switch {
	case r.File.IsSet() && !filepath.IsAbs(r.File.V):
		return secret.FromFile(filepath.Join(filepath.Dir(file), r.File.V))
	case r.File.IsSet():
		return secret.FromFile(r.File.V)
	case r.Env.IsSet():
		return secret.FromEnv(r.Env.V)
	}
	return secret.Value{}, nil
}

// courier carries out notices.
type courier struct{ *Service }

// late is how old a notice may be that was not taken until now. What is older would be read as news.
const late = 24 * time.Hour

// Execute tells a receiver. That it may hear is asked again here: the file may say otherwise since it was planned.
func (c courier) Execute(ctx context.Context, a tocsin.Action, _, _ tocsin.Remote) (tocsin.Remote, error) {
	refuse := func(format string, args ...any) (tocsin.Remote, error) {
		return tocsin.Remote{}, &tocsin.DeliveryError{Outcome: tocsin.OutcomePermanent, Err: fmt.Errorf(format, args...)}
	}
	var n tocsin.Notice
	if err := json.Unmarshal(a.Payload, &n); err != nil {
		return refuse("reading the notice: %w", err)
	}
	t, ok := c.set().tellers[n.Receiver]
	now := c.opts.Now()
	switch {
	case !ok || t.send == nil:
		return refuse("there is no receiver %s any more", n.Receiver)
	case t.Audience != a.Audience || n.Embargoed && !t.Embargoed:
		return refuse("receiver %s may not hear of it any more", n.Receiver)
	case now.Sub(a.CreatedAt) > late:
		return refuse("nobody took it for a day: it is no news any more")
	}
	if err := t.send(ctx, a.Key, n, now); err != nil {
		return tocsin.Remote{}, err
	}
	return tocsin.Remote{Name: n.Receiver}, nil
}

// metaReceivers says since when receivers are there.
const metaReceivers = "receivers"

// meet notes the receivers that are new: what was before them is no news to them.
func (s *Service) meet(ctx context.Context) error {
	since, err := receivers(ctx, s.store)
	if err != nil {
		return err
	}
	changed := false
	for _, r := range s.set().routes.Receivers {
		if _, ok := since[r.Name]; !ok {
			since[r.Name], changed = s.opts.Now(), true
		}
	}
	if !changed {
		return nil
	}
	text, err := json.Marshal(since)
	if err != nil {
		return err
	}
	return s.store.PutNote(ctx, metaReceivers, string(text))
}

func receivers(ctx context.Context, s *store.Store) (map[string]time.Time, error) {
	said, err := s.Note(ctx, metaReceivers)
	out := map[string]time.Time{}
	if err != nil || said == "" {
		return out, err
	}
	if err := json.Unmarshal([]byte(said), &out); err != nil {
		return nil, fmt.Errorf("reading since when receivers are there: %w", err)
	}
	return out, nil
}

// lately is how long an incident that is over may still be told of.
const lately = 8 * tocsin.Day

// NoticeInput reads what a plan of notices follows from.
func NoticeInput(ctx context.Context, s *store.Store, r routes.Routes, g tocsin.Governance, now time.Time) (routes.Input, error) {
	in := routes.Input{Routes: r, Governance: g, Now: now}
	var err1, err2, err3 error
	in.Since, err1 = receivers(ctx, s)
	in.Silences, err2 = s.Silences(ctx, now)
	known, err3 := s.Incidents(ctx)
	if err := errors.Join(err1, err2, err3); err != nil {
		return in, err
	}
	var keys []string
	for _, inc := range known {
		if inc.State.Over() && now.Sub(inc.ResolvedAt) > lately {
			continue
		}
		t, err := told(ctx, s, inc)
		if err != nil {
			return in, err
		}
		keys = append(keys, inc.Key)
		in.Told = append(in.Told, t)
	}
	var err error
	in.Log, err = s.NoticeLog(ctx, now.Add(-tocsin.Day), keys)
	return in, err
}

// told is an incident with all that could be told of it.
func told(ctx context.Context, s *store.Store, inc tocsin.Incident) (routes.Told, error) {
	events, err1 := s.Timeline(ctx, inc.Key)
	issue, err2 := s.Remote(ctx, "tracking/"+inc.Key)
	p, _ := incidents.Publish(inc)
	return routes.Told{Incident: inc, Events: events, Public: p.Entries, URL: issue.URL}, errors.Join(err1, err2)
}

// notice plans who is to be told of what, and writes it down with the actions that tell it.
func (s *Service) notice(ctx context.Context) error {
	set := s.set()
	if !s.opts.Live || set.config.Notify == "" {
		return nil
	}
	now := s.opts.Now()
	in, err := NoticeInput(ctx, s.store, set.routes, set.law.Governance, now)
	if err != nil {
		return err
	}
	plan := routes.Plan(in)
	var o store.Outcome
	for _, one := range plan.Send {
		a, err := tocsin.NewAction(tocsin.ActionNotice, one.Key, one.Notice)
		if err != nil {
			return err
		}
		a.Revision, a.CreatedAt, a.Audience, a.TLP = 1, now, tocsin.VisibilityPrivate, tocsin.TLPAmber
		if one.Public {
			a.Audience, a.TLP = tocsin.VisibilityPublic, tocsin.TLPClear
		}
		a.Incident = one.Records[0].Incident
		o.Actions = append(o.Actions, a)
		o.Notices = append(o.Notices, one.Records...)
	}
	o.Notices = append(o.Notices, plan.Passed...)
	if len(o.Notices) == 0 {
		return nil
	}
	if err := s.store.Commit(ctx, o); errors.Is(err, tocsin.ErrConflict) {
		return nil // another process was faster
	} else if err != nil {
		return err
	}
	s.log.Info("notices planned", "notices", len(o.Actions), "passed", len(plan.Passed), "held", len(plan.Held))
	if len(o.Actions) == 0 || s.engine == nil {
		return nil
	}
	return s.engine.Ask(ctx, deliverJob{})
}

// NoticeMeasures say whether people are told too much.
func NoticeMeasures(ctx context.Context, s *store.Store, from, to time.Time) (routes.Measures, error) {
	log, err := s.NoticeLog(ctx, from, nil)
	if err != nil {
		return routes.Measures{}, err
	}
	var list []routes.Told
	known, err := s.Incidents(ctx)
	if err != nil {
		return routes.Measures{}, err
	}
	about := map[string]bool{}
	for _, r := range log {
		about[r.Incident] = true
	}
	for _, inc := range known {
		if !about[inc.Key] {
			continue
		}
		t, err := told(ctx, s, inc)
		if err != nil {
			return routes.Measures{}, err
		}
		list = append(list, t)
	}
	return routes.Measure(log, list, from, to), nil
}
