package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
)

const (
	// maxCommits bounds the commits whose checks are asked for in one go, those longest ago first: each takes some five requests of a budget
	// of 5,000 an hour, of which everything else lives too.
	maxCommits = 25
	// beginning is how long after a scan read a commit is waited for what did not begin, and for a forge that does not answer: it takes minutes to
	// start checks, and some that are required of a change never run on the branch that it goes to.
	beginning = 15 * time.Minute
	// askingFor bounds the time that it takes.
	askingFor = 4 * time.Minute
)

// A commit is one whose checks are to be asked for, for a project of an incident.
type commit struct {
	incident, project  string
	checks             tocsin.CommitChecks
	repository, branch string
}

// verifyChecks asks GitHub what ran at the commits that show projects of open emergencies clear, until they passed. What GitHub does not answer
// is asked again next time; only when that has gone on for a while it counts as not to be known.
func (s *Service) verifyChecks(ctx context.Context) error {
	if !s.set().config.GitHub.SignsIn() {
		return nil
	}
	list, err := s.commits(ctx)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, askingFor)
	defer cancel()
	said, known := map[string]map[string]tocsin.CommitChecks{}, map[[3]string]tocsin.CommitChecks{}
	for _, c := range list[:min(len(list), maxCommits)] {
		what := [3]string{c.repository, c.branch, c.checks.Commit}
		answer, done := known[what]
		if !done {
			var ok bool
			if answer, ok = s.checksOf(within, c); !ok {
				continue
			}
			known[what] = answer
		}
		if said[c.incident] == nil {
			said[c.incident] = map[string]tocsin.CommitChecks{}
		}
		answer.Since = c.checks.Since
		if answer.State() == tocsin.CheckPending && len(answer.Named(tocsin.CheckPending)) == 0 && !answer.AskedAt.Before(answer.Since.Add(beginning)) {
			answer.Unknown = "what counts did not run"
		}
		said[c.incident][c.project] = answer
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		r, err := s.portfolio(nil).LearnChecks(ctx, key, said[key])
		if err = errors.Join(err, s.follow(ctx, r)); err != nil {
			return err
		}
	}
	return nil
}

// checksOf asks for one commit; ok is false if nothing new is known.
func (s *Service) checksOf(ctx context.Context, c commit) (out tocsin.CommitChecks, ok bool) {
	now := s.opts.Now()
	out = tocsin.CommitChecks{Commit: c.checks.Commit, AskedAt: now}
	if c.repository == "" {
		out.Unknown = "the project has no repository on GitHub"
		return out, true
	}
	answer, err := s.github.Checks(ctx, c.repository, c.branch, c.checks.Commit, now)
	if err == nil {
		return answer, true
	}
	var failed *tocsin.DeliveryError
	again := !errors.As(err, &failed) || failed.Outcome != tocsin.OutcomePermanent
	if ctx.Err() != nil || again && (!c.checks.AskedAt.IsZero() || now.Before(c.checks.Since.Add(beginning))) {
		s.log.Warn("checks not asked", "project", c.project, "err", err)
		return out, false // what is known stays
	}
	out.Unknown = markdown.Line(err.Error(), 300)
	return out, true
}

// commits gives the commits that are to be asked for, those longest ago first.
func (s *Service) commits(ctx context.Context) (list []commit, err error) {
	for inc, err := range s.emergencies(ctx) {
		if err != nil {
			return nil, err
		}
		if list, err = s.commitsOf(ctx, inc, list); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list, func(a, b commit) int {
		return cmp.Or(a.checks.AskedAt.Compare(b.checks.AskedAt), strings.Compare(a.incident, b.incident), strings.Compare(a.project, b.project))
	})
	return list, nil
}

// commitsOf adds those of one incident.
func (s *Service) commitsOf(ctx context.Context, inc tocsin.Incident, list []commit) ([]commit, error) {
	wanted := map[string]tocsin.CommitChecks{}
	for _, p := range inc.Projects {
		c, err := s.proof(ctx, p)
		if err != nil {
			return nil, err
		}
		if c.Commit != "" {
			wanted[p.Slug] = c
		}
	}
	if len(wanted) == 0 {
		return list, nil
	}
	projects, err := s.store.Projects(ctx, store.ProjectQuery{Slugs: slices.Sorted(maps.Keys(wanted))})
	if err != nil {
		return nil, err
	}
	for _, w := range projects {
		one := commit{incident: inc.Key, project: w.Slug, checks: wanted[w.Slug], repository: w.Repository}
		if ref := w.Source.Ref; ref != "HEAD" && !tocsin.ValidCommit(ref) {
			one.branch = strings.TrimPrefix(ref, "refs/heads/")
		}
		list = append(list, one)
		delete(wanted, w.Slug)
	}
	for slug, c := range wanted { // what is watched no more has no repository
		list = append(list, commit{incident: inc.Key, project: slug, checks: c})
	}
	return list, nil
}

// proof is the commit that is to be asked for as it shows a project clear, with what is known of it; none if there is nothing to ask. Where that
// one does not pass, the newest that was scanned takes its place: were the project affected there, it would not be clear. One that passed stays
// the proof, since what is built on it afterwards is not the incident's business.
func (s *Service) proof(ctx context.Context, p tocsin.IncidentProject) (none tocsin.CommitChecks, err error) {
	c := p.Checks
	if p.Status != tocsin.ProjectPatched {
		return none, nil
	}
	held := c.State() == tocsin.CheckFailed || c.State() == tocsin.CheckPending
	if c.Commit == "" || held {
		b, err := s.store.NewestBuild(ctx, p.Slug)
		if err != nil {
			return none, err
		}
		// Where no scan said its commit, the newest build that has one may be from before the repair.
		if tocsin.ValidCommit(b.Ref) && b.Ref != c.Commit && b.At.After(c.Since) && (held || b.Inventory == p.Inventory) {
			c = tocsin.CommitChecks{Commit: b.Ref, Since: b.At}
		}
	}
	state := c.State()
	if state == tocsin.CheckPassed || state == tocsin.CheckUnknown && !c.AskedAt.IsZero() && s.opts.Now().Sub(c.AskedAt) < askAgain {
		return none, nil
	}
	return c, nil
}
