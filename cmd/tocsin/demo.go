package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/demo"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

func demoCommand() *cobra.Command {
	var dir, listen string
	var serve bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the whole of it on a made-up portfolio, without network or set-up",
		Long: `Demo writes a portfolio of ten small projects, some of them on the day of a famous incident, and
takes it through the main job: scan, findings, decisions, incidents, issues and an advisory draft on a
GitHub that runs inside this program. People take roles, hand them over and tell the public; a project
upgrades, the incident ends, and what was learned is written down.

With --serve it opens the service in the midst of an emergency instead, with people to sign in as and things left to do, until
Ctrl-C. Signing in takes no password, so it answers this machine alone.`,
		Example: `  tocsin demo                                    # the whole story, told here
  tocsin demo --dir ./demo                       # and everything kept in a folder
  tocsin demo --serve                            # an emergency that is running, in the browser
  tocsin demo --serve --listen 127.0.0.1:9000    # at another port`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !serve && listen != demoListen {
				return exit{exitUsage, errors.New("--listen is for --serve")}
			}
			var door net.Listener
			if serve { // before anything is written
				var err error
				if door, err = listenHere(listen); err != nil {
					return err
				}
				defer door.Close() // the server closes it too, if it comes so far
			}
			if dir == "" {
				var err error
				if dir, err = os.MkdirTemp("", "tocsin-demo-"); err != nil {
					return fmt.Errorf("making the demonstration's folder: %w", err)
				}
			} else if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
				return exit{exitUsage, fmt.Errorf("--dir %s: is not empty; name a new folder", dir)}
			}
			if serve {
				return openDemo(cmd.Context(), cmd.OutOrStdout(), logger(cmd), dir, door)
			}
			return play(cmd.Context(), cmd.OutOrStdout(), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder to write everything to (default a new temporary one)")
	cmd.Flags().BoolVar(&serve, "serve", false, "open the service in the midst of an emergency")
	cmd.Flags().StringVar(&listen, "listen", demoListen, "address of --serve, on the loopback")
	return cmd
}

// stage is the running demonstration.
type stage struct {
	ctx      context.Context
	w        io.Writer
	dir      string
	projects []config.Project
	forge    *githubtest.Server
	service  *app.Service
	told     int // events of the timeline that were shown
}

func play(ctx context.Context, w io.Writer, dir string) (err error) {
	s := &stage{ctx: ctx, w: w, dir: dir, projects: demo.Projects(filepath.Join(dir, "portfolio"))}
	if err := demo.Write(filepath.Join(dir, "portfolio")); err != nil {
		return err
	}
	forge, url, err := demo.Forge(s.projects, nil)
	if err != nil {
		return err
	}
	s.forge = forge
	defer func() { err = errors.Join(err, forge.Close()) }()
	s.service, err = app.New(ctx, slog.New(slog.DiscardHandler), config.Config{
		Data: filepath.Join(dir, "data"), Policies: []string{"emergency", "release-gate"},
		Coordination: config.Coordination{Repository: demo.Coordination, Visibility: tocsin.VisibilityPrivate},
		GitHub:       config.GitHub{API: url, Token: secret.New(demo.Token)}, Projects: s.projects,
	}, app.Options{Live: true, Landmarks: true, Now: func() time.Time { return time.Now().UTC() }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.service.Close()) }()
	for _, act := range []func() error{s.alarm, s.approval, s.people, s.repair, s.learn, s.again, s.keep} {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) title(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintf(s.w, "\n%s\n%s\n\n", line, strings.Repeat("═", len([]rune(line))))
}

// alarm is the first run.
func (s *stage) alarm() error {
	r, err := s.service.Once(s.ctx)
	if err != nil {
		return err
	}
	s.title("1. What was read")
	fmt.Fprintf(s.w, "Portfolio of %d projects in %s\n\n", len(s.projects), filepath.Join(s.dir, "portfolio"))
	portfolio(s.w, r)

	s.title("2. What was found, and may it be released?")
	if err := report.Table(s.w, s.report(r), report.TableOptions{Rows: 6}); err != nil {
		return err
	}

	s.title("3. What was decided, and why")
	s.decisions(r)

	s.title("4. Incidents")
	changes(s.w, r)

	s.title("5. What was written to GitHub (a double inside this program)")
	s.written()
	return s.example("issue", "shop-api", "CVE-2021-44228")
}

func (s *stage) report(r app.Report) report.Report {
	out := report.Report{Snapshot: r.Snapshot, Policies: []string{"emergency", "release-gate"}}
	for _, one := range r.Scanned {
		if len(one.Decisions) == 0 {
			continue
		}
		out.Targets = append(out.Targets, report.Target{
			Source: one.Project.Slug, Packages: len(one.Inventory.Packages), Gate: one.Gate, Why: one.Why,
			Coverage: one.Inventory.Coverage, Decisions: one.Decisions,
		})
		if len(one.Decisions) > 0 {
			out.PolicyDigest = one.Decisions[0].Policy
		}
	}
	return out
}

// decisions shows one emergency with its whole reason, and the sentence of each of the others.
func (s *stage) decisions(r app.Report) {
	shown := false
	for _, one := range r.Scanned {
		for _, d := range one.Decisions {
			if tocsin.CompareResponses(d.Response, tocsin.ResponseIssue) < 0 {
				continue
			}
			fmt.Fprintf(s.w, "%-12s %-16s %-42s %s\n", one.Project.Slug, d.Finding.Class.ID, d.Finding.Package, d.Response)
			if !shown && d.Response == tocsin.ResponseEmergency {
				shown = true
				tree(s.w, d.Reason, "  ")
			}
		}
	}
}

// written lists what is on the forge now.
func (s *stage) written() {
	for _, name := range s.repositories() {
		for _, i := range s.forge.Issues(name) {
			fmt.Fprintf(s.w, "%-28s #%d %-6s %s\n", name, i.Number, i.State, i.Title)
		}
		for _, a := range s.forge.Advisories(name) {
			fmt.Fprintf(s.w, "%-28s %s %s  %s\n", name, a.ID, a.State, a.Summary)
		}
	}
}

func (s *stage) repositories() []string {
	out := []string{demo.Coordination}
	for _, p := range s.projects {
		out = append(out, p.Repository)
	}
	return out
}

// example shows one issue in full.
func (s *stage) example(what, slug, id string) error {
	name := demo.Owner + "/" + slug
	for _, i := range s.forge.Issues(name) {
		if strings.Contains(i.Title, id) {
			fmt.Fprintf(s.w, "\nOne %s in full, %s #%d (%s):\n\n%s\n", what, name, i.Number, i.State, quote(i.Title+"\n\n"+i.Body))
			for _, c := range s.forge.Comments(name, i.Number) {
				fmt.Fprintf(s.w, "  comment by %s:\n%s\n", c.Author, quote(c.Body))
			}
			return nil
		}
	}
	return fmt.Errorf("the demonstration opened no issue about %s in %s", id, name)
}

func quote(s string) string {
	return "  │ " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  │ ")
}

// approval is how an advisory draft comes to be: two different people agree to it.
func (s *stage) approval() error {
	s.title("6. An advisory draft, once two people agreed to it")
	rows, err := s.service.Store().Actions(s.ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.State != tocsin.ActionWaiting {
			continue
		}
		for _, person := range []string{"grace", "ada"} {
			now, err := s.service.Store().Judge(s.ctx, r.Action.Key, person, true, time.Now().UTC())
			if err != nil {
				return err
			}
			fmt.Fprintf(s.w, "%s approves %s: %s\n", person, r.Action.Key, now.State)
		}
	}
	if _, err := s.service.Deliver(s.ctx); err != nil {
		return err
	}
	for _, name := range s.repositories() {
		for _, a := range s.forge.Advisories(name) {
			fmt.Fprintf(s.w, "\nOne draft in full, %s %s (%s):\n\n%s\n", name, a.ID, a.State, quote(a.Summary+"\n\n"+a.Description))
			return nil
		}
	}
	return errors.New("the demonstration made no advisory draft")
}

// repair is the second run, after a project upgraded.
func (s *stage) repair() error {
	if err := demo.Upgrade(filepath.Join(s.dir, "portfolio")); err != nil {
		return err
	}
	r, err := s.service.Once(s.ctx)
	if err != nil {
		return err
	}
	s.title("8. shop-api upgrades log4j to 2.17.1; the next scan sees it")
	changes(s.w, r)
	fmt.Fprintf(s.w, "\nactions: %d carried out\n\n", r.Delivered.Done)
	return s.example("closed issue", "shop-api", "CVE-2021-44228")
}

// again is the third run, in which nothing changed.
func (s *stage) again() error {
	before := writes(s.forge)
	r, err := s.service.Once(s.ctx)
	if err != nil {
		return err
	}
	s.title("10. The same again: nothing is new, nothing is written")
	changes(s.w, r)
	fmt.Fprintf(s.w, "actions: %d carried out, requests that write: %d\n", r.Delivered.Done, writes(s.forge)-before)
	return nil
}

func writes(g *githubtest.Server) int {
	n := 0
	for _, r := range g.Log() {
		if r.Method != "GET" {
			n++
		}
	}
	return n
}

// keep writes the forge's texts to the folder and says where everything is.
func (s *stage) keep() error {
	forge := filepath.Join(s.dir, "github")
	for _, name := range s.repositories() {
		dir := filepath.Join(forge, filepath.Base(name))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("keeping the issues: %w", err)
		}
		for _, i := range s.forge.Issues(name) {
			text := fmt.Sprintf("# %s\n\n(%s)\n\n%s", i.Title, i.State, i.Body)
			for _, c := range s.forge.Comments(name, i.Number) {
				text += fmt.Sprintf("\n\n---\n%s wrote:\n\n%s", c.Author, c.Body)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("issue-%d.md", i.Number)), []byte(text+"\n"), 0o644); err != nil {
				return fmt.Errorf("keeping the issues: %w", err)
			}
		}
		for _, a := range s.forge.Advisories(name) {
			text := fmt.Sprintf("# %s\n\n(%s, %s)\n\n%s\n", a.Summary, a.ID, a.State, a.Description)
			if err := os.WriteFile(filepath.Join(dir, a.ID+".md"), []byte(text), 0o644); err != nil {
				return fmt.Errorf("keeping the drafts: %w", err)
			}
		}
	}
	s.title("Everything is in %s", s.dir)
	fmt.Fprintf(s.w, "portfolio/  the projects' files\ndata/       the store\ngithub/     every issue and draft as Markdown\nreview.md   the review of the emergency\n\n")
	fmt.Fprintln(s.w, "Only the embedded advisories of famous incidents were used. Next, on your own code:\n\n  tocsin db update     fetch all advisories\n  tocsin scan .        scan this folder\n  tocsin drill list    rehearse an emergency with your team")
	return nil
}
