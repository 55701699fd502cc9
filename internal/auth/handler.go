package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-dev/tocsin"
)

// loginTime is how long a sign-in may be on its way.
const loginTime = 10 * time.Minute

// Handler serves what signing in takes: GET /auth/login (?next= a path of this service), GET /auth/callback, POST /auth/logout, and GET
// and POST /auth/first. Posts from other sites are refused. Queries below /auth/ have secrets of a few minutes: log their paths only.
func (a *Authenticator) Handler() http.Handler {
	mux := http.NewServeMux()
	if a.o.OIDC != nil {
		mux.HandleFunc("GET /auth/login", a.serve(a.login))
		mux.HandleFunc("GET /auth/callback", a.serve(a.callback))
	}
	mux.HandleFunc("POST /auth/logout", a.serve(a.logout))
	mux.HandleFunc("GET /auth/first", a.serve(a.showFirst))
	mux.HandleFunc("POST /auth/first", a.serve(a.useFirst))
	return a.origin.Handler(mux)
}

// serve counts failures, logs them, and shows a page that tells none of the reason.
func (a *Authenticator) serve(f func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // addresses here have secrets
		h.Set("X-Content-Type-Options", "nosniff")
		from := a.o.Address(r)
		err := a.attempts.check(from, a.o.Now())
		if err == nil {
			err = f(w, r)
		}
		if err == nil {
			return
		}
		status, text := http.StatusInternalServerError, "Something went wrong here; the log says what."
		reason := err.Error()
		var refusal *Refusal
		if errors.As(err, &refusal) {
			reason = refusal.Reason
		}
		var limited *tocsin.LimitedError
		switch {
		case errors.As(err, &limited):
			h.Set("Retry-After", fmt.Sprintf("%.0f", limited.RetryAfter.Seconds()))
			status, text = http.StatusTooManyRequests, "Too many attempts. Please wait a little."
		case errors.Is(err, tocsin.ErrUnauthenticated):
			a.attempts.fail(from, a.o.Now())
			status, text = http.StatusUnauthorized, "That did not work. Please start again from the beginning."
		case errors.Is(err, tocsin.ErrForbidden):
			status, text = http.StatusForbidden, "You are known here, but may not come in."
		case errors.Is(err, tocsin.ErrUnavailable):
			status, text = http.StatusServiceUnavailable, "Who vouches for you cannot be asked now. Please try again in a minute."
		}
		a.log.WarnContext(r.Context(), "refuse sign-in", "path", r.URL.Path, "from", from.String(), "status", status, "reason", reason)
		a.o.Show(w, r, status, Page{Text: text})
	}
}

func (a *Authenticator) login(w http.ResponseWriter, r *http.Request) error {
	l := login{random(sessionSize), local(r.URL.Query().Get("next"))}
	to, err := a.authorizeURL(r.Context(), l)
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(a.loginCookie(), l.String(), loginTime))
	http.Redirect(w, r, to, http.StatusFound)
	return nil
}

func (a *Authenticator) callback(w http.ResponseWriter, r *http.Request) error {
	cookies := r.CookiesNamed(a.loginCookie())
	http.SetCookie(w, a.cookie(a.loginCookie(), "", 0)) // once, whatever comes of it
	if len(cookies) != 1 {
		return refuse("sign-in: %d logins on their way in this browser, want one", len(cookies))
	}
	l, ok := parseLogin(cookies[0].Value)
	if !ok {
		return refuse("sign-in: the cookie of the login is not ours")
	}
	p, err := a.person(r.Context(), l, r.URL.Query())
	if err != nil {
		return err
	}
	session, secret := a.begin(p, p.Claimed)
	entry := tocsin.AuditEntry{At: session.CreatedAt, Kind: tocsin.PrincipalPerson, What: "person.signed_in", Target: p.Issuer + " " + p.Subject, Detail: map[string]string{"grants": describe(p.Claimed)}}
	if _, err := a.store.SignIn(r.Context(), session, digest(secret), a.before(r), entry); err != nil {
		if errors.Is(err, tocsin.ErrForbidden) {
			entry.What, entry.Who = "person.refused", p.Name
			err = errors.Join(err, a.store.Audit(r.Context(), entry))
		}
		return err
	}
	http.SetCookie(w, a.cookie(a.sessionCookie(), secret, absolute))
	http.Redirect(w, r, local(l.next), http.StatusSeeOther)
	return nil
}

func (a *Authenticator) logout(w http.ResponseWriter, r *http.Request) error {
	if c, err := r.Cookie(a.sessionCookie()); err == nil {
		if p, err := a.fromSession(r.Context(), c.Value); err == nil {
			if err := a.store.EndSession(r.Context(), digest(c.Value), p.Did("session.ended", p.ID, a.o.Now())); err != nil {
				return err
			}
		} else if !errors.Is(err, tocsin.ErrUnauthenticated) {
			return err
		}
	}
	http.SetCookie(w, a.cookie(a.sessionCookie(), "", 0))
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// local is a path of this service to go to, or "/" for all that a browser could take for another host.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || len(next) > 2000 || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.HasPrefix(u.Path, "/auth/") || strings.ContainsFunc(next, func(r rune) bool { return r == '\\' || r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
		return "/"
	}
	return next
}
