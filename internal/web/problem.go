package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Problem is how a request is refused, as RFC 9457 has it.
type Problem struct {
	// Type is a page that tells of this kind of problem, Title the same in a few words.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is what was wrong this time, Field where: the name of a parameter, or a JSON pointer into the body. Fix is what to do.
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"`
	Fix    string `json:"fix,omitempty"`
	// RequestID is what to name when asking about it.
	RequestID string `json:"request_id"`
}

// What is refused for reasons that only the wire has.
var (
	errTooLarge     = errors.New("too large")
	errMedia        = errors.New("unsupported content")
	errPrecondition = errors.New("changed meanwhile")
	errNothing      = errors.New("nothing to scan")
	errRate         = errors.New("too many requests")
	errBusy         = errors.New("busy")
	errSlow         = errors.New("too slow")
	errNoMethod     = errors.New("no such method")
	errStopped      = errors.New("stopped by the gate")
)

// kinds is the one table of what an error is on the wire; the first that fits.
var kinds = []struct {
	err          error
	status       int
	name, title  string
	detail, fix_ string
}{
	{errTooLarge, 413, "too-large", "The request is too large", "", ""},
	{errMedia, 415, "unsupported-content", "The body cannot be read in this form", "", ""},
	{errPrecondition, 412, "changed-meanwhile", "It is not as it was when you read it", "", "read it again, and send the new ETag with If-Match"},
	{errNothing, 422, "nothing-to-scan", "Nothing was found to scan", "", ""},
	{errStopped, 422, "stopped-by-the-gate", "The gate does not let it pass", "", ""},
	{errRate, 429, "too-many-requests", "Too many requests", "", "wait for as long as Retry-After says"},
	{tocsin.ErrLimited, 429, "too-many-attempts", "Too many attempts", "Too many attempts to prove who asks have failed from this address.", "wait for as long as Retry-After says, and check the token"},
	{errSlow, 408, "too-slow", "The body came too slowly", "", "send it again over a faster connection"},
	{errBusy, 503, "busy", "Too much is being done at once", "", "send it again after as long as Retry-After says; nothing was kept"},
	{tocsin.ErrUnavailable, 503, "unavailable", "Something that is needed is not there now", "What is asked for the answer cannot be reached.",
		"send it again after as long as Retry-After says"},
	{errNoMethod, 405, "no-such-method", "The path does not take this method", "", "use one of those in Allow"},
	{tocsin.ErrUnauthenticated, 401, "not-signed-in", "You are not signed in", "There is no valid token or session with the request.", "send a token as Authorization: Bearer"},
	{tocsin.ErrForbidden, 403, "forbidden", "You may not do this", "Your access does not reach this far here.", "ask an administrator for access"},
	{tocsin.ErrNotFound, 404, "not-found", "There is no such thing", "It does not exist, or is not for you to see.", ""},
	{tocsin.ErrConflict, 409, "conflict", "Someone else was faster", "It was changed at the same time.", "read it again and retry"},
	{tocsin.ErrInvalid, 400, "invalid", "The request is not valid", "", ""},
}

// page is where the kinds of problem are told.
const page = "https://github.com/tocsin-dev/tocsin/blob/main/docs/api.md#"

// A refusal is an error whose text was written for the one who asks.
type refusal struct {
	err                error
	field, fix, detail string
	retry              time.Duration
	// whole says that the detail tells what to do.
	whole  bool
	header http.Header
}

func (r *refusal) Error() string { return r.err.Error() + ": " + r.detail }
func (r *refusal) Unwrap() error { return r.err }

// fault says what is wrong, where, and what to do.
func fault(err error, field, fix, format string, args ...any) *refusal {
	return &refusal{err: err, field: field, fix: fix, detail: fmt.Sprintf(format, args...)}
}

func invalid(field, fix, format string, args ...any) error {
	return fault(tocsin.ErrInvalid, field, fix, format, args...)
}

// describe is an error as its problem. What is not of a known kind tells nothing of itself.
func describe(err error, id string) (Problem, http.Header) {
	p := Problem{Type: page + "internal", Title: "Something went wrong on our side", Status: 500, Detail: "The log has it under the request id.", RequestID: id}
	header := http.Header{}
	for _, k := range kinds {
		if !errors.Is(err, k.err) {
			continue
		}
		p.Type, p.Title, p.Status, p.Detail, p.Fix = page+k.name, k.title, k.status, k.detail, k.fix_
		if k.err == tocsin.ErrInvalid { // such texts are for those who sent the input
			p.Detail = strings.TrimPrefix(strings.ToValidUTF8(err.Error(), "\uFFFD"), tocsin.ErrInvalid.Error()+": ")
		}
		break
	}
	if p.Status == 401 {
		header.Set("WWW-Authenticate", `Bearer realm="tocsin"`)
	}
	if p.Status == 503 {
		header.Set("Retry-After", "5")
	}
	var limited *tocsin.LimitedError
	if errors.As(err, &limited) && p.Status == 429 {
		header.Set("Retry-After", seconds(limited.RetryAfter))
	}
	var r *refusal
	if errors.As(err, &r) && p.Status != 500 {
		if r.detail != "" {
			p.Detail = r.detail
		}
		if r.fix != "" || r.whole {
			p.Fix = r.fix
		}
		p.Field = r.field
		if r.retry > 0 {
			header.Set("Retry-After", seconds(r.retry))
		}
		for name, values := range r.header {
			header[name] = values
		}
	}
	return p, header
}

// seconds are whole ones, at least one, as Retry-After has them.
func seconds(d time.Duration) string { return strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))) }

// refuse answers with the problem that an error is. One that is ours is logged.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p, header := a.Problem(r, err)
	b, _ := json.Marshal(p) // texts and a number cannot fail
	for name, values := range header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(b, '\n')) // who went away needs no answer
}
