package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
)

func serveCommand() *cobra.Command {
	var path string
	var live bool
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Watch a portfolio without pause, and answer its API",
		Long: `Serve keeps watch: it syncs the advisory feeds, looks at each project's source in its own time, matches what changed,
decides by policy, and opens, updates and closes what follows from it.

Everything lies in one SQLite file, or in the PostgreSQL database that database: names; then as many processes as are wanted may
serve it. Killed at any point, the next start goes on where it was.

Without --live it plans what it would do, and writes to nobody. SIGHUP reads the configuration again; one that is wrong is
reported, and the old one holds.`,
		Example: `  tocsin serve --config tocsin.yaml          # plans, and writes to nobody
  tocsin serve --config tocsin.yaml --live   # does it`,
		Args: usage(cobra.NoArgs),
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.Flags().BoolVar(&live, "live", false, "carry the actions out")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		c, err := config.Load(path)
		if err != nil {
			return exit{exitUsage, err}
		}
		log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
		s, err := app.New(cmd.Context(), log, c, app.Options{Live: live, Now: func() time.Time { return time.Now().UTC() }})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		server, who, err := s.API(cmd.Context())
		if err != nil {
			return exit{exitUsage, err}
		}
		link, err := who.FirstLink(cmd.Context())
		if err != nil {
			return err
		}
		if link != "" { // to the operator, not to the log
			fmt.Fprintf(cmd.OutOrStdout(), "Nobody is admin yet. Who opens this link within an hour is, once:\n%s\n", link)
		}
		go reload(cmd.Context(), log, path, s)
		log.Info("service started", "listen", c.Service.Listen, "live", live, "projects", len(c.Projects))
		if err := s.Serve(cmd.Context(), server); err != nil {
			return fmt.Errorf("serving: %w", err)
		}
		log.Info("service ended")
		return nil
	}
	return cmd
}

// reload takes the configuration anew at each SIGHUP.
func reload(ctx context.Context, log *slog.Logger, path string, s *app.Service) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	defer signal.Stop(asked)
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
		}
		c, err := config.Load(path)
		if err == nil {
			err = s.Reconfigure(ctx, c)
		}
		if err != nil {
			log.Error("configuration not taken", "err", err)
			continue
		}
		log.Info("configuration taken", "projects", len(c.Projects))
	}
}
