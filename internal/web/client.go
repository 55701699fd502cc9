package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// A Client asks the routes of the API from within the process, as whoever sent a request: what somebody may not see or do there they do
// not see or do here. It is for one request, and not safe for concurrent use.
type Client struct {
	api *API
	w   http.ResponseWriter
	r   *http.Request
	// Who sent the request; the zero value is nobody, who reaches only what is for everybody.
	Who tocsin.Principal
	// call is the last one: what they may see is worked out once.
	call *call
}

// Client is one for whoever sent a request. Who did not prove who they are gets a client that is nobody's, and an
// [tocsin.ErrUnauthenticated].
func (a *API) Client(w http.ResponseWriter, r *http.Request) (*Client, error) {
	c := &Client{api: a, w: w, r: r}
	who, err := a.parts.Auth.Authenticate(r)
	if err == nil {
		err = a.rates.allow(string(who.Kind) + " " + who.Name)
	}
	if err != nil {
		return c, err
	}
	c.Who = who
	if w, ok := w.(*written); ok {
		w.who = who
	}
	return c, nil
}

// Anybody is a client for what is for everybody, whoever sent the request.
func (a *API) Anybody(r *http.Request) *Client { return &Client{api: a, r: r} }

// May says whether there is anything at all that they have a permission for.
func (c *Client) May(p tocsin.Permission) bool { return c.Who.MaySomewhere(p) }

// MayEverywhere says whether they have a permission for all projects.
func (c *Client) MayEverywhere(p tocsin.Permission) bool { return c.Who.May(p, tocsin.Project{}) }

// An Ask is what a route is asked with.
type Ask struct {
	// Path are the variables of the route's path, and Query its parameters; what is empty is left away.
	Path, Query map[string]string
	// Body is encoded as JSON; nil: there is none. File, if set, is sent as it is instead.
	Body any
	File io.Reader
}

// Get asks a route, by its name in the table, and gives its answer, which must be a T. Errors are those of the API; see [API.Problem].
func Get[T any](c *Client, id string, q Ask) (out T, err error) {
	got, err := c.ask(c.r.Context(), id, q)
	if err != nil {
		return out, err
	}
	out, ok := got.body.(T)
	if !ok {
		return out, fmt.Errorf("route %s answers %T, not %T", id, got.body, out)
	}
	return out, nil
}

// Do asks a route whose answer does not matter.
func (c *Client) Do(id string, q Ask) error {
	_, err := c.ask(c.r.Context(), id, q)
	return err
}

func (c *Client) ask(ctx context.Context, id string, q Ask) (answer, error) {
	i := slices.IndexFunc(c.api.routes, func(r route) bool { return r.id == id })
	if i < 0 {
		return answer{}, fmt.Errorf("there is no route %s", id)
	}
	line := c.api.routes[i]
	r, err := c.request(ctx, line, q)
	if err != nil {
		return answer{}, err
	}
	sub := &call{api: c.api, route: line, w: &unheard{discarded{header: http.Header{}}, c.w}, r: r, now: c.api.opts.Now(), who: c.Who}
	if line.where != open && c.Who.Kind == "" {
		return answer{}, tocsin.ErrUnauthenticated
	}
	if c.call != nil {
		sub.seen = c.call.seen
	}
	got, err := sub.proceed(ctx)
	c.call = sub
	return got, err
}

// unheard is the answer to a request within the process: nobody hears it. Deadlines are those of the request that it belongs to.
type unheard struct {
	discarded
	of http.ResponseWriter
}

// Unwrap is for [http.ResponseController].
func (u *unheard) Unwrap() http.ResponseWriter { return u.of }

// request makes the one that a route would have got.
func (c *Client) request(ctx context.Context, line route, q Ask) (*http.Request, error) {
	method, path, _ := strings.Cut(line.pattern, " ")
	for name, value := range q.Path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	values := url.Values{}
	for name, value := range q.Query {
		if value != "" {
			values.Set(name, value)
		}
	}
	body := q.File
	if q.Body != nil {
		b, err := json.Marshal(q.Body)
		if err != nil {
			return nil, fmt.Errorf("asking %s: %w", line.id, err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://tocsin.invalid"+path+"?"+values.Encode(), body)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", line.id, err)
	}
	for name, value := range q.Path {
		r.SetPathValue(name, value)
	}
	if q.Body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// A Line is one route of the table, for people who write programs.
type Line struct {
	ID, Method, Path, About string
	// Needs is the permission, Where what it is needed of.
	Needs tocsin.Permission
	Where string
	Query []Parameter
}

// A Parameter of a query.
type Parameter struct {
	Name, About string
	// One are the values that it may have; nil: any text.
	One []string
}

// Table is all routes, in the order of the document.
func (a *API) Table() []Line {
	var out []Line
	for _, r := range a.routes {
		l := Line{ID: r.id, About: r.about, Needs: r.needs, Where: string(r.where)}
		l.Method, l.Path, _ = strings.Cut(r.pattern, " ")
		for _, p := range r.query {
			l.Query = append(l.Query, Parameter{p.name, p.about, p.one})
		}
		out = append(out, l)
	}
	return out
}

// Handle has requests of a pattern answered by a page. It is for before the first request.
func (a *API) Handle(pattern string, h http.Handler) { a.mux.Handle(pattern, h) }

// Lost has a page answer who asks for what there is not, outside of /v1/. It is for before the first request.
func (a *API) Lost(h http.Handler) { a.lost = h }

// Feed is what the public may read as Atom; self is where it is.
func (a *API) Feed(list []tocsin.Publication, self string) ([]byte, error) {
	return a.parts.Desk.Feed(list, self)
}

// Versions are those of all incidents, by key. They say when something changed, and nothing else.
func (a *API) Versions(ctx context.Context) (map[string]int, error) { return a.store.Versions(ctx) }

// Invalid says what is wrong with what somebody sent, in which field, and what to do. It is an [tocsin.ErrInvalid].
func Invalid(field, fix, format string, args ...any) error {
	return invalid(field, fix, format, args...)
}

// Problem is how an error is told to whoever sent a request, with headers that belong to it. One that is ours is logged.
func (a *API) Problem(r *http.Request, err error) (Problem, http.Header) {
	p, header := describe(err, requestID(r.Context()))
	if p.Status == http.StatusInternalServerError {
		a.log.ErrorContext(r.Context(), "fail request", "request", p.RequestID, "route", r.Pattern, "err", err)
	}
	return p, header
}
