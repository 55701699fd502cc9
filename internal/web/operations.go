package web

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// listAudit gives who rules everything all entries, and others those of the projects that they rule.
func (c *call) listAudit(ctx context.Context) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	q := store.AuditQuery{Who: c.query["who"], What: c.query["what"], Project: c.query["project"], Limit: limit + 1}
	if q.Since, err = instant("since", c.query["since"], time.Time{}); err != nil {
		return answer{}, err
	}
	if after != "" {
		var at int64
		if err := json.Unmarshal([]byte(after), &[]any{&at, &q.BeforeID}); err != nil {
			return answer{}, fmt.Errorf("a cursor that we sealed: %w", err)
		}
		q.Before = time.UnixMicro(at)
	}
	if !c.who.May(c.route.needs, tocsin.Project{}) {
		groups, err := c.api.store.Groups(ctx)
		if err != nil {
			return answer{}, err
		}
		q.Only = []string{}
		for _, p := range groups {
			if c.who.May(c.route.needs, p) {
				q.Only = append(q.Only, p.Slug)
			}
		}
	}
	items, err := c.api.store.AuditLog(ctx, q)
	if err != nil {
		return answer{}, err
	}
	return answer{body: paged(c, items, limit, func(e tocsin.AuditEntry) string { return fmt.Sprintf("[%d,%d]", e.At.UnixMicro(), e.ID) })}, nil
}

// Jobs are those that are not done.
type Jobs struct {
	Items []Job `json:"items"`
}

func (c *call) listJobs(ctx context.Context) (answer, error) {
	all, err := c.api.parts.Work.Undone(ctx)
	if err != nil {
		return answer{}, err
	}
	out := Jobs{Items: []Job{}}
	out.Items = append(out.Items, slices.DeleteFunc(all, func(j Job) bool { return !matches(c.query["state"], j.State) || !matches(c.query["kind"], j.Kind) })...)
	return answer{body: out}, nil
}

func (c *call) retryJob(ctx context.Context) (answer, error) {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return answer{}, tocsin.ErrNotFound
	}
	if err := c.note(ctx, strconv.FormatInt(id, 10), nil); err != nil {
		return answer{}, err
	}
	return answer{status: 204}, c.api.parts.Work.Retry(ctx, id)
}
