package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// What may be written to GitHub, by all processes together, and spent on it: a read costs one point, a write five, and GitHub allows 900 a
// minute. A fifth is kept for what keeps people up to date, and of the points for what is read and never written.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
var (
	paceAll = store.Pace{Minute: 80, Hour: 500, Points: 720}
	paceNew = store.Pace{Minute: 64, Hour: 400, Points: 576}
)

const (
	// noteStopped says since when, by whom and why nothing is written; empty: it is.
	noteStopped = "writes/stopped"
	// noteLimited has the times at which GitHub found that we write too much.
	noteLimited = "writes/limited"
	// stoppedWait is how long until it is asked again whether writing goes on.
	stoppedWait = time.Minute
	// maxLimited refusals within limitedWithin stop the writing, in spite of the pace: to go on would have the account banned.
	maxLimited    = 5
	limitedWithin = time.Hour
)

// pace asks whether something may be written now, for so many points.
func (s *Service) pace(ctx context.Context, points int, creates bool) error {
	later := func(wait time.Duration, format string, args ...any) error {
		return &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, RetryAfter: wait, Err: fmt.Errorf("%w: %s", tocsin.ErrPaced, fmt.Sprintf(format, args...))}
	}
	stopped, err := s.store.Note(ctx, noteStopped)
	if err != nil {
		return &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: err}
	}
	if stopped != "" {
		return later(stoppedWait, "writing to GitHub is stopped: %s; tocsin actions go has it go on", stopped)
	}
	p := paceAll
	if creates {
		p = paceNew
	}
	wait, err := s.store.TakeWrite(ctx, p, points, s.opts.Now())
	switch {
	case err != nil:
		return &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: err}
	case wait > 0:
		return later(wait, "the write budget of %d a minute, %d an hour and %d points a minute is used up", p.Minute, p.Hour, p.Points)
	}
	return nil
}

// limited counts what GitHub finds too much, and stops the writing when it goes on. People are called by the incidents that wait for it.
func (s *Service) limited(ctx context.Context, said string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	now := s.opts.Now()
	text, err := s.store.Note(ctx, noteLimited)
	times := strings.Fields(text)
	times = slices.DeleteFunc(times, func(one string) bool {
		at, err := time.Parse(time.RFC3339, one)
		return err != nil || now.Sub(at) >= limitedWithin
	})
	times = append(times, now.UTC().Format(time.RFC3339))
	if err == nil {
		err = s.store.PutNote(ctx, noteLimited, strings.Join(times, " "))
	}
	if err == nil && len(times) >= maxLimited {
		err = s.Stop(ctx, tocsin.Self(), fmt.Sprintf("GitHub refused %d writes within %s, the last with: %s", len(times), limitedWithin, said))
	}
	if err != nil {
		s.log.Error("limit not noted", "err", err)
	}
}

// Stop has nothing written to GitHub any more, by any process, and says so on the timeline of each emergency that is not over. Stopping again
// changes nothing.
func (s *Service) Stop(ctx context.Context, by tocsin.Actor, reason string) error {
	was, err := s.store.Note(ctx, noteStopped)
	if err != nil || was != "" {
		return err
	}
	said := fmt.Sprintf("by %s at %s: %s", by.Name, s.opts.Now().UTC().Format("2006-01-02 15:04 UTC"), reason)
	if err := s.store.PutNote(ctx, noteStopped, said); err != nil {
		return err
	}
	s.log.Error("writing to GitHub stopped", "by", by.Name, "reason", reason)
	return s.tell(ctx, by, "nothing is written to GitHub any more, "+said)
}

// Go has it go on.
func (s *Service) Go(ctx context.Context, by tocsin.Actor) error {
	was, err := s.store.Note(ctx, noteStopped)
	if err != nil || was == "" {
		return err
	}
	if err := errors.Join(s.store.PutNote(ctx, noteStopped, ""), s.store.PutNote(ctx, noteLimited, "")); err != nil {
		return err
	}
	return s.tell(ctx, by, "writing to GitHub goes on; it was stopped "+was)
}

// tell notes something in each emergency that is not over. A person has to look, so that it is news: whoever is on it is called again.
func (s *Service) tell(ctx context.Context, by tocsin.Actor, text string) error {
	known, err := s.store.Incidents(ctx)
	if err != nil {
		return err
	}
	for _, inc := range known {
		if inc.State.Over() || inc.Urgency != tocsin.UrgencyEmergency {
			continue
		}
		if _, err := s.portfolio(nil).Handle(ctx, inc.Key, tocsin.Command{Do: tocsin.DoNote, By: by, Source: "delivery", Text: text}); err != nil {
			return err
		}
		if by == tocsin.Self() { // nobody is called twice within minutes, or where there is nobody to call
			_, err := s.portfolio(nil).Handle(ctx, inc.Key, tocsin.Command{Do: tocsin.DoEscalate, By: by, Source: "delivery", Reason: "a person has to look at it"})
			if err != nil && !errors.Is(err, tocsin.ErrConflict) {
				return err
			}
		}
	}
	return nil
}

// A Budget says how far the writing to GitHub has come.
type Budget struct {
	// Issues that are wanted, and how many of them were written.
	Issues  int `json:"issues"`
	Written int `json:"written"`
	// LastHour is what was written in the last hour, of Hour at the most.
	LastHour int `json:"last_hour"`
	Hour     int `json:"hour"`
	// Left is about how long the rest takes.
	Left time.Duration `json:"left"`
	// Stopped says by whom and why nothing is written; empty: it is.
	Stopped string `json:"stopped,omitempty"`
}

func (b Budget) String() string {
	out := fmt.Sprintf("%d of %d issues written; %d of %d writes in the last hour", b.Written, b.Issues, b.LastHour, b.Hour)
	if b.Stopped != "" {
		return out + "; stopped " + b.Stopped
	}
	if b.Left > 0 {
		out += fmt.Sprintf("; about %d min left", (b.Left+time.Minute-1)/time.Minute)
	}
	return out
}

// BudgetOf reads how far the writing to GitHub has come.
func BudgetOf(ctx context.Context, s *store.Store, now time.Time) (b Budget, err error) {
	b.Hour = paceAll.Hour
	rows, err := s.Actions(ctx)
	if err != nil {
		return b, err
	}
	last := map[string]tocsin.ActionState{}
	done := map[string]bool{}
	waits := 0
	for _, r := range rows { // by key and revision
		if r.Action.Kind == tocsin.ActionIssue {
			last[r.Action.Key], done[r.Action.Key] = r.State, done[r.Action.Key] || r.State == tocsin.ActionDone
		}
		if r.State == tocsin.ActionPending || r.State == tocsin.ActionSending {
			waits++
		}
	}
	for key := range last {
		b.Issues++
		if done[key] {
			b.Written++
		}
	}
	if b.LastHour, err = s.Writes(ctx, now.Add(-time.Hour)); err != nil {
		return b, err
	}
	if b.Stopped, err = s.Note(ctx, noteStopped); err != nil {
		return b, err
	}
	b.Left = expected(waits, b.LastHour)
	return b, nil
}

// expected is about how long so many writes take, when so many were made within the last hour.
func expected(waits, lately int) time.Duration {
	room := max(paceNew.Hour-lately, 0)
	if waits <= room {
		return time.Duration(waits) * time.Minute / time.Duration(paceNew.Minute)
	}
	return time.Duration(room)*time.Minute/time.Duration(paceNew.Minute) + time.Duration(waits-room)*time.Hour/time.Duration(paceNew.Hour)
}

// ranking orders what waits: the graver incident first, and of those as grave the one with more projects.
func (s *Service) ranking(ctx context.Context) (func(tocsin.Action) int, error) {
	known, err := s.store.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	rank := map[string]int{}
	for _, inc := range known {
		level := 1 + slices.Index([]tocsin.Level{tocsin.LevelLow, tocsin.LevelMedium, tocsin.LevelHigh, tocsin.LevelCritical}, inc.Severity)
		if inc.Urgency == tocsin.UrgencyEmergency {
			level += 10
		}
		rank[inc.Key] = level*1_000_000 + min(len(inc.Projects), 999_999)
	}
	return func(a tocsin.Action) int { return rank[a.Incident] }, nil
}
