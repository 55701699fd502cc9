package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// The chaos test runs the service in processes of its own, kills one of them with SIGKILL again and again, and restarts PostgreSQL,
// while pipelines send inventories and advisories change. In the end nothing that was answered may be missing, and the forge must
// look as if nothing had happened.

const chaosEnv = "TOCSIN_TEST_CHAOS" // the order of a child, as JSON

// A chaosOrder is what a child is told. Time runs faster for it, so that leases of the dead run out while somebody watches.
type chaosOrder struct {
	Dir, Database, Forge, Listen string
	Began                        time.Time
}

const chaosSpeed = 60

func (o chaosOrder) now() time.Time {
	return o.Began.Add(time.Since(o.Began) * chaosSpeed).UTC()
}

// TestChaosChild is the process that is killed. It does nothing in an ordinary run.
func TestChaosChild(t *testing.T) {
	var o chaosOrder
	if err := json.Unmarshal([]byte(os.Getenv(chaosEnv)), &o); err != nil {
		return
	}
	c := config.Config{
		Data: filepath.Join(o.Dir, "data"), Interval: time.Second, Policies: []string{filepath.Join(o.Dir, "policy.yaml")},
		Advisories:   []config.Feed{{Name: "osv", From: filepath.Join(o.Dir, "feed")}},
		Coordination: config.Coordination{Repository: "acme/security", Visibility: tocsin.VisibilityPrivate},
		GitHub:       config.GitHub{API: o.Forge, Token: secret.New("t")},
	}
	s, err := app.New(t.Context(), slog.New(slog.NewTextHandler(os.Stderr, nil)), c, app.Options{
		Live: true, Now: o.now, Rhythm: brisk, Jobs: briskJobs,
		Open: func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, o.Database) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	take := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var inv tocsin.Inventory
		err := json.NewDecoder(r.Body).Decode(&inv)
		inv.TakenAt = o.now()
		if err == nil {
			b := tocsin.Build{Project: inv.Project, At: inv.TakenAt, Inventory: inv.Digest, Ref: r.URL.Query().Get("ref")}
			_, err = s.Take(r.Context(), inv.Project, inv, b)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	if err := s.Serve(t.Context(), &http.Server{Addr: o.Listen, Handler: take, ReadHeaderTimeout: time.Second}); err != nil {
		t.Fatal(err) // as a supervisor would see it
	}
}

// A chaos is a world with the processes in it.
type chaos struct {
	*served
	forge    *githubtest.Server
	order    chaosOrder
	mu       sync.Mutex
	children []*exec.Cmd
	listen   []string
	kills    int
	acked    map[string]string // build by project, as "ref", and the marker that its inventory has
}

const chaosProjects = 6

func newChaos(t *testing.T, database string, processes int) *chaos {
	t.Helper()
	c := &chaos{served: &served{t: t, dir: t.TempDir()}, acked: map[string]string{}}
	c.forge = githubtest.New(githubtest.Options{Minute: 1_000_000, Hour: 1_000_000, Points: 1_000_000, Budget: 10_000_000})
	c.forge.AddUser("bot", "t")
	names := []string{"acme/security"}
	for i := range chaosProjects {
		names = append(names, fmt.Sprintf("acme/p%d", i))
	}
	for _, name := range names {
		err := c.forge.AddRepository(githubtest.Repository{Name: name, Private: true, Collaborators: map[string]githubtest.Permission{"bot": githubtest.Admin}})
		if err != nil {
			t.Fatal(err)
		}
	}
	url, err := c.forge.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.forge.Close() })
	policy := `policy: chaos
response:
  default: none
  rules:
    - {name: bad, when: 'finding.status == "affected" && advisory.rating == "critical"', then: emergency, severity: critical, playbook: vulnerable-dependency, because: of the test}
`
	if err := errors.Join(os.WriteFile(filepath.Join(c.dir, "policy.yaml"), []byte(policy), 0o600), os.Mkdir(filepath.Join(c.dir, "feed"), 0o755)); err != nil {
		t.Fatal(err)
	}
	c.order = chaosOrder{Dir: c.dir, Database: database, Forge: url, Began: time.Now().UTC()}
	for range processes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.listen = append(c.listen, l.Addr().String())
		l.Close()
		c.children = append(c.children, nil)
	}
	return c
}

// start begins process number i, or begins it again.
func (c *chaos) start(i int) {
	order := c.order
	order.Listen = c.listen[i]
	text, _ := json.Marshal(order)
	cmd := exec.Command(os.Args[0], "-test.run=^TestChaosChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), chaosEnv+"="+string(text))
	log, err := os.OpenFile(filepath.Join(c.dir, fmt.Sprintf("child%d.log", i)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	log.Close()
	c.mu.Lock()
	c.children[i] = cmd
	c.mu.Unlock()
}

// supervise keeps all processes running, whatever they end of, until ctx ends.
func (c *chaos) supervise(ctx context.Context, i int) {
	for ctx.Err() == nil {
		c.start(i)
		c.mu.Lock()
		cmd := c.children[i]
		c.mu.Unlock()
		_ = cmd.Wait()
	}
}

// send sends an inventory until somebody takes it.
func (c *chaos) send(ctx context.Context, project, ref, packages string) {
	inv := tocsin.Inventory{Project: project, Source: "ci"}
	for p := range strings.SplitSeq(packages+", marker-"+ref+" 1.0.0", ", ") {
		name, version, _ := strings.Cut(p, " ")
		inv.Packages = append(inv.Packages, tocsin.Package{Ecosystem: "npm", Name: name, Version: version})
	}
	inv.Coverage.Files = []tocsin.FileCoverage{{Path: "package-lock.json", Status: tocsin.FileRead, Packages: len(inv.Packages)}}
	inv.Seal()
	body, _ := json.Marshal(inv)
	for ctx.Err() == nil {
		to := c.listen[rand.IntN(len(c.listen))]
		short, cancel := context.WithTimeout(ctx, 10*time.Second)
		req, _ := http.NewRequestWithContext(short, http.MethodPost, "http://"+to+"/?ref="+ref, bytes.NewReader(body))
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		cancel()
		if err == nil && resp.StatusCode == http.StatusOK {
			c.mu.Lock()
			c.acked[ref] = project
			c.mu.Unlock()
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestChaos: whoever is killed, and whenever, every inventory that was answered is there, and of each incident there is one issue in
// each repository, closed in the end.
func TestChaos(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel() // most of it is waiting
		dir := t.TempDir()
		chaosStory(t, store.Path(dir), 1, func() {})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := postgres.Start(t)
		chaosStory(t, server.Database(t), 3, func() { server.Restart(t) })
	})
}

func chaosStory(t *testing.T, database string, processes int, restart func()) {
	c := newChaos(t, database, processes)
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for i := range chaosProjects {
		slug := fmt.Sprintf("p%d", i)
		w := tocsin.Watched{Managed: tocsin.ManagedAPI, Source: tocsin.ProjectSource{Kind: tocsin.SourceUpload}, Project: tocsin.Project{
			Slug: slug, Repository: "acme/" + slug, Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic, Visibility: tocsin.VisibilityPrivate,
			OptIn: tocsin.OptIn{Issues: true},
		}}
		if err := st.PutProject(t.Context(), w, c.order.now()); err != nil {
			t.Fatal(err)
		}
	}
	c.record("GHSA-aaaa-aaaa-aaaa", "nothing", "1.0.0")
	ctx, end := context.WithTimeout(t.Context(), 4*time.Minute)
	defer end()
	var supervisors sync.WaitGroup
	watch, stop := context.WithCancel(ctx)
	for i := range processes {
		supervisors.Go(func() { c.supervise(watch, i) })
	}
	defer func() {
		stop()
		for i := range processes {
			c.mu.Lock()
			cmd := c.children[i]
			c.mu.Unlock()
			_ = cmd.Process.Kill()
		}
		supervisors.Wait()
		if t.Failed() {
			for i := range processes {
				log, _ := os.ReadFile(filepath.Join(c.dir, fmt.Sprintf("child%d.log", i)))
				t.Logf("process %d:\n%s", i, log[max(0, len(log)-4000):])
			}
		}
	}()
	// The killer.
	var killers sync.WaitGroup
	peace, war := context.WithCancel(ctx)
	killers.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-peace.Done():
				return
			// Slower and slower, so that a slow machine comes to an end too.
			case <-time.After(time.Duration(1500+rand.IntN(2000)) * time.Millisecond * time.Duration(20+n) / 20):
			}
			c.mu.Lock()
			cmd := c.children[rand.IntN(processes)]
			c.kills++
			c.mu.Unlock()
			_ = cmd.Process.Kill()
			if n == 3 || n == 7 {
				restart()
			}
		}
	})
	// The story.
	all := func(round, packages string) {
		var senders sync.WaitGroup
		for i := range chaosProjects {
			senders.Go(func() { c.send(ctx, fmt.Sprintf("p%d", i), fmt.Sprintf("%s-%d", round, i), packages) })
		}
		senders.Wait()
	}
	const calm, repair = 3, 3
	deaths := 14
	if testing.Short() {
		deaths = 8 // both restarts of PostgreSQL
	}
	killed := func() int { c.mu.Lock(); defer c.mu.Unlock(); return c.kills }
	for round := range calm {
		all(fmt.Sprintf("calm%d", round), "lodash 4.17.20")
	}
	c.record("GHSA-bbbb-bbbb-bbbb", "lodash", "4.17.21")
	storm := 0
	for ; killed() < deaths && ctx.Err() == nil; storm++ {
		all(fmt.Sprintf("storm%d", storm), "lodash 4.17.20")
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	issues := func() map[string][]string {
		out := map[string][]string{}
		for _, r := range append([]string{"acme/security"}, func() (l []string) {
			for i := range chaosProjects {
				l = append(l, fmt.Sprintf("acme/p%d", i))
			}
			return l
		}()...) {
			for _, i := range c.forge.Issues(r) {
				out[r] = append(out[r], i.State)
			}
		}
		return out
	}
	eventually(t, "each repository has its issue, and the tracking one", func() bool { return len(issues()) == chaosProjects+1 })
	for round := range repair {
		all(fmt.Sprintf("repair%d", round), "lodash 4.17.21")
	}
	war()
	killers.Wait()
	eventually(t, "all issues are closed", func() bool {
		for _, list := range issues() {
			for _, state := range list {
				if state != "closed" {
					return false
				}
			}
		}
		return true
	})
	for repository, list := range issues() {
		if len(list) != 1 {
			t.Errorf("%s has %d issues", repository, len(list))
		}
	}
	for ref, project := range c.acked {
		who, err := st.Who(ctx, store.WhoQuery{Sight: store.Sight{All: true}, Ecosystem: "npm", Name: "marker-" + ref, To: c.order.now()})
		if err != nil || len(who) != 1 || who[0].Project != project || who[0].Total == 0 || who[0].Builds[0].Ref != ref {
			t.Errorf("%s of %s was answered and is not there: %+v, %v", ref, project, who, err)
		}
	}
	if len(c.acked) != (calm+storm+repair)*chaosProjects {
		t.Errorf("%d inventories were taken", len(c.acked))
	}
	list, err := st.Incidents(ctx)
	if err != nil || len(list) != 1 || !list[0].State.Over() {
		t.Errorf("%d incidents, %v", len(list), err)
	}
	t.Logf("%d inventories, %d kills", len(c.acked), c.kills)
}
