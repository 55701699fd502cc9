package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync/atomic"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/auth"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/site"
)

// Reconfigure is [Service.Configure] for a service that runs: projects that came are watched, and those that went no longer; feeds are
// synced as often, and those let in, as it says now. After an error that is a [tocsin.ErrInvalid] all is as it was. What the process opened
// at its start stays, and the log says so if it would be another. It is called by one goroutine at a time.
func (s *Service) Reconfigure(ctx context.Context, c config.Config) error {
	select {
	case <-s.running:
	case <-ctx.Done():
		return ctx.Err()
	}
	before := s.set().config
	c, held := hold(before, c)
	var who *auth.Authenticator
	if now := s.door.who.Load(); now != nil {
		var err error
		if who, err = now.Renew(s.access(c)); err != nil {
			return fmt.Errorf("access: %w", err)
		}
	}
	if err := s.Configure(c); err != nil {
		return err
	}
	if who != nil {
		s.door.who.Store(who)
	}
	if err := errors.Join(s.concede(ctx), s.meet(ctx)); err != nil {
		return err
	}
	if len(held) > 0 {
		s.log.Warn("some of the configuration holds from the next start", "keys", held)
	}
	if often := syncEvery(c); often != syncEvery(before) {
		if err := s.engine.Every(syncJob{}, often); err != nil {
			return err
		}
	}
	if err := s.register(ctx); err != nil {
		return err
	}
	return s.engine.Ask(ctx, reconsiderJob{})
}

// hold leaves in a configuration what a process opened at its start as it was, and names the keys that differ.
func hold(before, c config.Config) (config.Config, []string) {
	var held []string
	pin(&held, "data", before.Data, &c.Data)
	pin(&held, "database", before.Database, &c.Database)
	pin(&held, "serve.listen", before.Service.Listen, &c.Service.Listen)
	pin(&held, "serve.metrics", before.Service.Metrics, &c.Service.Metrics)
	pin(&held, "serve.workers", before.Service.Workers, &c.Service.Workers)
	pin(&held, "serve.traces", before.Service.Traces, &c.Service.Traces)
	pin(&held, "github", before.GitHub, &c.GitHub)
	pin(&held, "fetch", before.Fetch, &c.Fetch)
	return c, held
}

func pin[T any](held *[]string, key string, was T, is *T) {
	if !reflect.DeepEqual(was, *is) {
		*held, *is = append(*held, key), was
	}
}

// door lets in who may ask by the access that holds now. It is safe for concurrent use.
type door struct {
	who   atomic.Pointer[auth.Authenticator]
	pages *site.Site // there before anybody is answered
}

// show writes a page about who comes in.
func (d *door) show(w http.ResponseWriter, r *http.Request, status int, p auth.Page) {
	d.pages.Show(w, r, status, site.Entrance(p))
}

// Authenticate says who sent a request.
func (d *door) Authenticate(r *http.Request) (tocsin.Principal, error) {
	return d.who.Load().Authenticate(r)
}

// CreateToken makes a token.
func (d *door) CreateToken(ctx context.Context, by tocsin.Principal, q tocsin.TokenRequest) (secret.Value, tocsin.APIToken, error) {
	return d.who.Load().CreateToken(ctx, by, q)
}

// RevokeToken ends one.
func (d *door) RevokeToken(ctx context.Context, by tocsin.Principal, id, request string) error {
	return d.who.Load().RevokeToken(ctx, by, id, request)
}

// ChangePerson gives a person other grants.
func (d *door) ChangePerson(ctx context.Context, by tocsin.Principal, id string, grants []tocsin.Grant, disabled bool, request string) error {
	return d.who.Load().ChangePerson(ctx, by, id, grants, disabled, request)
}

// SignOut ends all sessions of a person.
func (d *door) SignOut(ctx context.Context, by tocsin.Principal, person, request string) error {
	return d.who.Load().SignOut(ctx, by, person, request)
}

// ServeHTTP answers what people meet when they sign in.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.who.Load().Handler().ServeHTTP(w, r)
}
