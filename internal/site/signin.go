package site

import (
	"net/http"
	"net/url"
)

// signIn says who vouches for people. Where to go afterwards is checked by who signs them in.
func (v *visit) signIn() (shown, error) {
	body := struct{ To, By string }{By: v.site.opts.SignIn()}
	if body.By != "" {
		body.To = "/auth/login"
		if next := v.q("next"); next != "" {
			body.To += "?" + url.Values{"next": {next}}.Encode()
		}
	}
	return shown{title: "Sign in", body: body}, nil
}

// An Entrance is what somebody is told who comes in or could not.
type Entrance struct {
	Text string
	// First has a form that posts Token to /auth/first.
	First bool
	Token string
}

// Show writes a page for somebody who is not signed in. Headers that are set already stay.
func (s *Site) Show(w http.ResponseWriter, r *http.Request, status int, e Entrance) {
	title := "Sign in"
	if e.First {
		title = "The first admin"
	}
	s.write(&visit{site: s, w: w, r: r, now: s.opts.Now()}, status, page{template: "entrance", open: true}, shown{title: title, body: e}, nil)
}
