package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/site/view"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// A status is what the public reads of all incidents.
type status struct {
	Now, Past []tocsin.Publication
	More      int
}

func statusOf(list []tocsin.Publication, more int) shown {
	s := status{More: more}
	for _, p := range list {
		if p.State.Over() {
			s.Past = append(s.Past, p)
		} else {
			s.Now = append(s.Now, p)
		}
	}
	return shown{title: "Status", body: s}
}

// publicOf is the page of one publication: the newest entry first, and whether its chain holds.
func publicOf(p tocsin.Publication) shown {
	body := struct {
		tocsin.Publication
		Newest []tocsin.PublicEntry
		Broken string
		Advice bool
	}{Publication: p}
	for i := len(p.Entries) - 1; i >= 0; i-- {
		body.Newest = append(body.Newest, p.Entries[i])
		body.Advice = body.Advice || p.Entries[i].Revision > 0
	}
	if err := p.Verify(); err != nil {
		body.Broken = err.Error()
	}
	return shown{title: p.Name(), body: body}
}

func (v *visit) status() (shown, error) {
	got, err := web.Get[web.Publications](v.Client, "listPublic", web.Ask{})
	return statusOf(got.Items, got.More), err
}

func (v *visit) public() (shown, error) {
	p, err := web.Get[tocsin.Publication](v.Client, "getPublicIncident", web.Ask{Path: map[string]string{"key": v.r.PathValue("key")}})
	return publicOf(p), err
}

// feed is what the public reads as Atom.
func (s *Site) feed(w http.ResponseWriter, r *http.Request) {
	s.give(w, r, "application/atom+xml; charset=utf-8", func(v *visit) ([]byte, error) {
		got, err := web.Get[web.Publications](v.Client, "listPublic", web.Ask{})
		if err != nil {
			return nil, err
		}
		return s.api.Feed(got.Items, s.opts.URL()+"/status/feed.atom")
	})
}

// badge is a picture for pages of others.
func (s *Site) badge(w http.ResponseWriter, r *http.Request) {
	s.give(w, r, "image/svg+xml", func(v *visit) ([]byte, error) {
		got, err := web.Get[web.Publications](v.Client, "listPublic", web.Ask{})
		return badgeOf(statusOf(got.Items, 0).body.(status)), err
	})
}

func badgeOf(st status) []byte {
	text, colour := "no open incident", "#175c2b"
	if n := len(st.Now); n > 0 {
		text, colour = count(n, "open incident", "open incidents"), "#a61b12"
	}
	wide := 60 + 7*len(text)
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="status: %s"><title>status: %s</title>`+
		`<rect width="52" height="20" rx="3" fill="#3c444d"/><rect x="48" width="%d" height="20" rx="3" fill="%s"/>`+
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="7" y="14">status</text><text x="56" y="14">%s</text></g></svg>`+"\n",
		wide, html.EscapeString(text), html.EscapeString(text), wide-48, colour, html.EscapeString(text))
}

// publication is one as JSON, as "tocsin incidents verify" reads it.
func (s *Site) publication(w http.ResponseWriter, r *http.Request) {
	s.give(w, r, "application/json", func(v *visit) ([]byte, error) {
		p, err := web.Get[tocsin.Publication](v.Client, "getPublicIncident", web.Ask{Path: map[string]string{"key": r.PathValue("key")}})
		if err != nil {
			return nil, err
		}
		return document(p)
	})
}

func document(p tocsin.Publication) ([]byte, error) {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", p.Incident, err)
	}
	return append(b, '\n'), nil
}

// give answers everybody with what is not a page.
func (s *Site) give(w http.ResponseWriter, r *http.Request, typ string, make func(*visit) ([]byte, error)) {
	v := &visit{Client: s.api.Anybody(r), site: s, w: w, r: r, now: s.opts.Now()}
	b, err := make(v)
	if err != nil {
		s.refuse(v, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", typ)
	h.Set("Cache-Control", "public, max-age=60")
	h.Del("Vary")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// A Feeder writes publications as an Atom feed; self is where it is.
type Feeder func(list []tocsin.Publication, self string) ([]byte, error)

// Export makes the public pages as files, by path: for a host of its own, which answers while the service does not. They belong at the root
// of that host, whose address is base.
func Export(list []tocsin.Publication, base string, now time.Time, feed Feeder) (map[string][]byte, error) {
	set, err := view.New()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	write := func(name, template string, got shown) error {
		var b bytes.Buffer
		err := set.Write(&b, template, view.Page{Title: got.title, Now: now, Body: got.body, Copy: true})
		files[name] = b.Bytes()
		return err
	}
	st := statusOf(list, 0)
	if err := write("status/index.html", "status", st); err != nil {
		return nil, err
	}
	for _, p := range list {
		dir := path.Join("status", url.PathEscape(p.Incident))
		if strings.HasPrefix(p.Incident, ".") || path.Dir(dir) != "status" {
			return nil, fmt.Errorf("%w: incident %q cannot be the name of a folder", tocsin.ErrInvalid, p.Incident)
		}
		if err := write(path.Join(dir, "index.html"), "public", publicOf(p)); err != nil {
			return nil, err
		}
		if files[path.Join(dir, "publication.json")], err = document(p); err != nil {
			return nil, err
		}
	}
	if files["status/feed.atom"], err = feed(list, strings.TrimSuffix(base, "/")+"/status/feed.atom"); err != nil {
		return nil, err
	}
	files["status/badge.svg"] = badgeOf(st.body.(status))
	for name, a := range set.Assets() {
		files[path.Join("assets", name)] = a.Body
	}
	return files, nil
}
