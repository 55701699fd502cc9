package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// A refusal is an answer of GitHub other than success. It holds nothing of the request, where the token is.
type refusal struct {
	status    int
	message   string
	docs      string
	codes     []string // of the bad fields
	requestID string
}

func (r *refusal) Error() string {
	s := fmt.Sprintf("GitHub answered %d %s", r.status, http.StatusText(r.status))
	if r.message != "" {
		s += ": " + r.message
	}
	if r.requestID != "" {
		s += " (request " + r.requestID + ")"
	}
	return s
}

// classify says what an answer other than success means for us. Limits are told from other refusals by status,
// headers, message and documentation page, since GitHub uses each for both.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
func (e *Executor) classify(r Request, resp *http.Response, body []byte, token string) *tocsin.DeliveryError {
	ref := readRefusal(resp, body, token)
	de := &tocsin.DeliveryError{Outcome: tocsin.OutcomePermanent, Err: ref}
	wait, said := askedWait(resp.Header, e.opts.Now())
	switch {
	case ref.limited(said):
		de.Outcome, de.RetryAfter = tocsin.OutcomeTransient, restWait
		if said {
			de.RetryAfter = max(wait, time.Second)
		}
		e.rest(de.RetryAfter)
	case ref.status >= 500 || ref.status == http.StatusRequestTimeout:
		de.Outcome = tocsin.OutcomeTransient
		if r.writes() {
			de.Outcome = tocsin.OutcomeUnclear
		}
		if said {
			de.RetryAfter = wait
		}
	case ref.status == http.StatusConflict:
		de.Outcome = tocsin.OutcomeTransient
	case ref.status == http.StatusUnauthorized:
		de.Err = fmt.Errorf("%w: the GitHub token is wrong, expired or revoked: configure a new one: %w", tocsin.ErrForbidden, ref)
	case ref.status >= 300 && ref.status < 400:
		de.Err = fmt.Errorf("it has moved, or the base URL is wrong: %w", ref)
	}
	return de
}

// readRefusal reads GitHub's error body, or makes do with the status.
func readRefusal(resp *http.Response, body []byte, token string) *refusal {
	var in struct {
		Message string            `json:"message"`
		Docs    string            `json:"documentation_url"`
		Errors  []json.RawMessage `json:"errors"`
	}
	_ = json.Unmarshal(body, &in) // a proxy's page of HTML says no more than the status
	ref := &refusal{status: resp.StatusCode, docs: in.Docs,
		requestID: markdown.Line(resp.Header.Get("X-GitHub-Request-Id"), 80)}
	parts := []string{in.Message}
	for _, raw := range in.Errors {
		var f struct{ Resource, Code, Field, Message string }
		var s string
		switch {
		case json.Unmarshal(raw, &f) == nil:
			ref.codes = append(ref.codes, f.Code)
			parts = append(parts, strings.Join(strings.Fields(f.Resource+" "+f.Field+" "+f.Code+" "+f.Message), " "))
		case json.Unmarshal(raw, &s) == nil:
			parts = append(parts, s)
		}
	}
	ref.message = scrub(markdown.Line(strings.Join(parts, "; "), 400), token)
	return ref
}

// limited says whether the refusal comes from a limit; said, whether the headers name a time.
func (r *refusal) limited(said bool) bool {
	m := strings.ToLower(r.message)
	switch r.status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return said || strings.Contains(m, "rate limit") || strings.Contains(m, "abuse detection") ||
			strings.Contains(r.docs, "secondary-rate-limits") || strings.Contains(r.docs, "#abuse-rate-limits")
	case http.StatusUnprocessableEntity:
		return strings.Contains(m, "submitted too quickly")
	}
	return false
}

// abuse says whether GitHub found that too much was written, other than that a budget of requests is used up.
func (r *refusal) abuse() bool {
	m := strings.ToLower(r.message)
	return strings.Contains(r.docs, "secondary-rate-limits") || strings.Contains(r.docs, "#abuse-rate-limits") || strings.Contains(m, "secondary rate limit") || strings.Contains(m, "abuse detection") || strings.Contains(m, "submitted too quickly")
}

// scrub takes the token out of a text, should GitHub or a library have put it in.
func scrub(s, token string) string {
	if token == "" {
		return s
	}
	return strings.ReplaceAll(s, token, "[redacted]")
}

// permanent is a refusal of our own.
func permanent(format string, args ...any) *tocsin.DeliveryError {
	return &tocsin.DeliveryError{Outcome: tocsin.OutcomePermanent, Err: fmt.Errorf(format, args...)}
}

// explain says what we were doing, or what a person should do, and keeps what became of it.
func explain(err error, format string, args ...any) *tocsin.DeliveryError {
	out := tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: err}
	var de *tocsin.DeliveryError
	if errors.As(err, &de) {
		out = *de
	}
	out.Err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), out.Err)
	return &out
}

// refusalOf finds GitHub's refusal within an error, nil if it was none.
func refusalOf(err error) *refusal {
	var r *refusal
	errors.As(err, &r)
	return r
}

// status of GitHub's refusal, 0 if it was none.
func status(err error) int {
	if r := refusalOf(err); r != nil {
		return r.status
	}
	return 0
}

func outcome(err error) tocsin.Outcome {
	var de *tocsin.DeliveryError
	if errors.As(err, &de) {
		return de.Outcome
	}
	return ""
}

// gone says whether a thing is definitely not there, as opposed to not being told.
func gone(err error) bool {
	return slices.Contains([]int{http.StatusNotFound, http.StatusGone}, status(err))
}

// exists says whether a creation was refused because the thing is there already.
func exists(err error) bool {
	r := refusalOf(err)
	return r != nil && slices.Contains(r.codes, "already_exists")
}
