package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/demo"
	"github.com/tocsin-dev/tocsin/internal/oidctest"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// demoListen is where the demonstration is opened, unless another place is named: where a service is.
const demoListen = "127.0.0.1:8080"

// A rewound clock shows some time ago, so that a story has a past.
type rewound struct{ ago atomic.Int64 }

func (c *rewound) now() time.Time          { return time.Now().UTC().Add(-time.Duration(c.ago.Load())) }
func (c *rewound) since(ago time.Duration) { c.ago.Store(int64(ago)) }

// A scene is the demonstration's service in the midst of an emergency, with everything that it needs beside it.
type scene struct {
	ctx       context.Context
	w         io.Writer
	dir, base string // of the files; where people reach it
	clock     rewound
	config    config.Config
	projects  []config.Project
	service   *app.Service
	ids       map[string]string // of people in the service, by name
	deaf      string            // takes notices
	closers   []func() error
}

// openDemo plays the story up to its middle, and serves it until ctx ends. Who comes to the door before waits there.
func openDemo(ctx context.Context, w io.Writer, log *slog.Logger, dir string, l net.Listener) (err error) {
	s := &scene{ctx: ctx, w: w, dir: dir, base: "http://" + l.Addr().String(), ids: map[string]string{}}
	defer func() {
		for n := range s.closers {
			err = errors.Join(err, s.closers[len(s.closers)-1-n]())
		}
	}()
	fmt.Fprintln(w, "Setting the scene: a portfolio, an emergency of last month, and one that is running.")
	server, err := s.build(log, l)
	if err != nil {
		return err
	}
	for _, act := range []func() error{func() error { return s.signIn(server.Handler) }, s.lastMonth, s.today} {
		if err := act(); err != nil {
			return fmt.Errorf("setting the scene: %w", err)
		}
	}
	s.clock.since(0)
	s.tell()
	return s.service.Serve(ctx, server)
}

// listenHere listens on the loopback and nowhere else.
func listenHere(at string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return nil, exit{exitUsage, fmt.Errorf("--listen %q: want address:port, such as %s", at, demoListen)}
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.IsLoopback() {
		return nil, exit{exitUsage, fmt.Errorf("--listen %q: want an address of this machine alone, such as %s: anybody who reaches the demonstration signs in without a password", at, demoListen)}
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, exit{exitUsage, fmt.Errorf("--listen %s: %w; name another port, or 0 for any that is free", at, err)}
	}
	return l, nil
}

// build puts together what is served: the files, a GitHub, an issuer, somebody who hears of everything and passes nothing on, and the service.
func (s *scene) build(log *slog.Logger, l net.Listener) (*http.Server, error) {
	portfolio := filepath.Join(s.dir, "portfolio")
	s.projects = demo.Projects(portfolio)
	if err := errors.Join(demo.Write(portfolio), demo.Spread(portfolio)); err != nil {
		return nil, err
	}
	feeds, err := demo.Feeds(filepath.Join(s.dir, "landmarks"))
	if err != nil {
		return nil, err
	}
	s.clock.since(lastMonth)
	forge, github, err := demo.Forge(s.projects, s.clock.now)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, forge.Close)
	word := secret.New("demo-secret-of-no-worth")
	issuer, err := oidctest.Start(oidctest.Options{People: demo.People(), ClientID: "tocsin", ClientSecret: word, Redirect: s.base + "/auth/callback", Now: s.clock.now})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, issuer.Close)
	if s.deaf, err = s.beside(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })); err != nil {
		return nil, err
	}
	s.config = config.Config{
		Data: filepath.Join(s.dir, "data"), Interval: 10 * time.Minute, Advisories: feeds,
		Coordination: config.Coordination{Repository: demo.Coordination, Visibility: tocsin.VisibilityPrivate},
		GitHub:       config.GitHub{API: github, Token: secret.New(demo.Token)}, Projects: demo.Grouped(s.projects, "platform")[1:], // the ledger came later
		Publisher: tocsin.Publisher{Name: "Example Shop", URL: "https://shop.example"},
		Service:   config.Service{Listen: l.Addr().String(), URL: s.base},
		Access:    config.Access{OIDC: &config.OIDC{Issuer: issuer.URL(), ClientID: "tocsin", ClientSecret: word, GroupsClaim: "groups", Grants: demo.Grants()}},
		Fetch:     config.Fetch{Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, // the issuer and who hears are here
	}
	if err := demo.Settings(filepath.Join(s.dir, "settings"), s.deaf, nil, s.clock.now(), &s.config); err != nil {
		return nil, err
	}
	s.service, err = app.New(s.ctx, log, s.config, app.Options{Live: true, Now: s.clock.now, Listen: func(string) (net.Listener, error) { return l, nil }})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.service.Close)
	server, _, err := s.service.API(s.ctx)
	return server, err
}

// beside serves something on a free port of the loopback, and gives its address.
func (s *scene) beside(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening on the loopback: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	s.closers = append(s.closers, func() error {
		err := server.Close()
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	})
	return "http://" + l.Addr().String(), nil
}

// tell says where it is, who there is, and how it ends.
func (s *scene) tell() {
	fmt.Fprintf(s.w, "\nOpen %s and sign in, without a password, as one of these:\n\n", s.base)
	table := tabwriter.NewWriter(s.w, 0, 0, 2, ' ', 0)
	for _, p := range demo.People() {
		fmt.Fprintf(table, "  %s\t%s\tMay %s.\n", p.Name, p.About, p.May)
	}
	_ = table.Flush()
	fmt.Fprintf(s.w, `
%s is running, and the next update is due soon. The service works as a real one does, on a GitHub inside this program;
its feeds are the embedded advisories of famous incidents, so that nothing is clean by them. It answers this machine alone.

Everything is in %s. Stop with Ctrl-C.
`, running, s.dir)
}
