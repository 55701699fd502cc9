package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// A route is one line of the table: what is asked, what is answered, and who may.
type route struct {
	// id names it in the document, the log of changes and tests.
	id, pattern, about string
	// needs is the permission, where of what; a route without a permission must say who may all the same.
	needs tocsin.Permission
	where where
	query []param
	// in is the zero value of a JSON body; nil: none. raw says that the body is a file.
	in  any
	raw bool
	// out is what is answered, by status.
	out map[int]any
	do  func(*call, context.Context) (answer, error)
}

// where says what a permission is needed of.
type where string

const (
	open         where = "open"              // of nothing: anybody may ask, and nobody is asked who they are
	signed       where = "signed"            // of nothing: who sends it has signed it with a secret, which the handler checks
	known        where = "signed in"         // of nothing: whoever is known may ask
	everywhere   where = "everywhere"        // of all projects, and what belongs to none
	somewhere    where = "somewhere"         // of any project; the answer holds only what the asker may see
	theProject   where = "the project"       // of the one that {slug} names
	aProject     where = "the project given" // of the one that ?project= names; of any if there is none
	newProject   where = "the project as it is and will be"
	theIncident  where = "the incident"          // of a project in the one that {key} names
	theAction    where = "the action's projects" // of what the action that {key} names is about
	maxParameter       = 2000                    // bytes
)

// A param is a parameter of a query.
type param struct {
	name, about string
	// one are the values that it may have; nil: any text.
	one []string
	typ paramType
}

type paramType string

const (
	paramText   paramType = ""
	paramBool   paramType = "boolean"
	paramTime   paramType = "date-time"
	paramNumber paramType = "integer"
)

// permissions are all that there are.
var permissions = []tocsin.Permission{tocsin.MayGate, tocsin.MaySend, tocsin.MayRead, tocsin.MayRespond, tocsin.MayManage, tocsin.MayRule}

func (a *API) register(r route) error {
	places := []where{open, signed, known, everywhere, somewhere, theProject, aProject, newProject, theIncident, theAction}
	switch {
	case !slices.Contains(places, r.where) || (r.where == open || r.where == signed || r.where == known) != (r.needs == ""):
		return fmt.Errorf("route %s does not say who may", r.pattern)
	case r.needs != "" && !slices.Contains(permissions, r.needs):
		return fmt.Errorf("route %s needs %q, which is no permission", r.pattern, r.needs)
	case (r.where == theProject || r.where == newProject) && !strings.Contains(r.pattern, "{slug}"):
		return fmt.Errorf("route %s has no {slug}", r.pattern)
	case r.where == aProject && !slices.ContainsFunc(r.query, func(p param) bool { return p.name == "project" }):
		return fmt.Errorf("route %s has no project in its query", r.pattern)
	case (r.where == theIncident || r.where == theAction) && !strings.Contains(r.pattern, "{key}"):
		return fmt.Errorf("route %s has no {key}", r.pattern)
	}
	a.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { a.serve(r, w, req) })
	return nil
}

// serve takes a request through the line of its route.
func (a *API) serve(r route, w http.ResponseWriter, req *http.Request) {
	c := &call{api: a, route: r, w: w, r: req, now: a.opts.Now()}
	got, err := a.answer(req.Context(), c)
	if err == nil {
		err = c.write(got)
	}
	if err != nil {
		a.refuse(w, req, err)
	}
}

func (a *API) answer(ctx context.Context, c *call) (answer, error) {
	if c.route.where != open && c.route.where != signed {
		var err error
		if c.who, err = a.parts.Auth.Authenticate(c.r); err != nil {
			return answer{}, err
		}
		if w, ok := c.w.(*written); ok {
			w.who = c.who
		}
		if err := a.rates.allow(string(c.who.Kind) + " " + c.who.Name); err != nil {
			return answer{}, err
		}
	}
	return c.proceed(ctx)
}

// proceed answers who is known, or need not be.
func (c *call) proceed(ctx context.Context) (answer, error) {
	var err error
	if c.query, err = parseQuery(c.route.query, c.r.URL.RawQuery); err != nil {
		return answer{}, err
	}
	if err := c.authorize(ctx); err != nil {
		return answer{}, err
	}
	return c.route.do(c, ctx)
}

// parseQuery takes the parameters that a route has and refuses others: one that is misspelt would be a filter that does nothing.
func parseQuery(params []param, raw string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalid("", "escape it with %XX", "the query cannot be read")
	}
	out := map[string]string{}
	for name, given := range values {
		i := slices.IndexFunc(params, func(p param) bool { return p.name == name })
		if i < 0 {
			return nil, invalid(clip(name), "leave it away; /v1/openapi.json has those that there are", "there is no such parameter here")
		}
		p, v := params[i], given[0]
		switch {
		case len(given) > 1:
			return nil, invalid(name, "give it once", "it is given %d times", len(given))
		case len(v) > maxParameter || !printable(v):
			return nil, invalid(name, "", "it is no text of at most %d bytes without control characters", maxParameter)
		case p.one != nil && v != "" && !slices.Contains(p.one, v):
			return nil, invalid(name, "use one of "+strings.Join(p.one, ", "), "%q is not a value that it has", clip(v))
		}
		if p.typ == paramBool && v != "true" && v != "false" && v != "" {
			return nil, invalid(name, "use true or false", "%q is neither true nor false", clip(v))
		}
		out[name] = v
	}
	return out, nil
}

var control = pattern.Lazy(`[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]`)

// printable says whether a text is UTF-8 without what a terminal or a log would obey or hide.
func printable(s string) bool {
	return strings.ToValidUTF8(s, "\x00") == s && !control().MatchString(s)
}

func clip(s string) string {
	if s = strings.ToValidUTF8(s, "\uFFFD"); len(s) > 100 {
		s = strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

// limits of a page.
const (
	pageSize = 100
	maxPage  = 500
)

func (c *call) limit() (int, error) {
	text := c.query["limit"]
	if text == "" {
		return pageSize, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, invalid("limit", "", "want a number from 1 to %d", maxPage)
	}
	return n, nil
}
