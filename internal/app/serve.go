package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsin-dev/tocsin/internal/jobs"
)

// Serve does the work of the service and answers requests until ctx ends: then it lets what is being done come to its end. Several
// processes may serve one PostgreSQL database. It is called once.
func (s *Service) Serve(ctx context.Context, servers ...*http.Server) error {
	if err := s.register(ctx); err != nil {
		return err
	}
	db, postgres := s.store.Jobs()
	where := jobs.Database{DB: db, Postgres: postgres}
	if err := jobs.Migrate(ctx, s.log, where); err != nil {
		return err
	}
	o := s.opts.Jobs
	if o.Workers == 0 {
		o.Workers = s.set().config.Service.Workers
	}
	var err error
	if s.engine, err = jobs.New(s.log, where, s.list(), o); err != nil {
		return err
	}
	close(s.running)
	if at := s.set().config.Service.Metrics; at != "" {
		servers = append(servers, &http.Server{Addr: at, Handler: s.Metrics(), ReadHeaderTimeout: scrape, WriteTimeout: 4 * scrape, MaxHeaderBytes: 16 << 10})
	}
	listen := s.opts.Listen
	if listen == nil {
		listen = func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.engine.Run(ctx) })
	g.Go(func() error { return s.follows(ctx) })
	g.Go(func() error { return s.bench.run(ctx) })
	for _, server := range servers {
		g.Go(func() error {
			l, err := listen(server.Addr)
			if err != nil {
				return err
			}
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
			defer cancel()
			return server.Shutdown(end)
		})
	}
	return g.Wait()
}

// drain is how long requests may go on after a process is told to end.
const drain = 15 * time.Second

// follows keeps the index and the policies of this process as new as what the store knows, whoever brought it.
func (s *Service) follows(ctx context.Context) error {
	t := time.NewTicker(s.opts.Rhythm.orDefault().Look)
	defer t.Stop()
	for {
		if err := s.reheed(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("changes of policies not read", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if s.indexes.syncing.Load() {
			continue
		}
		if changed, err := s.indexes.refresh(ctx, nil); err != nil && ctx.Err() == nil {
			s.log.Error("advisory index not brought up to date", "err", err)
		} else if changed {
			s.log.Info("advisory index brought up to date")
		}
	}
}

// Ready says why the service cannot answer yet; nil when it can.
func (s *Service) Ready(ctx context.Context) error {
	_, err := s.indexes.snapshot()
	_, _, down := s.store.Census(ctx)
	return errors.Join(err, down)
}
