package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// The exit codes that a gate's answer names: those of "tocsin gate".
const (
	exitPass      = 0
	exitFailed    = 1
	exitNothing   = 3
	exitUndecided = 4
)

func (c *call) postGate(ctx context.Context) (answer, error) {
	keep := c.query["store"] == "true"
	g := GateRequest{Embargoed: c.who.MayKnow(tocsin.Project{}, true)}
	if c.project != nil {
		g.Project, g.Embargoed = &c.project.Project, c.who.MayKnow(c.project.Project, true)
	}
	switch {
	case keep && c.project == nil:
		return answer{}, invalid("project", "name the project to keep it for", "it is missing, and store=true is given")
	case keep && !c.who.May(tocsin.MaySend, c.project.Project):
		return answer{}, fault(tocsin.ErrForbidden, "store", "leave it away: the verdict is the same", "You may ask for verdicts, and not send inventories.")
	}
	at, err := instant("base_at", c.query["base_at"], c.now)
	if err != nil {
		return answer{}, err
	}
	if c.query["base_at"] != "" && c.query["base"] == "" {
		return answer{}, invalid("base", "name the base, as its commit", "it is missing, and base_at is given")
	}
	inv, done, err := c.inventory(ctx)
	if err != nil {
		return answer{}, err
	}
	defer done()
	if g.Inventory = inv; c.before != nil {
		g.Base = &GateBase{Name: c.query["base"], At: at, Inventory: *c.before}
	}
	r, err := c.api.parts.Engine.Gate(ctx, g)
	if err != nil {
		return answer{}, fmt.Errorf("judging an inventory: %w", err)
	}
	if !g.Embargoed && tells(r) {
		return answer{}, fmt.Errorf("the engine told of a class under embargo to %s %s", c.who.Kind, c.who.Name)
	}
	if keep {
		if _, err := c.take(ctx, inv); err != nil {
			return answer{}, err
		}
	}
	code := exitCode(r)
	header := http.Header{}
	header.Set("Tocsin-Gate", string(r.Gate))
	header.Set("Tocsin-Exit-Code", strconv.Itoa(code))
	header.Set("Tocsin-Snapshot", r.Snapshot.ID)
	header.Set("Tocsin-Policy", r.PolicyDigest)
	if c.query["exit"] == "true" && code != exitPass {
		err := fault(errStopped, "", "ask without exit=true for the report", "The verdict is %s: %s", r.Gate, strings.Join(reasons(r), "; "))
		err.header = header
		return answer{}, err
	}
	return answer{write: func(w io.Writer) error { return report.JSON(w, r) }, header: header}, nil
}

// tells says whether a report has a class under embargo.
func tells(r report.Report) bool {
	return slices.ContainsFunc(r.Targets, func(t report.Target) bool {
		return slices.ContainsFunc(t.Decisions, func(d tocsin.Decision) bool { return d.Finding.Class.Private })
	})
}

func exitCode(r report.Report) int {
	files := 0
	for _, t := range r.Targets {
		files += len(t.Coverage.Files)
	}
	switch {
	case files == 0:
		return exitNothing
	case r.Gate == tocsin.GateFail:
		return exitFailed
	case r.Gate == tocsin.GateUndecided:
		return exitUndecided
	default:
		return exitPass
	}
}

func reasons(r report.Report) []string {
	var out []string
	for _, t := range r.Targets {
		out = append(out, t.Why...)
	}
	if len(out) == 0 {
		out = []string{"nothing was found to scan"}
	}
	return out
}
