package app_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// The crash test runs the main job in a process of its own and kills it with SIGKILL at one point: before or after one
// write to the store or one call to the forge. Then it starts again, as a supervisor would, until the job ends. However
// often and wherever it was killed, the forge must look as if it never had been.

const (
	crashEnv = "TOCSIN_TEST_CRASH" // "step/point"
	crashDir = "TOCSIN_TEST_DIR"
	crashURL = "TOCSIN_TEST_URL"
)

// fuse counts the points at which a process can be killed, and kills it at the chosen one. A point lies before each
// effect; being killed after one effect is being killed before the next.
type fuse struct {
	at    int64
	count atomic.Int64
}

func (f *fuse) point() {
	if f.count.Add(1) == f.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal arrives
	}
}

// fused is an HTTP transport with a point before each request.
type fused struct{ fuse *fuse }

func (t fused) RoundTrip(r *http.Request) (*http.Response, error) {
	t.fuse.point()
	return http.DefaultTransport.RoundTrip(r)
}

// fusedDriver is the SQLite driver with a point before each statement that writes and each commit.
type fusedDriver struct {
	sqlite.Driver
	fuse *fuse
}

func (d *fusedDriver) Open(name string) (driver.Conn, error) {
	c, err := d.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return &fusedConn{c, d.fuse}, nil
}

// fullConn is what modernc's connections are.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
}

type fusedConn struct {
	driver.Conn
	fuse *fuse
}

func (c *fusedConn) full() fullConn { return c.Conn.(fullConn) }

func (c *fusedConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	c.fuse.point()
	return c.full().ExecContext(ctx, q, args)
}

func (c *fusedConn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	return c.full().QueryContext(ctx, q, args)
}

func (c *fusedConn) PrepareContext(ctx context.Context, q string) (driver.Stmt, error) {
	return c.full().PrepareContext(ctx, q)
}

func (c *fusedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.full().BeginTx(ctx, o)
	return fusedTx{tx, c.fuse}, err
}

type fusedTx struct {
	driver.Tx
	fuse *fuse
}

func (t fusedTx) Commit() error {
	t.fuse.point()
	return t.Tx.Commit()
}

// steps are the runs of the story: the alarm, the approval of a draft, and the repair.
var steps = []string{"alarm", "approve", "repair"}

// crashPortfolio writes the two projects of the story.
func crashPortfolio(dir, step string) error {
	log4j := "2.14.1"
	if step == "repair" {
		log4j = "2.17.1"
	}
	for name, text := range map[string]string{
		// One class is enough: every kind of write and call is made for it.
		"one.yaml": `policy: one
response:
  default: none
  rules:
    - {name: one, when: 'advisory.id == "CVE-2021-44228"', then: emergency, severity: critical, due: 3d, playbook: vulnerable-dependency, because: of the test}
`,
		"shadow.yaml":            "policy: shadow\nmode: shadow\ngate: {default: fail}\n", // its ledger is written with the rest
		"api/gradle.lockfile":    "org.apache.logging.log4j:log4j-core:" + log4j + "=runtimeClasspath\n",
		"worker/gradle.lockfile": "org.apache.logging.log4j:log4j-core:2.14.1=runtimeClasspath\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return err
		}
	}
	return nil
}

func crashConfig(dir, url string) config.Config {
	project := func(slug string) config.Project {
		return config.Project{Source: tocsin.ProjectSource{Kind: tocsin.SourcePath, Location: filepath.Join(dir, slug)}, Project: tocsin.Project{
			Slug: slug, Repository: "acme/" + slug, Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic,
			Visibility: tocsin.VisibilityPrivate, OptIn: tocsin.OptIn{Issues: true, AdvisoryDraft: slug == "api"},
		}}
	}
	return config.Config{
		Data: filepath.Join(dir, "data"), Policies: []string{filepath.Join(dir, "one.yaml"), filepath.Join(dir, "shadow.yaml")}, Projects: []config.Project{project("api"), project("worker")},
		Coordination: config.Coordination{Repository: "acme/security", Visibility: tocsin.VisibilityPrivate},
		GitHub:       config.GitHub{API: url, Token: secret.New("t")},
	}
}

// TestCrashChild is the process that is killed. It does nothing in an ordinary run.
func TestCrashChild(t *testing.T) {
	step, point, ok := strings.Cut(os.Getenv(crashEnv), "/")
	if !ok {
		return
	}
	at, err := strconv.ParseInt(point, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	f := &fuse{at: at}
	dir := os.Getenv(crashDir)
	if err := crashStep(t.Context(), dir, os.Getenv(crashURL), step, attempt(t, dir), f); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("points=%d\n", f.count.Load())
}

// crashStep is one run of the job. Time passes between attempts, so that what waits for its next try is due.
func crashStep(ctx context.Context, dir, url, step string, attempt int, f *fuse) error {
	now := func() time.Time { return time.Now().UTC().Add(time.Duration(attempt) * 2 * time.Hour) }
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	s, err := app.New(ctx, slog.New(slog.DiscardHandler), crashConfig(dir, url), app.Options{
		Live: true, Landmarks: true, Now: now, Transport: fused{f},
		Open: func(ctx context.Context) (*store.Store, error) {
			return store.New(ctx, sql.OpenDB(connector{&fusedDriver{fuse: f}, store.DSN(store.Path(data))}))
		},
	})
	if err != nil {
		return err
	}
	if step == "approve" {
		err = approve(ctx, s, now())
	} else {
		_, err = s.Once(ctx)
	}
	return errors.Join(err, s.Close())
}

// approve lets two people agree to every draft, where they have not yet, and delivers.
func approve(ctx context.Context, s *app.Service, now time.Time) error {
	rows, err := s.Store().Actions(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.State != tocsin.ActionWaiting {
			continue
		}
		for _, person := range []string{"ada", "grace"} {
			if _, err := s.Store().Judge(ctx, r.Action.Key, person, true, now); err != nil && !errors.Is(err, tocsin.ErrConflict) {
				return err
			}
		}
	}
	_, err = s.Deliver(ctx)
	return err
}

type connector struct {
	d    *fusedDriver
	name string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.d.Open(c.name) }
func (c connector) Driver() driver.Driver                        { return c.d }

// attempt counts the starts of processes in a folder, this one included; it is read once per process.
func attempt(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "attempt"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(string(b))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// world is one forge and one data folder.
type crashWorld struct {
	t     *testing.T
	dir   string
	url   string
	forge *githubtest.Server
	tries int
}

func newCrashWorld(t *testing.T) *crashWorld {
	t.Helper()
	w := &crashWorld{t: t, dir: t.TempDir(), forge: githubtest.New(githubtest.Options{Minute: 100_000, Hour: 100_000, Points: 1_000_000, Budget: 1_000_000})}
	w.forge.AddUser("bot", "t")
	for _, name := range []string{"acme/security", "acme/api", "acme/worker"} {
		err := w.forge.AddRepository(githubtest.Repository{Name: name, Private: true, Collaborators: map[string]githubtest.Permission{"bot": githubtest.Admin}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if w.url, err = w.forge.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.forge.Close() })
	return w
}

// child runs one step in a process that is killed at a point; 0 lets it live. It says whether the process ended by itself,
// and how many points it passed.
func (w *crashWorld) child(step string, point int) (lived bool, points int) {
	w.t.Helper()
	w.tries++
	if err := os.WriteFile(filepath.Join(w.dir, "attempt"), []byte(strconv.Itoa(w.tries)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s/%d", crashEnv, step, point), crashDir+"="+w.dir, crashURL+"="+w.url)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return false, 0
	}
	if err != nil {
		w.t.Fatalf("step %s, point %d: %v\n%s", step, point, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if _, err := fmt.Sscanf(line, "points=%d", &points); err == nil {
			return true, points
		}
	}
	w.t.Fatalf("step %s said nothing of its points:\n%s", step, out)
	return true, 0
}

// story plays all steps. The one named is played by a process that is killed at the point, and by another after it; the
// rest need no process of their own.
func (w *crashWorld) story(step string, point int) (points map[string]int) {
	w.t.Helper()
	points = map[string]int{}
	for _, s := range steps {
		if err := crashPortfolio(w.dir, s); err != nil {
			w.t.Fatal(err)
		}
		if s == step {
			if lived, _ := w.child(s, point); !lived {
				w.child(s, 0)
			}
			continue
		}
		w.tries++
		f := &fuse{}
		if err := crashStep(w.t.Context(), w.dir, w.url, s, w.tries, f); err != nil {
			w.t.Fatal(err)
		}
		points[s] = int(f.count.Load())
	}
	return points
}

// picture is the state of the forge, without what may differ from run to run: times and digests.
func (w *crashWorld) picture() string {
	w.t.Helper()
	var b strings.Builder
	for _, name := range []string{"acme/security", "acme/api", "acme/worker"} {
		for _, i := range w.forge.Issues(name) {
			fmt.Fprintf(&b, "%s %s %s %q\n", name, i.State, i.StateReason, i.Title)
			for _, c := range w.forge.Comments(name, i.Number) {
				fmt.Fprintf(&b, "  comment %.20q\n", c.Body[strings.Index(c.Body, "\n\n"):])
			}
		}
		for _, a := range w.forge.Advisories(name) {
			fmt.Fprintf(&b, "%s advisory %s %q\n", name, a.State, a.Summary)
		}
	}
	return b.String()
}

// timeline is every incident's events without times, and a check that no number is missing.
func (w *crashWorld) timeline() string {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), store.Path(filepath.Join(w.dir, "data")))
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Incidents(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, inc := range list {
		events, err := s.Timeline(w.t.Context(), inc.Key)
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", inc.Key, inc.State)
		if bare, err := tocsin.VerifyTimeline(events); err != nil || bare != 0 {
			w.t.Errorf("%s: %v, %d without a hash", inc.Key, err, bare)
		}
		for _, e := range events {
			if e.Source == "clock" { // what is late by then depends on when the process was killed
				continue
			}
			text, _, _ := strings.Cut(e.Text, ": http")
			fmt.Fprintf(&b, "  %s %s %s %s\n", e.Kind, e.Actor, e.Project, text)
		}
	}
	return b.String()
}

// ledger is what the shadow policy said, without times.
func (w *crashWorld) ledger() string {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), store.Path(filepath.Join(w.dir, "data")))
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	runs, err := s.ShadowRuns(w.t.Context())
	if err != nil || len(runs) != 1 {
		w.t.Fatalf("%d shadow policies ran: %v", len(runs), err)
	}
	list, err := s.Shadowed(w.t.Context(), runs[0].Policy, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintln(&b, d.Project, d.Class, d.Package, d.Version, d.Live, d.Shadow, d.Until.IsZero())
	}
	return b.String()
}

// TestKilledAnywhere kills the process at writes to the store and calls to the forge: at every third of them, and by the day at others, so that in
// three days each was come to. TestSchedules kills between all steps too.
func TestKilledAnywhere(t *testing.T) {
	calm := newCrashWorld(t)
	points := calm.story("", 0)
	want, wantTimeline, wantLedger := calm.picture(), calm.timeline(), calm.ledger()
	if strings.Count(want, "acme/api open") != 0 || strings.Count(want, "advisory draft") != 1 || strings.Count(want, "acme/worker open") != 1 {
		t.Fatalf("the story itself is not as it should be:\n%s", want)
	}
	for _, step := range steps {
		if points[step] < 10 {
			t.Fatalf("step %s has %d points", step, points[step])
		}
		stride := 3
		if testing.Short() {
			stride = 17
		}
		first := 1 + time.Now().UTC().YearDay()%stride
		t.Logf("step %s: killed at each of %d points, from %d on in steps of %d", step, (points[step]-first)/stride+1, first, stride)
		for point := first; point <= points[step]; point += stride {
			t.Run(fmt.Sprintf("%s/%d", step, point), func(t *testing.T) {
				t.Parallel()
				w := newCrashWorld(t)
				w.story(step, point)
				if got := w.picture(); got != want {
					t.Errorf("the forge is\n%s\nwant\n%s", got, want)
				}
				if got := w.ledger(); got != wantLedger {
					t.Errorf("the ledger is\n%s\nwant\n%s", got, wantLedger)
				}
				if got := w.timeline(); got != wantTimeline {
					t.Errorf("the timeline is\n%s\nwant\n%s", got, wantTimeline)
				}
			})
		}
	}
}
