package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// call makes one request and decodes the whole of its answer; a nil into takes any. An empty or torn answer is an
// error and never an empty list. Every error is a [tocsin.DeliveryError] without the token.
//
// The client's own memory of limits is not used: it goes by the wall clock and does not know a 429.
func (e *Executor) call(ctx context.Context, r Request, into any) (http.Header, error) {
	if err := ctx.Err(); err != nil {
		return nil, &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: fmt.Errorf("not sent: %w", err)}
	}
	if wait := e.paused(); wait > 0 {
		return nil, &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, RetryAfter: wait,
			Err: errors.New("not sent: GitHub asked us to wait")}
	}
	token, err := e.opts.Token(ctx, owner(r.Path))
	switch {
	case err != nil:
		return nil, &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient,
			Err: errors.New(scrub("reading the GitHub token: "+err.Error(), token))}
	case token == "":
		return nil, permanent("%w: the GitHub token is empty: configure one", tocsin.ErrForbidden)
	}
	if err := e.pace(ctx, r); err != nil {
		return nil, err
	}
	var body any
	if r.Body != nil {
		body = r.Body
	}
	req, err := e.client.NewRequest(r.Method, r.Path, body)
	if err != nil {
		return nil, permanent("building request: %s", scrub(err.Error(), token))
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if r.IfNoneMatch != "" {
		req.Header.Set("If-None-Match", r.IfNoneMatch)
	}
	// Retries know a POST by its method, and rewind the body themselves.
	resp, err := e.http.Do(req.WithContext(ctx))
	if err != nil {
		return nil, lost(r, err, token)
	}
	defer resp.Body.Close()
	b, readErr := io.ReadAll(resp.Body)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		de := e.classify(r, resp, b, token)
		if ref := refusalOf(de); r.writes() && e.opts.Limited != nil && ref.abuse() {
			e.opts.Limited(ctx, ref.Error())
		}
		return nil, de
	}
	switch {
	case readErr != nil:
		return nil, lost(r, fmt.Errorf("reading the answer: %w", readErr), token)
	case into == nil:
		return resp.Header, nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return nil, lost(r, fmt.Errorf("decoding the answer: %w", err), token)
	}
	return resp.Header, nil
}

// What a request costs, and how long it counts.
const (
	writeCost   = 5
	pointWindow = time.Minute
)

// pace waits for nothing: it says when there is no room for a write.
func (e *Executor) pace(ctx context.Context, r Request) error {
	if e.opts.Pace == nil {
		return nil
	}
	now := e.opts.Now()
	e.mu.Lock()
	e.reads = slices.DeleteFunc(e.reads, func(at time.Time) bool { return now.Sub(at) >= pointWindow })
	if !r.writes() {
		e.reads = append(e.reads, now)
	}
	told := len(e.reads)
	e.mu.Unlock()
	if !r.writes() {
		return nil
	}
	if err := e.opts.Pace(ctx, told+writeCost, r.creates()); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads = e.reads[min(told, len(e.reads)):]
	return nil
}

// owner is the account that a path is about; empty if it is about none.
func owner(path string) string {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(path, "/"), "repos/")
	if !ok {
		return ""
	}
	account, _, _ := strings.Cut(rest, "/")
	return account
}

// lost is an error without an answer we could read: what was written may have taken effect.
func lost(r Request, err error, token string) error {
	de := &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: errors.New(scrub(err.Error(), token))}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			de.Err = fmt.Errorf("%s %s: %w", r.Method, r.Path, known)
		}
	}
	// A POST is tried once, so that one that never got a connection was not sent. A PATCH may have been, before.
	var op *net.OpError
	unsent := r.Method == http.MethodPost && errors.As(err, &op) && op.Op == "dial"
	if r.writes() && !unsent {
		de.Outcome = tocsin.OutcomeUnclear
	}
	return de
}

// paused is how long GitHub's last limit still holds. To go on in spite of it would endanger the account.
func (e *Executor) paused() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pause.Sub(e.opts.Now())
}

func (e *Executor) rest(wait time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if until := e.opts.Now().Add(wait); until.After(e.pause) {
		e.pause = until
	}
}

// maxPages bounds a list, which is longer only if something is wrong.
const maxPages = 2000

// each calls visit for all items of a list, page by page, until it returns true. An error means that the list was
// not seen to its end.
func each[T any](ctx context.Context, e *Executor, path string, query url.Values, visit func(T) (done bool)) error {
	query.Set("per_page", "100")
	at := query.Encode()
	for range maxPages {
		var items []T
		h, err := e.call(ctx, Request{Method: http.MethodGet, Path: path + "?" + at}, &items)
		if err != nil {
			return err
		}
		if items == nil { // null is not a list
			return &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: errors.New("GitHub sent no list")}
		}
		for _, it := range items {
			if visit(it) {
				return nil
			}
		}
		next := nextPage(h)
		if next == "" {
			return nil
		}
		if next == at {
			break
		}
		at = next
	}
	return &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: fmt.Errorf("list %s does not end", path)}
}

// nextLink is the link of the next page, whose query alone is used.
// https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api#using-link-headers
var nextLink = pattern.Lazy(`<([^<>]*)>;\s*rel="next"`)

func nextPage(h http.Header) string {
	m := nextLink().FindStringSubmatch(h.Get("Link"))
	if m == nil {
		return ""
	}
	u, err := url.Parse(m[1])
	if err != nil {
		return ""
	}
	return u.Query().Encode()
}
