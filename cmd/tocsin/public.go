package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/site"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func publicCommand(path *string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "public KEY", Args: usage(cobra.ExactArgs(1)),
		Short: "Show what the public may read of an incident",
		Long: `Public writes what two people agreed to tell the public of an incident, and nothing else. Each entry has a
hash over itself and all before it, so that whoever kept a copy can see that nothing was changed or taken
back: see "tocsin incidents verify".`,
		Example: "  tocsin incidents public INC-CVE-2021-44228\n  tocsin incidents public INC-CVE-2021-44228 --format atom > feed.xml",
	}
	cmd.Flags().StringVar(&format, "format", "json", "json, markdown or atom")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			inc, err := s.Incident(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			p, ok := incidents.Publish(inc)
			if !ok {
				return exit{exitNothing, fmt.Errorf("nothing of %s is public: %w", inc.Key, tocsin.ErrNotFound)}
			}
			w := cmd.OutOrStdout()
			switch format {
			case "json":
				return writeJSON(w, p)
			case "markdown":
				_, err = fmt.Fprint(w, incidents.PublicMarkdown(p))
			case "atom":
				var feed []byte
				if feed, err = incidents.PublicAtom(p, ""); err == nil {
					_, err = w.Write(feed)
				}
			default:
				err = exit{exitUsage, fmt.Errorf("--format %q: want json, markdown or atom", format)}
			}
			return err
		})
	}
	return cmd
}

func pagesCommand(path *string) *cobra.Command {
	var out, base string
	cmd := &cobra.Command{
		Use: "pages --out DIR", Args: usage(cobra.NoArgs),
		Short: "Write the public status pages as files",
		Long: `Pages writes the public status page, a page and a JSON file for each incident of which something is public, an Atom feed and a
badge, as they are under /status of the service. Put on a host of their own, at its root, they answer while the service does not. What
two people did not agree to tell is not among them.`,
		Example: "  tocsin incidents pages --out ./public --base https://status.example.org",
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write to; files that are there already are replaced")
	cmd.Flags().StringVar(&base, "base", "", "address of the host that they are for, as the feed names it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if out == "" {
			return exit{exitUsage, errors.New("--out: name a folder")}
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			list, err := app.Publications(cmd.Context(), s)
			if err != nil {
				return err
			}
			now := time.Now().UTC()
			feed := func(list []tocsin.Publication, self string) ([]byte, error) {
				return incidents.StatusAtom(list, self, now)
			}
			files, err := site.Export(list, base, now, feed)
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(files)) {
				to := filepath.Join(out, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
					return fmt.Errorf("--out: %w", err)
				}
				if err := os.WriteFile(to, files[name], 0o644); err != nil {
					return fmt.Errorf("--out: %w", err)
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d files for %d incidents in %s\n", len(files), len(list), out)
			return err
		})
	}
	return cmd
}
