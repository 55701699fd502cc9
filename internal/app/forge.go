package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubapp"
	"github.com/tocsin-dev/tocsin/notify/github"
)

// executor carries out actions on GitHub.
func (s *Service) executor(ctx context.Context) (*github.Executor, error) {
	key, err := s.store.Meta(ctx, "marker-key", func() (string, error) {
		b := make([]byte, 32)
		_, err := rand.Read(b)
		return base64.StdEncoding.EncodeToString(b), err
	})
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return nil, fmt.Errorf("reading the marker key: %w", err)
	}
	o := github.Options{BaseURL: s.set().config.GitHub.API, MarkerKey: raw, HTTP: s.opts.Transport, Now: s.opts.Now, Token: s.githubToken, Pace: s.pace, Limited: s.limited}
	if s.asApp != nil {
		o.Login = s.asApp.Login
	}
	return github.New(s.log, o)
}

// signIn makes ready what the service signs in to GitHub with as an App, if it does.
func (s *Service) signIn(c config.GitHub) (err error) {
	if c.App.ID == 0 {
		return nil
	}
	transport := s.opts.Transport
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second}
	}
	s.asApp, err = githubapp.New(githubapp.Options{API: c.API, ID: c.App.ID, Key: c.App.Key, Transport: transport})
	return err
}

// githubToken gives the token for the repositories of an account.
func (s *Service) githubToken(ctx context.Context, owner string) (string, error) {
	if s.asApp != nil {
		return s.asApp.Token(ctx, owner)
	}
	token := s.set().config.GitHub.Token
	if !token.IsSet() {
		return "", fmt.Errorf("no token is configured: %w", tocsin.ErrForbidden)
	}
	return token.Reveal(), nil
}
