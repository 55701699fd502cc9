package github

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

const (
	// maxCheckPages bounds each list that is read of a commit, in pages of a hundred.
	maxCheckPages = 5
	// maxRuns bounds the checks that are given of a commit, maxCheckName the name of one, in characters.
	maxRuns      = 100
	maxCheckName = 100
)

// Checks asks what ran at a commit of a repository: check runs and commit statuses. branch is the one whose rules say which of them are
// required; empty: the default one. Where its rules and its protection cannot both be read, or name none, all that ran counts: what nobody
// said may fail must not fail.
//
// What cannot be known for want of a permission stands in the answer; an error, a [tocsin.DeliveryError], means that it is to be asked again.
// Since is for the caller to set.
func (e *Executor) Checks(ctx context.Context, repository, branch, commit string, now time.Time) (tocsin.CommitChecks, error) {
	out := tocsin.CommitChecks{Commit: commit, AskedAt: now}
	if !tocsin.ValidRepository(repository) || !tocsin.ValidCommit(commit) {
		return out, permanent("%w: repository %q, commit %q: want owner/name and a full hash", tocsin.ErrInvalid, repository, commit)
	}
	q := question{e: e, repository: repository}
	runs, err := q.runs(ctx, commit)
	if err != nil {
		return out, err
	}
	needed, err := q.required(ctx, branch)
	if err != nil {
		return out, err
	}
	all := !needed.whole || len(needed.list) == 0
	for _, r := range runs {
		r.Required = all || needed.names(r)
		out.Runs = append(out.Runs, r.CheckRun)
	}
	for _, n := range needed.list {
		if !slices.ContainsFunc(runs, n.is) {
			out.Runs = append(out.Runs, tocsin.CheckRun{Name: shownName(n.name), State: tocsin.CheckMissing, Required: true})
		}
	}
	out.Runs = worst(out.Runs)
	out.More = max(len(out.Runs)-maxRuns, 0)
	out.Runs = out.Runs[:len(out.Runs)-out.More]
	out.Unknown = strings.Join(q.hidden, "; ")
	return out, nil
}

// A question is one asking for checks; hidden is what could not be read.
type question struct {
	e          *Executor
	repository string
	hidden     []string
}

// run is a check with what tells it from others.
type run struct {
	tocsin.CheckRun
	full string // name
	app  int64  // by number; 0: it is a status, of which GitHub does not tell whose it is
}

// runs reads check runs and commit statuses.
func (q *question) runs(ctx context.Context, commit string) (out []run, err error) {
	err = q.pages(ctx, "check runs", "commits/"+commit+"/check-runs", url.Values{"filter": {"latest"}}, func(b json.RawMessage) (int, error) {
		var page api.ListCheckRunsResults
		if err := json.Unmarshal(b, &page); err != nil || page.Total == nil {
			return 0, fmt.Errorf("it is no list of check runs")
		}
		for _, c := range page.CheckRuns {
			out = append(out, run{tocsin.CheckRun{Name: shownName(c.GetName()), State: concluded(c.GetStatus(), c.GetConclusion()), At: c.GetCompletedAt().Time}, c.GetName(), c.GetApp().GetID()})
		}
		return len(page.CheckRuns), nil
	})
	if err != nil {
		return nil, err
	}
	err = q.pages(ctx, "commit statuses", "commits/"+commit+"/status", url.Values{}, func(b json.RawMessage) (int, error) {
		var page api.CombinedStatus
		if err := json.Unmarshal(b, &page); err != nil || page.TotalCount == nil {
			return 0, fmt.Errorf("it is no list of statuses")
		}
		for _, s := range page.Statuses {
			out = append(out, run{tocsin.CheckRun{Name: shownName(s.GetContext()), State: reported(s.GetState()), At: s.GetUpdatedAt().Time}, s.GetContext(), 0})
		}
		return len(page.Statuses), nil
	})
	return out, err
}

// pages reads a list of a commit page by page. What must not be read, or does not end, is noted as hidden.
func (q *question) pages(ctx context.Context, what, path string, query url.Values, read func(json.RawMessage) (int, error)) error {
	query.Set("per_page", "100")
	at := query.Encode()
	for range maxCheckPages {
		var body json.RawMessage
		h, err := q.e.call(ctx, Request{Method: http.MethodGet, Path: "repos/" + q.repository + "/" + path + "?" + at}, &body)
		switch {
		case err != nil && outcome(err) == tocsin.OutcomePermanent && refusalOf(err) != nil:
			q.hidden = append(q.hidden, fmt.Sprintf("GitHub does not show the %s: %s", what, markdown.Line(plain(err), 200)))
			return nil
		case err != nil:
			return explain(err, "asking for the %s of %s", what, q.repository)
		}
		n, err := read(body)
		if err != nil {
			return explain(err, "asking for the %s of %s", what, q.repository)
		}
		if at = nextPage(h); at == "" || n == 0 {
			return nil
		}
	}
	q.hidden = append(q.hidden, fmt.Sprintf("there are more %s than are read", what))
	return nil
}

// concluded reads the state of a check run.
// https://docs.github.com/rest/guides/using-the-rest-api-to-interact-with-checks#about-check-runs
func concluded(status, conclusion string) tocsin.CheckState {
	if status != "completed" {
		return tocsin.CheckPending
	}
	switch conclusion {
	case "success":
		return tocsin.CheckPassed
	case "neutral", "skipped":
		return tocsin.CheckSkipped
	}
	return tocsin.CheckFailed // failure, cancelled, timed_out, action_required, startup_failure, stale: to GitHub none of them is a pass
}

// reported reads the state of a commit status.
// https://docs.github.com/rest/commits/statuses#about-commit-statuses
func reported(state string) tocsin.CheckState {
	switch state {
	case "success":
		return tocsin.CheckPassed
	case "pending":
		return tocsin.CheckPending
	}
	return tocsin.CheckFailed // failure, error
}

// shownName is the name of a check as it is kept: whoever may write to the repository chose it.
func shownName(s string) string {
	return cmp.Or(markdown.Line(s[:min(len(s), 4*maxCheckName)], maxCheckName), "(without a name)")
}

// worst sorts what counts and is worst first, and leaves of several of one name the worst.
func worst(list []tocsin.CheckRun) []tocsin.CheckRun {
	order := []tocsin.CheckState{tocsin.CheckFailed, tocsin.CheckPending, tocsin.CheckMissing, tocsin.CheckPassed, tocsin.CheckSkipped}
	rank := func(r tocsin.CheckRun) int {
		n := slices.Index(order, r.State)
		if !r.Required {
			n += len(order)
		}
		return n
	}
	slices.SortStableFunc(list, func(a, b tocsin.CheckRun) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Name, b.Name))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(r tocsin.CheckRun) bool {
		twice := seen[r.Name]
		seen[r.Name] = true
		return twice
	})
}
