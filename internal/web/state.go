package web

import (
	"bytes"
	"context"
	_ "embed"
	"io"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Policies are those that are loaded.
type Policies struct {
	Items []Policy `json:"items"`
}

func (c *call) listPolicies(context.Context) (answer, error) {
	list := slices.Clone(c.api.parts.Engine.Policies())
	slices.SortStableFunc(list, func(a, b Policy) int { return strings.Compare(a.Name, b.Name) })
	if list == nil {
		list = []Policy{}
	}
	return answer{body: Policies{Items: list}}, nil
}

// Feeds are those of the advisories, as they stand now, and the snapshot that verdicts are made with.
type Feeds struct {
	Items    []tocsin.FeedState `json:"items"`
	Snapshot tocsin.Snapshot    `json:"snapshot"`
	// Stale are the reasons why verdicts are undecided now; none: they are not.
	Stale []string `json:"stale"`
}

func (c *call) listFeeds(ctx context.Context) (answer, error) {
	feeds, err := c.api.store.Feeds(ctx)
	if err != nil {
		return answer{}, err
	}
	out := Feeds{Items: feeds, Snapshot: c.api.parts.Engine.Snapshot()}
	if out.Items == nil {
		out.Items = []tocsin.FeedState{}
	}
	if out.Snapshot.Feeds == nil {
		out.Snapshot.Feeds = []tocsin.FeedState{}
	}
	switch out.Stale = out.Snapshot.Stale(c.now); {
	case out.Snapshot.ID == "":
		out.Stale = []string{"no advisories are loaded yet: the configuration names feeds under advisories:, and the first sync takes some minutes"}
	case out.Stale == nil:
		out.Stale = []string{}
	}
	return answer{body: out}, nil
}

// Health says how the service is.
type Health struct {
	Status string `json:"status"`
}

func (c *call) healthy(context.Context) (answer, error) {
	return answer{body: Health{Status: "alive"}}, nil
}

func (c *call) ready(ctx context.Context) (answer, error) {
	if err := c.api.opts.Ready(ctx); err != nil {
		c.api.log.WarnContext(ctx, "refuse readiness", "err", err) // the reason may name what is not for everybody
		return answer{}, busy("The service is not ready.")
	}
	return answer{body: Health{Status: "ready"}}, nil
}

// document is written by the test that compares it with the table of routes.
//
//go:embed openapi.json
var document []byte

func (c *call) openAPI(context.Context) (answer, error) {
	return answer{write: func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(document))
		return err
	}}, nil
}
