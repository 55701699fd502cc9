package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/tocsin-dev/tocsin"
)

// advised are the parameters of an advisory.
var advised = []param{
	{name: "format", about: "osv if missing; json is what the digests in the public history are of", one: []string{"osv", "csaf", "openvex", "github", "json"}},
	{name: "revision", about: "which one, from 1", typ: paramNumber},
}

// getAdvice gives the advisory to those downstream, as it is now, to who sees the whole incident.
func (c *call) getAdvice(ctx context.Context) (answer, error) {
	if !c.whole {
		return answer{}, fault(tocsin.ErrForbidden, "", "ask somebody who sees all of its projects", "The incident has projects that are not yours.")
	}
	return c.advice(ctx, c.incident.Key, c.api.parts.Desk.Advisory)
}

// getPublicAdvice answers everybody, and alike for what there is not and for what is not public.
func (c *call) getPublicAdvice(ctx context.Context) (answer, error) {
	key := c.r.PathValue("key")
	if !printable(key) {
		return answer{}, tocsin.ErrNotFound
	}
	a, err := c.advice(ctx, key, c.api.parts.Desk.PublicAdvisory)
	a.header = map[string][]string{"Cache-Control": {"public, max-age=60"}}
	return a, err
}

func (c *call) advice(ctx context.Context, key string, get func(context.Context, string, string, int) ([]byte, error)) (answer, error) {
	revision := 0
	if text := c.query["revision"]; text != "" {
		var err error
		if revision, err = strconv.Atoi(text); err != nil || revision < 1 {
			return answer{}, invalid("revision", "", "want a number from 1")
		}
	}
	body, err := get(ctx, key, cmp.Or(c.query["format"], "osv"), revision)
	if errors.Is(err, tocsin.ErrConflict) {
		return answer{}, told(err)
	} else if err != nil {
		return answer{}, err
	}
	return answer{write: func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	}}, nil
}
