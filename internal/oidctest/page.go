package oidctest

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

//go:embed page.html
var pageText string

// asked is what a client wants of the page, as it stands in the address and goes on in the form.
type asked struct{ ClientID, Redirect, State, Nonce, Challenge string }

// asks reads a request for a code. Where the client or its address is not the one there is, nobody is sent anywhere (RFC 6749, section
// 4.1.2.1); what else is wrong is too plain a mistake to be told by a redirect.
func (i *Issuer) asks(q url.Values) (asked, error) {
	a := asked{q.Get("client_id"), q.Get("redirect_uri"), q.Get("state"), q.Get("nonce"), q.Get("code_challenge")}
	switch {
	case a.ClientID != i.o.ClientID || a.Redirect != i.o.Redirect:
		return a, fmt.Errorf("%w: this is not the client, or not its address", tocsin.ErrInvalid)
	case q.Get("response_type") != "code" || !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return a, fmt.Errorf("%w: want response_type=code and the scope openid", tocsin.ErrInvalid)
	case q.Get("code_challenge_method") != "S256" || a.Challenge == "":
		return a, fmt.Errorf("%w: want PKCE with S256", tocsin.ErrInvalid)
	}
	return a, nil
}

// choose shows who can sign in.
func (i *Issuer) choose(w http.ResponseWriter, r *http.Request) {
	if _, err := i.asks(r.URL.Query()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	nonce := rand.Text()
	page, err := i.page(r.URL.RawQuery, nonce)
	if err != nil {
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	// Browsers hold the redirect that answers the form to form-action too.
	h.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; style-src 'nonce-%s'; form-action 'self' %s://%s; base-uri 'none'; frame-ancestors 'none'",
		nonce, i.target.Scheme, i.target.Host))
	_, _ = w.Write(page)
}

// page is the HTML on which people choose whom to be. The form repeats the query of the request, and nonce lets its style in.
func (i *Issuer) page(query, nonce string) ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"People": i.o.People, "Action": "/authorize?" + query, "Nonce": nonce})
	return out.Bytes(), err
}

// chosen sends whoever was chosen back with a code.
func (i *Issuer) chosen(w http.ResponseWriter, r *http.Request) {
	a, err := i.asks(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	who := slices.IndexFunc(i.o.People, func(p Person) bool { return p.Subject == r.PostFormValue("person") })
	if who < 0 {
		http.Error(w, "choose one of the people of the page", http.StatusBadRequest)
		return
	}
	code, ok := i.grant(a, i.o.People[who])
	if !ok {
		http.Error(w, "too many sign-ins are on their way", http.StatusServiceUnavailable)
		return
	}
	to := *i.target
	q := to.Query()
	q.Set("code", code)
	q.Set("state", a.State)
	q.Set("iss", i.url) // RFC 9207
	to.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}
