package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/notify/github"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// maxLog bounds a SARIF log that is uploaded, before it is packed.
const maxLog = 256 << 20

func githubTell() *cobra.Command {
	var v github.Verdict
	var api, log string
	cmd := &cobra.Command{
		Use: "tell REPORT", Short: "Tell GitHub the verdict of a JSON report, as a commit status and as alerts", Args: usage(cobra.ExactArgs(1)),
		Long: `Tell sets the commit status "tocsin" by the gate of a report: success, failure, or error where it is undecided. With --sarif it uploads
a log to code scanning too. It is for pipelines that GitHub does not run itself; the token is read from GITHUB_TOKEN, and needs
statuses:write and, for a log, security_events:write. To tell again changes nothing: the newest counts.`,
		Example: `  tocsin gate --base main --report json=gate.json --report sarif=gate.sarif . ; tocsin github tell gate.json --repository acme/shop --commit "$SHA"
  tocsin github tell gate.json --repository acme/shop --commit "$SHA" --sarif gate.sarif --ref refs/heads/main --url "$BUILD_URL"`,
	}
	cmd.Flags().StringVar(&v.Repository, "repository", "", "owner/name")
	cmd.Flags().StringVar(&v.Commit, "commit", "", "full hash of the commit that was judged")
	cmd.Flags().StringVar(&log, "sarif", "", "SARIF log to upload")
	cmd.Flags().StringVar(&v.Ref, "ref", "", "what was judged, for the log: refs/heads/NAME or refs/pull/NUMBER/merge")
	cmd.Flags().StringVar(&v.URL, "url", "", "address that the status leads to")
	cmd.Flags().StringVar(&api, "api", "", "address of the REST API of a GitHub Enterprise Server")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		token := os.Getenv("GITHUB_TOKEN")
		if token == "" {
			return exit{exitUsage, errors.New("GITHUB_TOKEN is empty: give a token that may set commit statuses there")}
		}
		if err := readVerdict(&v, args[0], log); err != nil {
			return exit{exitUsage, err}
		}
		ex, err := github.New(slog.New(slog.DiscardHandler), github.Options{
			BaseURL: api, MarkerKey: []byte(rand.Text()), // nothing that is written here has a marker
			Token: func(context.Context, string) (string, error) { return token, nil },
		})
		if err != nil {
			return exit{exitUsage, err}
		}
		if err := ex.Tell(cmd.Context(), v); err != nil {
			if errors.Is(err, tocsin.ErrInvalid) {
				return exit{exitUsage, err}
			}
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "told %s of %s: %s\n", v.Repository, v.Commit, v.Text)
		return nil
	}
	return cmd
}

// readVerdict reads the report, and the log if there is one.
func readVerdict(v *github.Verdict, name, log string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	r, err := report.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var why []string
	for _, t := range r.Targets {
		why = append(why, t.Why...)
	}
	v.Gate, v.Text = r.Gate, string(r.Gate)+": "+cmp.Or(strings.Join(why, "; "), "nothing stands in the way")
	if log == "" {
		return nil
	}
	if info, err := os.Stat(log); err != nil || info.Size() > maxLog {
		return cmp.Or(err, fmt.Errorf("%w: %s is larger than %d MB", tocsin.ErrInvalid, log, maxLog>>20))
	}
	v.SARIF, err = os.ReadFile(log)
	return err
}
