package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// An Authenticator says who sent a request. It is safe for concurrent use.
type Authenticator struct {
	log       *slog.Logger
	store     Store
	o         Options
	secure    bool // people reach it over HTTPS
	origin    http.CrossOriginProtection
	issuers   map[string]*issuer
	pipelines []Pipeline
	attempts  *attempts
}

// Options of an [Authenticator].
type Options struct {
	// URL is where people reach the service, such as "https://tocsin.example.org". Over plain HTTP it must be a loopback address:
	// then cookies go without Secure and without the prefix "__Host-", and nowhere else.
	URL string
	// OIDC is how people sign in; nil: by the first link only.
	OIDC *OIDC
	// Pipelines whose identity tokens are taken, and Audience, which these tokens must be for.
	Pipelines []Pipeline
	Audience  string
	// Client is for requests to issuers. It should keep away from addresses that are not meant.
	Client *http.Client
	// Show writes a page. The headers that say what it may do with secrets in its address are set before, and stay.
	Show func(w http.ResponseWriter, r *http.Request, status int, p Page)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Address is who sent a request, for the limit on failed attempts; nil: the other end of the connection, which behind a proxy is
	// the proxy for all.
	Address func(r *http.Request) netip.Addr
}

// A Page says something to somebody who is not signed in.
type Page struct {
	Text string
	// First asks for a form that posts Token, as "token", to /auth/first.
	First bool
	Token string
}

// New makes an Authenticator. Its error, an [tocsin.ErrInvalid], joins all that is wrong with the options. No request is made: an
// issuer may be down.
func New(log *slog.Logger, store Store, o Options) (*Authenticator, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Address == nil {
		o.Address = remote
	}
	a := &Authenticator{log: log, store: store, o: o, issuers: map[string]*issuer{}, pipelines: o.Pipelines, attempts: newAttempts()}
	u, err := publicURL(o.URL)
	if err == nil && u.Path != "" && u.Path != "/" {
		err = fmt.Errorf("%w: want no path", tocsin.ErrInvalid)
	}
	if err != nil {
		return nil, fmt.Errorf("the service's URL: %w", err)
	}
	a.secure = u.Scheme == "https"
	a.o.URL = u.Scheme + "://" + u.Host
	var wrong []error
	add := func(url string) {
		if a.issuers[url] == nil {
			a.issuers[url] = newIssuer(url, o.Client, o.Now)
		}
	}
	if o.OIDC != nil {
		oidc := *o.OIDC
		if oidc.RedirectURL == "" {
			oidc.RedirectURL = a.o.URL + "/auth/callback"
		}
		if oidc.RedirectURL != a.o.URL+"/auth/callback" {
			wrong = append(wrong, fmt.Errorf("%w: redirect URL %q: want %s/auth/callback", tocsin.ErrInvalid, oidc.RedirectURL, a.o.URL))
		}
		a.o.OIDC = &oidc
		wrong = append(wrong, oidc.Validate())
		add(oidc.Issuer)
	}
	for _, p := range o.Pipelines {
		wrong = append(wrong, p.Validate())
		add(p.Issuer)
	}
	if len(o.Pipelines) > 0 && (o.Audience == "" || o.OIDC != nil && o.Audience == o.OIDC.ClientID) {
		wrong = append(wrong, fmt.Errorf("%w: audience: pipelines need one of their own, not that of people: the service's URL, for example", tocsin.ErrInvalid))
	}
	return a, errors.Join(wrong...)
}

// Renew gives another with other options, which counts failed attempts on, and keeps what issuers that both have told of themselves: one
// that is down just now locks nobody out. Its errors are those of [New].
func (a *Authenticator) Renew(o Options) (*Authenticator, error) {
	b, err := New(a.log, a.store, o)
	if err != nil {
		return nil, err
	}
	b.attempts = a.attempts
	for url := range b.issuers {
		if known := a.issuers[url]; known != nil {
			b.issuers[url] = known
		}
	}
	return b, nil
}

// publicURL reads an address that must be HTTPS, or on the loopback.
func publicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%w: %q: want https://host", tocsin.ErrInvalid, text)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("%w: %q: want https, since what is sent there must not be read on the way", tocsin.ErrInvalid, text)
	}
	return u, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}

// A Refusal says that nobody is known by what a request shows. Its text is the same whatever was wrong.
type Refusal struct {
	// Kind is [tocsin.ErrUnauthenticated], or [tocsin.ErrUnavailable] where an issuer could not be asked.
	Kind error
	// Anonymous: the request shows nothing at all.
	Anonymous bool
	// Reason is for the log. It has no secret in it.
	Reason string
}

func (e *Refusal) Error() string {
	if e.Kind == tocsin.ErrUnavailable {
		return e.Kind.Error() + ": who vouches for this credential cannot be asked now; try again"
	}
	return e.Kind.Error() + ": sign in, or send one valid token"
}

func (e *Refusal) Unwrap() error { return e.Kind }

func refuse(format string, args ...any) error {
	return &Refusal{Kind: tocsin.ErrUnauthenticated, Reason: fmt.Sprintf(format, args...)}
}

// Authenticate says who sent a request, by the one credential that it shows: "Authorization: Bearer" with an API token or the identity
// token of a pipeline, or the cookie of a session. Whatever cannot be believed is a [Refusal]. A session in a request that changes
// something and comes from another site is a [tocsin.ErrForbidden]. Who failed too often is a [tocsin.LimitedError].
func (a *Authenticator) Authenticate(r *http.Request) (tocsin.Principal, error) {
	headers, cookies := r.Header.Values("Authorization"), r.CookiesNamed(a.sessionCookie())
	if len(headers)+len(cookies) == 0 {
		return tocsin.Principal{}, &Refusal{Kind: tocsin.ErrUnauthenticated, Anonymous: true, Reason: "no credential"}
	}
	if err := a.attempts.check(a.o.Address(r), a.o.Now()); err != nil {
		return tocsin.Principal{}, err
	}
	var p tocsin.Principal
	var err error
	switch {
	case len(headers)+len(cookies) > 1:
		err = refuse("more than one credential")
	case len(cookies) == 1:
		if p, err = a.fromSession(r.Context(), cookies[0].Value); err == nil && a.origin.Check(r) != nil {
			return tocsin.Principal{}, fmt.Errorf("%w: the request comes from another site", tocsin.ErrForbidden)
		}
	default:
		p, err = a.fromBearer(r.Context(), headers[0])
	}
	if errors.Is(err, tocsin.ErrUnauthenticated) {
		a.attempts.fail(a.o.Address(r), a.o.Now())
	}
	if err != nil {
		return tocsin.Principal{}, err
	}
	return p, nil
}

func (a *Authenticator) fromBearer(ctx context.Context, header string) (tocsin.Principal, error) {
	scheme, credential, _ := strings.Cut(header, " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return tocsin.Principal{}, refuse("the scheme of Authorization is not Bearer")
	case strings.HasPrefix(credential, tokenPrefix):
		return a.fromToken(ctx, credential)
	default:
		return a.fromPipeline(ctx, credential)
	}
}

// Ready says whether people and pipelines can be recognised: it looks for each issuer that has not answered yet, and names those that
// do not. Without them API tokens and sessions go on.
func (a *Authenticator) Ready(ctx context.Context) error {
	urls := slices.Sorted(maps.Keys(a.issuers))
	down := make([]error, len(urls))
	var all sync.WaitGroup
	for n, url := range urls {
		all.Go(func() {
			_, err := a.issuers[url].discover(ctx)
			var refusal *Refusal
			if errors.As(err, &refusal) {
				err = fmt.Errorf("%w: %s", refusal.Kind, refusal.Reason)
			}
			down[n] = err
		})
	}
	all.Wait()
	return errors.Join(down...)
}
