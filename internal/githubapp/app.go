// Package githubapp signs in to GitHub as an App: it gives a short-lived token for each account that the App is installed on, so that
// no long-lived one lies anywhere.
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
package githubapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/bradleyfalzon/ghinstallation/v2"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// Options of an [App]. All but API are needed.
type Options struct {
	API string // base URL of the REST API; empty: github.com's
	ID  int64
	Key secret.Value // private key, PEM
	// Transport carries the requests. It bounds their time.
	Transport http.RoundTripper
}

// publicAPI is github.com's.
const publicAPI = "https://api.github.com"

// An App gives tokens. It is safe for concurrent use.
type App struct {
	base string
	apps *ghinstallation.AppsTransport
	http *http.Client // as the App itself

	mu     sync.Mutex
	login  string
	owners map[string]*ghinstallation.Transport // by account, in lower case
}

// New checks the key. Nothing is asked yet.
func New(o Options) (*App, error) {
	base := strings.TrimSuffix(o.API, "/")
	if base == "" {
		base = publicAPI
	}
	apps, err := ghinstallation.NewAppsTransport(o.Transport, o.ID, []byte(o.Key.Reveal()))
	if err != nil { // the error has nothing of the key, and might come to have
		return nil, fmt.Errorf("%w: the private key of the GitHub App is no RSA key in PEM: download it from the App's settings", tocsin.ErrInvalid)
	}
	apps.BaseURL = base
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &App{base: base, apps: apps, http: &http.Client{Transport: apps, CheckRedirect: stay}, owners: map[string]*ghinstallation.Transport{}}, nil
}

// account is what GitHub allows.
var account = pattern.Lazy(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}$`)

// maxOwners bounds the accounts that are remembered.
const maxOwners = 10_000

// Token gives a token for the repositories of an account, new or one that holds for some minutes yet. That the App is not installed there
// is a [tocsin.ErrForbidden].
func (a *App) Token(ctx context.Context, owner string) (string, error) {
	if !account().MatchString(owner) {
		return "", fmt.Errorf("%w: %q is no account of GitHub", tocsin.ErrInvalid, owner)
	}
	key := strings.ToLower(owner)
	a.mu.Lock()
	t := a.owners[key]
	a.mu.Unlock()
	if t == nil {
		var found struct {
			ID int64 `json:"id"`
		}
		if err := a.get(ctx, "/users/"+url.PathEscape(owner)+"/installation", &found); err != nil {
			return "", fmt.Errorf("looking for the GitHub App at %s: %w", owner, err)
		}
		t = ghinstallation.NewFromAppsTransport(a.apps, found.ID)
		a.mu.Lock()
		if len(a.owners) >= maxOwners {
			clear(a.owners)
		}
		a.owners[key] = t
		a.mu.Unlock()
	}
	token, err := t.Token(ctx)
	if err == nil {
		return token, nil
	}
	a.mu.Lock()
	delete(a.owners, key) // it may have been installed anew
	a.mu.Unlock()
	var refused *ghinstallation.HTTPError
	if errors.As(err, &refused) && refused.Response != nil {
		return "", fmt.Errorf("asking for a token of the GitHub App at %s: %w", owner, answered(refused.Response.StatusCode))
	}
	return "", fmt.Errorf("asking for a token of the GitHub App at %s: %w", owner, err)
}

// Permissions gives what the App may do at an account, by GitHub's name of each: read, write or admin.
func (a *App) Permissions(ctx context.Context, owner string) (map[string]string, error) {
	if !account().MatchString(owner) {
		return nil, fmt.Errorf("%w: %q is no account of GitHub", tocsin.ErrInvalid, owner)
	}
	found := struct {
		Permissions map[string]string `json:"permissions"`
	}{map[string]string{}}
	if err := a.get(ctx, "/users/"+url.PathEscape(owner)+"/installation", &found); err != nil {
		return nil, fmt.Errorf("looking for the GitHub App at %s: %w", owner, err)
	}
	return found.Permissions, nil
}

// Login is what the App's own doings are signed with: its name and "[bot]".
func (a *App) Login(ctx context.Context) (string, error) {
	a.mu.Lock()
	login := a.login
	a.mu.Unlock()
	if login != "" {
		return login, nil
	}
	var self struct {
		Slug string `json:"slug"`
	}
	if err := a.get(ctx, "/app", &self); err != nil {
		return "", fmt.Errorf("asking which GitHub App this is: %w", err)
	}
	if self.Slug == "" {
		return "", fmt.Errorf("%w: GitHub did not say which App this is", tocsin.ErrUnavailable)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.login = self.Slug + "[bot]"
	return a.login, nil
}

// maxAnswer is the largest answer that is read.
const maxAnswer = 1 << 20

func (a *App) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
	if err != nil {
		return err
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // read only
	if resp.StatusCode != http.StatusOK {
		return answered(resp.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// answered says what a refusal means, without the answer's own words.
func answered(status int) error {
	switch status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: GitHub refused the App's key (401): check the App's id, its key and this machine's clock", tocsin.ErrForbidden)
	case http.StatusForbidden:
		return fmt.Errorf("%w: GitHub refused (403): the installation may be suspended", tocsin.ErrForbidden)
	case http.StatusNotFound:
		return fmt.Errorf("%w: the App is not installed there (404): install it, and give it the repositories", tocsin.ErrForbidden)
	}
	return fmt.Errorf("%w: GitHub answered %d", tocsin.ErrUnavailable, status)
}
