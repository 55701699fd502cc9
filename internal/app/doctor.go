package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/jobs"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// A Check is one thing that was looked at.
type Check struct {
	Name  string     `json:"name"`
	State CheckState `json:"state"`
	Text  string     `json:"text"`
	// Fix says what to do; empty where there is nothing to.
	Fix string `json:"fix,omitempty"`
}

// CheckState is how a [Check] ended.
type CheckState string

// The states of a check.
const (
	Fine   CheckState = "ok"
	Doubt  CheckState = "note"  // it works, and somebody should look
	Wrong  CheckState = "wrong" // something does not work
	silent            = 14 * tocsin.Day
)

type examination struct {
	config config.Config
	now    time.Time
	out    []Check
}

func (e *examination) say(state CheckState, name, fix, format string, args ...any) {
	e.out = append(e.out, Check{name, state, fmt.Sprintf(format, args...), fix})
}

// Examine looks at an installation and changes nothing, but that opening its database brings that up to date.
func Examine(ctx context.Context, c config.Config, now time.Time) []Check {
	e := &examination{config: c, now: now}
	e.folder()
	e.policies()
	e.governance()
	s, err := OpenStore(ctx, c)
	if err != nil {
		e.say(Wrong, "database", "check that it runs, that database: names it, and that its user may change the schema", "%v", err)
		return e.out
	}
	defer s.Close() // read only
	e.say(Fine, "database", "", "open and up to date")
	for _, look := range []func(context.Context, *store.Store) error{e.feeds, e.index, e.projects, e.jobs, e.outbox} {
		if err := look(ctx, s); err != nil {
			e.say(Wrong, "database", "see whether it is still running", "%v", err)
		}
	}
	return e.out
}

func (e *examination) folder() {
	if err := os.MkdirAll(e.config.Data, 0o700); err != nil {
		e.say(Wrong, "data", "give data: a folder that this user may write to", "%v", err)
		return
	}
	f, err := os.CreateTemp(e.config.Data, "doctor-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		e.say(Wrong, "data", "give data: a folder that this user may write to", "%v", err)
		return
	}
	e.say(Fine, "data", "", "%s can be written to", e.config.Data)
}

func (e *examination) policies() {
	modes, err := PoliciesByMode(e.config.Policies)
	if err != nil {
		e.say(Wrong, "policies", "tocsin policy check says where", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	e.say(Fine, "policies", "", "%s in force, %d in the shadow, %d off", strings.Join(modes.Live.Names(), ", "), len(modes.Shadow), len(modes.Off))
	if _, err := Exceptions(e.config.Exceptions, e.now); err != nil {
		e.say(Wrong, "exceptions", "mend the file", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
}

func (e *examination) governance() {
	g, err := Governance(e.config.Governance)
	if err != nil {
		e.say(Wrong, "governance", "tocsin governance check says where", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	found := CheckGovernance(g, e.now)
	for _, one := range found {
		e.say(Doubt, "governance", "an emergency may find nobody; see docs/governance.md", "%s", one)
	}
	if len(found) == 0 {
		e.say(Fine, "governance", "", "%d people, %d rotations, %d escalation policies", len(g.People), len(g.Rotations), len(g.Escalation))
	}
}

func (e *examination) feeds(ctx context.Context, s *store.Store) error {
	feeds, err := s.Feeds(ctx)
	if err != nil {
		return err
	}
	if len(feeds) == 0 {
		e.say(Wrong, "feeds", "set advisories: and let tocsin serve sync them, or run tocsin db update --data "+e.config.Data, "no advisories were ever fetched")
	}
	for _, f := range feeds {
		switch age := e.now.Sub(f.SyncedAt); {
		case f.Status == tocsin.FeedTripped:
			e.say(Wrong, "feed "+f.Name, "look at what changed, and run tocsin db update --accept-bulk if it is right", "the breaker tripped: %s", f.Reason)
		case f.Status != tocsin.FeedOK:
			e.say(Wrong, "feed "+f.Name, "see whether "+f.From+" can be reached", "the last sync failed: %s", f.Reason)
		case age > tocsin.MaxFeedAge:
			e.say(Wrong, "feed "+f.Name, "see why it is not synced; verdicts are undecided until it is", "last synced %s ago", age.Round(time.Hour))
		default:
			e.say(Fine, "feed "+f.Name, "", "%d records, synced %s ago", f.Records, age.Round(time.Minute))
		}
	}
	return nil
}

func (e *examination) index(_ context.Context, _ *store.Store) error {
	x, skipped, err := advisories.OpenCurrent(pipeline.IndexDir(e.config.Data), advisories.OpenWhole)
	for _, problem := range skipped {
		e.say(Doubt, "index", "it is built anew by the next sync", "%v", problem)
	}
	switch {
	case errors.Is(err, tocsin.ErrNotFound):
		e.say(Doubt, "index", "it is built by the first sync", "there is none yet")
	case err != nil:
		e.say(Wrong, "index", "remove "+filepath.Join(e.config.Data, "index")+"; it is built anew from the database", "%v", err)
	default:
		e.say(Fine, "index", "", "%d records, as of %s", x.Snapshot().Records, x.Snapshot().AsOf.Format(time.DateTime))
		return x.Close()
	}
	return nil
}

func (e *examination) projects(ctx context.Context, s *store.Store) error {
	list, err := s.Projects(ctx, store.ProjectQuery{})
	if err != nil {
		return err
	}
	broken, quiet := 0, 0
	for _, w := range list {
		switch {
		case w.Status.Error != "":
			if broken++; broken <= 10 {
				e.say(Wrong, "source", "mend the source of the project, or its credentials", "%s: %s", w.Slug, w.Status.Error)
			}
		case w.Source.Kind == tocsin.SourceUpload && e.now.Sub(w.Status.TakenAt) > silent:
			quiet++
		}
	}
	if broken > 10 {
		e.say(Wrong, "source", "tocsin doctor names ten", "%d more sources cannot be read", broken-10)
	}
	if quiet > 0 {
		e.say(Doubt, "source", "see whether their pipelines still send", "%d projects sent no new inventory for %d days", quiet, silent/tocsin.Day)
	}
	if broken+quiet == 0 {
		e.say(Fine, "source", "", "%d projects, all read", len(list))
	}
	return nil
}

func (e *examination) jobs(ctx context.Context, s *store.Store) error {
	log := slog.New(slog.DiscardHandler)
	db, postgres := s.Jobs()
	where := jobs.Database{DB: db, Postgres: postgres}
	if err := jobs.Migrate(ctx, log, where); err != nil {
		return err
	}
	engine, err := jobs.Idle(log, where)
	if err != nil {
		return err
	}
	list, err := engine.Undone(ctx)
	if err != nil {
		return err
	}
	parked, late := 0, 0
	for _, j := range list {
		if j.State == jobs.Parked {
			parked++
		}
		if j.State == jobs.Waiting && e.now.Sub(j.At) > 5*time.Minute {
			late++
		}
	}
	if parked > 0 {
		e.say(Wrong, "jobs", "tocsin jobs list says why; then tocsin jobs retry ID", "%d were given up", parked)
	}
	if late > 0 {
		e.say(Wrong, "jobs", "see whether tocsin serve is running, and give it more serve: workers:", "%d wait for more than five minutes", late)
	}
	if parked+late == 0 {
		e.say(Fine, "jobs", "", "%d to do", len(list))
	}
	return nil
}

func (e *examination) outbox(ctx context.Context, s *store.Store) error {
	rows, err := s.Actions(ctx)
	if err != nil {
		return err
	}
	states := map[tocsin.ActionState]int{}
	for _, r := range rows {
		states[r.State]++
	}
	switch {
	case states[tocsin.ActionFailed] > 0:
		e.say(Wrong, "outbox", "tocsin actions list says why; mend it, and tocsin actions retry has it tried again", "%d actions failed", states[tocsin.ActionFailed])
	case states[tocsin.ActionWaiting] > 0:
		e.say(Doubt, "outbox", "tocsin actions list; then approve or veto", "%d actions wait for approval", states[tocsin.ActionWaiting])
	default:
		e.say(Fine, "outbox", "", "%d actions open", states[tocsin.ActionPending]+states[tocsin.ActionSending])
	}
	return nil
}
