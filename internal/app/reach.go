package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/reach"
)

// GovulncheckCommand is the subcommand of this program under which it looks into one Go module, in a process of its own.
const GovulncheckCommand = "govulncheck"

// reachLimit is the time for all modules of one source.
const reachLimit = 5 * time.Minute

// Reach gives what says of findings how far the code in dir gets to them, by the records behind their advisories.
func Reach(records *Records, dir string) func(context.Context, []tocsin.Finding) ([]tocsin.Finding, error) {
	return func(ctx context.Context, findings []tocsin.Finding) ([]tocsin.Finding, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("finding this program: %w", err)
		}
		a := reach.Analysis{Dir: dir, Record: records.Record, Command: []string{self, GovulncheckCommand, "--"}, Limit: reachLimit}
		return a.Findings(ctx, findings)
	}
}
