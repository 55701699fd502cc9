package site

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/site/view"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// Options of a [Site]. What is zero is as in production.
type Options struct {
	Now func() time.Time
	// SignIn is the host of who vouches for people; empty: nobody does, and only tokens come in.
	SignIn func() string
	// URL is where people reach the service, without a slash at its end.
	URL func() string
}

// A Site answers browsers. It is safe for concurrent use.
type Site struct {
	api   *web.API
	opts  Options
	set   *view.Set
	pulse *pulse
}

// Mount has an API answer browsers too. It is for before the first request.
func Mount(api *web.API, o Options) (*Site, error) {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if o.SignIn == nil {
		o.SignIn = func() string { return "" }
	}
	if o.URL == nil {
		o.URL = func() string { return "" }
	}
	set, err := view.New()
	if err != nil {
		return nil, err
	}
	s := &Site{api: api, opts: o, set: set, pulse: newPulse(api.Versions)}
	for _, p := range pages() {
		api.Handle(p.pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(p, w, r) }))
	}
	api.Handle("GET /assets/{name}", http.HandlerFunc(s.asset))
	api.Handle("GET /findings.csv", http.HandlerFunc(s.csvFindings))
	api.Handle("GET /status/feed.atom", http.HandlerFunc(s.feed))
	api.Handle("GET /status/badge.svg", http.HandlerFunc(s.badge))
	api.Handle("GET /status/{key}/publication.json", http.HandlerFunc(s.publication))
	api.Handle("GET /replays/{id}/page", http.HandlerFunc(s.wholeReplay))
	api.Handle("GET /live", http.HandlerFunc(s.live))
	api.Lost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{site: s, w: w, r: r, now: o.Now()}
		v.Client, _ = api.Client(w, r) // who is nobody is lost all the same
		s.refuse(v, tocsin.ErrNotFound)
	}))
	return s, nil
}

// A page is one line of the table.
type page struct {
	pattern string
	// section of the navigation.
	section string
	// template shows what get gives. A form is posted to one with do instead, which says where to go then, and again, which shows
	// the page that the form was on; one with get shows what came of it.
	template string
	get      func(*visit) (shown, error)
	do       func(*visit) (string, error)
	again    *page
	// open pages are for everybody, and the same for everybody.
	open bool
}

// shown is what a page is made of.
type shown struct {
	title string
	body  any
	// live is where the page hears that it is out of date; empty: it is not told.
	live     string
	exercise bool
}

// A visit is one request on its way through its page.
type visit struct {
	*web.Client
	site *Site
	w    http.ResponseWriter
	r    *http.Request
	now  time.Time
	// tried is the form that was refused.
	tried url.Values
}

// q is a parameter of the query.
func (v *visit) q(name string) string { return v.r.URL.Query().Get(name) }

// The headers of every page. What is not said here is not allowed: no script but ours, no style in the text, no frame, nobody else's anything.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *Site) serve(p page, w http.ResponseWriter, r *http.Request) {
	v := &visit{site: s, w: w, r: r, now: s.opts.Now()}
	if p.open {
		v.Client = s.api.Anybody(r)
	} else {
		var err error
		if v.Client, err = s.api.Client(w, r); errors.Is(err, tocsin.ErrUnauthenticated) && r.Method == http.MethodGet {
			http.Redirect(w, r, "/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
			return
		} else if err != nil {
			s.refuse(v, err)
			return
		}
	}
	if r.Method == http.MethodPost {
		s.change(p, v)
		return
	}
	got, err := p.get(v)
	if err != nil {
		s.refuse(v, err)
		return
	}
	if p.open {
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Del("Vary")
	}
	s.write(v, http.StatusOK, p, got, nil)
}

// maxForm bounds a form that is not a file.
const maxForm = 128 << 10

// change does what a form asks for, and goes where it says. What was refused is told on the page that the form was on, with all that was
// typed.
func (s *Site) change(p page, v *visit) {
	v.w.Header().Set("Cache-Control", "no-store")
	err := v.form()
	if err == nil && p.do != nil {
		var to string
		if to, err = p.do(v); err == nil {
			http.Redirect(v.w, v.r, to, http.StatusSeeOther)
			return
		}
	} else if err == nil {
		var got shown
		if got, err = p.get(v); err == nil {
			s.write(v, http.StatusOK, p, got, nil)
			return
		}
	}
	if p.again != nil {
		v.tried = v.r.PostForm
		if got, failed := p.again.get(v); failed == nil {
			problem, header := s.api.Problem(v.r, err)
			for name, values := range header {
				v.w.Header()[name] = values
			}
			s.write(v, problem.Status, *p.again, got, told(problem))
			return
		}
	}
	s.refuse(v, err)
}

func told(p web.Problem) *view.Wrong {
	return &view.Wrong{Title: p.Title, Detail: p.Detail, Field: p.Field, Fix: strings.TrimSuffix(p.Fix, "."), Request: p.RequestID}
}

// refuse shows an error.
func (s *Site) refuse(v *visit, err error) {
	problem, header := s.api.Problem(v.r, err)
	for name, values := range header {
		v.w.Header()[name] = values
	}
	s.write(v, problem.Status, page{template: "wrong", open: v.Client == nil || v.Who.Kind == ""}, shown{title: problem.Title, body: problem.RequestID}, told(problem))
}

func (s *Site) write(v *visit, status int, p page, got shown, wrong *view.Wrong) {
	out := view.Page{Title: got.title, Section: p.section, Now: v.now, Wrong: wrong, Body: got.body, Exercise: got.exercise}
	if !p.open {
		out.Who, out.Nav, out.Done, out.Live = v.Who.Name, v.nav(), deeds[v.q("done")], got.live
	}
	var b bytes.Buffer
	if err := s.set.Write(&b, p.template, out); err != nil {
		problem, _ := s.api.Problem(v.r, err)
		http.Error(v.w, problem.Detail+" Request "+problem.RequestID, http.StatusInternalServerError)
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	if h.Get("Referrer-Policy") == "" {
		h.Set("Referrer-Policy", "same-origin")
	}
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(status)
	_, _ = b.WriteTo(v.w) // who went away needs no answer
}

// asset gives what pages need. Its name changes with its content, so it never has to be asked for again.
func (s *Site) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.set.Asset(r.PathValue("name"))
	if !ok {
		s.refuse(&visit{site: s, w: w, r: r, now: s.opts.Now()}, tocsin.ErrNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Del("Vary")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.Body))
}

// nav is the navigation, as far as it leads somewhere for whoever looks.
func (v *visit) nav() []view.Link {
	var out []view.Link
	for _, l := range []struct {
		name, to string
		needs    tocsin.Permission
	}{
		{"Overview", "/", tocsin.MayRead}, {"Incidents", "/incidents", tocsin.MayRead}, {"Projects", "/projects", tocsin.MayRead}, {"Findings", "/findings", tocsin.MayRead},
		{"Policies", "/policies", tocsin.MayRead}, {"Actions", "/actions", tocsin.MayRead}, {"Notifications", "/notifications", tocsin.MayRead}, {"Drills", "/drills", tocsin.MayRead}, {"Lessons", "/lessons", tocsin.MayRead}, {"Feeds", "/feeds", tocsin.MayRead},
		{"Audit", "/audit", tocsin.MayRule}, {"Jobs", "/jobs", tocsin.MayRule}, {"Settings", "/settings", tocsin.MayGate}, {"API", "/reference", tocsin.MayGate},
	} {
		if v.May(l.needs) {
			out = append(out, view.Link{Name: l.name, To: l.to})
		}
	}
	if len(out) == 0 {
		out = append(out, view.Link{Name: "Overview", To: "/"})
	}
	return out
}
