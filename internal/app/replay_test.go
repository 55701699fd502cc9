package app_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
)

// agedPolicy reads what only time changes.
const agedPolicy = `policy: aged
gate:
  default: pass
  rules:
    - {name: mended, when: 'finding.fix_age >= duration("48h")', then: fail, because: the fix is two days old}
response:
  default: none
  rules:
    - {name: rising, when: 'advisory.epss_change_7d > 0.4', then: emergency, severity: high, playbook: vulnerable-dependency, because: it is much likelier than a week ago}
    - {name: forgotten, when: 'finding.status == "affected" && finding.age >= duration("72h")', then: emergency, severity: high, playbook: vulnerable-dependency, because: it was seen three days ago}
    - {name: likely, when: 'advisory.epss > 0.3', then: issue, because: it is likely}
`

// recorded is a portfolio that runs live once a day, with what it decided.
type recorded struct {
	t        *testing.T
	feed     string
	data     string
	now      time.Time
	sync     pipeline.Sync
	run      pipeline.Portfolio
	projects []tocsin.Project
	// said is what was decided, by day and project.
	said map[time.Time]map[string][]replay.Judgement
	// results are what each day came to.
	results []pipeline.Result
}

func (r *recorded) write(name string, data []byte) {
	r.t.Helper()
	full := filepath.Join(r.feed, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(full, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// day syncs and runs, and then lets a day pass.
func (r *recorded) day(locks map[string]string) {
	r.t.Helper()
	ctx := r.t.Context()
	_, err := r.sync.Run(ctx, []pipeline.FeedSource{
		{Name: pipeline.FeedOSV, From: filepath.Join(r.feed, "osv")}, {Name: pipeline.FeedKEV, From: filepath.Join(r.feed, "kev.json")}, {Name: pipeline.FeedEPSS, From: filepath.Join(r.feed, "epss.csv.gz")},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	x, err := app.OpenIndex(slog.New(slog.DiscardHandler), r.data)
	if err != nil {
		r.t.Fatal(err)
	}
	defer x.Close()
	var sources []pipeline.Source
	for _, p := range r.projects {
		sources = append(sources, pipeline.Source{Project: p, Origin: p.Slug, FS: fstest.MapFS{"package-lock.json": {Data: []byte(lock(locks[p.Slug]))}}})
	}
	r.run.Index = x
	result, err := r.run.Run(ctx, sources)
	if err != nil {
		r.t.Fatal(err)
	}
	r.results = append(r.results, result)
	r.said[r.now] = map[string][]replay.Judgement{}
	for _, s := range result.Scanned {
		for _, d := range s.Decisions {
			r.said[r.now][s.Project.Slug] = append(r.said[r.now][s.Project.Slug], replay.Judge(d))
		}
	}
	r.now = r.now.Add(tocsin.Day)
}

// lock is a package-lock.json of "name version, name version".
func lock(packages string) string {
	var b strings.Builder
	b.WriteString(`{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0"}`)
	for p := range strings.SplitSeq(packages, ", ") {
		name, version, _ := strings.Cut(p, " ")
		fmt.Fprintf(&b, `,"node_modules/%s":{"version":"%s"}`, name, version)
	}
	b.WriteString("}}")
	return b.String()
}

func osvRecord(id, alias, name, published, more string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"aliases":[%s],"modified":%q,"published":%q,%s"affected":[{"package":{"ecosystem":"npm","name":%q},
		"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]}]}`, id, alias, published, published, more, name)
}

const (
	critical = `"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],`
	kevHead  = `{"title":"x","catalogVersion":"1","dateReleased":"2026-01-01T00:00:00Z","count":1,"vulnerabilities":[`
	kevEntry = `{"cveID":"CVE-2026-0001","vendorProject":"x","product":"x","vulnerabilityName":"x","dateAdded":"2026-03-04","shortDescription":"x","requiredAction":"x","dueDate":"2026-03-25","knownRansomwareCampaignUse":"Unknown"}`
)

// record plays nine days, in which everything changes that a decision depends on.
func record(t *testing.T, shadows ...*policies.Policy) *recorded {
	t.Helper()
	r := &recorded{t: t, feed: t.TempDir(), data: t.TempDir(), now: time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC), said: map[time.Time]map[string][]replay.Judgement{}}
	st, err := store.Open(t.Context(), store.Path(r.data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	aged, err := policies.Load("aged.yaml", []byte(agedPolicy))
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := app.Policies([]string{"emergency", "release-gate"})
	if err != nil {
		t.Fatal(err)
	}
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	writer, err := incidents.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return r.now }
	r.sync = pipeline.Sync{Store: st, Dir: r.data, Now: clock, AcceptBulk: true}
	r.run = pipeline.Portfolio{Log: slog.New(slog.DiscardHandler), Store: st, Policies: policies.NewSet(append(shipped.Policies(), aged)...), Shadow: shadows, Rules: incidents.Rules{Playbooks: books}, Writer: writer, Now: clock}
	for i, slug := range []string{"api", "web", "worker"} {
		r.projects = append(r.projects, tocsin.Project{Slug: slug, Criticality: []tocsin.Criticality{"high", "medium", "low"}[i], Exposure: tocsin.ExposurePublic, Visibility: tocsin.VisibilityPrivate})
	}
	scores := func(score string) []byte {
		return packed(t, "#model_version:v2025.03.14,score_date:2026-03-01T00:00:00Z\ncve,epss,percentile\nCVE-2026-0001,0.01,0.5\nCVE-2026-0002,"+score+",0.9\n")
	}
	r.write("kev.json", []byte(kevHead+strings.Replace(kevEntry, "CVE-2026-0001", "CVE-2020-0001", 1)+"]}"))
	r.write("epss.csv.gz", scores("0.1"))
	r.write("osv/GHSA-one.json", osvRecord("GHSA-one", `"CVE-2026-0001"`, "left", "2026-02-01T00:00:00Z", critical))
	r.write("osv/GHSA-two.json", osvRecord("GHSA-two", `"CVE-2026-0002"`, "right", "2026-02-02T00:00:00Z", ""))
	mended := osvRecord("GHSA-ten", `"CVE-2026-0010"`, "down", "2026-02-03T00:00:00Z", "")
	r.write("osv/GHSA-ten.json", bytes.Replace(mended, []byte(`,{"fixed":"2.0.0"}`), nil, 1))
	locks := map[string]string{"api": "left 1.0.0, right 1.0.0", "web": "left 1.5.0", "worker": "right 2.5.0, down 1.0.0"}
	r.day(locks)
	locks["worker"] = "left 1.0.0, down 1.0.0" // now in three projects, one of them of high criticality
	r.day(locks)
	r.write("epss.csv.gz", scores("0.6"))
	r.day(locks)
	r.write("kev.json", []byte(kevHead+kevEntry+"]}")) // exploited
	r.day(locks)
	r.write("osv/GHSA-two.json", osvRecord("GHSA-two", `"CVE-2026-0002"`, "right", "2026-02-02T00:00:00Z", critical)) // scored later
	r.write("osv/GHSA-six.json", osvRecord("GHSA-six", `"CVE-2026-0006"`, "up", "2026-03-05T00:00:00Z", critical))
	locks["web"] = "left 2.0.0, up 1.0.0" // one fix, one new flaw
	r.write("osv/GHSA-ten.json", mended)
	r.day(locks)
	r.write("osv/GHSA-six.json", osvRecord("GHSA-six", `"CVE-2026-0006","CVE-2026-0002"`, "up", "2026-03-05T00:00:00Z", critical)) // an alias joins two
	r.day(locks)
	r.write("osv/GHSA-six.json", osvRecord("GHSA-six", `"CVE-2026-0006"`, "up", "2026-03-05T00:00:00Z", critical)) // and is revoked
	r.write("osv/GHSA-one.json", osvRecord("GHSA-one", `"CVE-2026-0001"`, "left", "2026-02-01T00:00:00Z", `"withdrawn":"2026-03-07T00:00:00Z",`+critical))
	r.day(locks)
	r.write("epss.csv.gz", scores("0.55")) // less than the day before, and more than a week ago
	r.day(locks)
	locks["api"] = "right 2.0.0"
	r.day(locks)
	return r
}

// TestReplayIsWhatWasSaidLive: over the days that it covers, a replay says what the live engine said, decision by decision.
func TestReplayIsWhatWasSaidLive(t *testing.T) {
	r := record(t)
	h := replay.History{}
	var err error
	if h.Projects, err = app.PastInventories(t.Context(), store.Path(r.data), r.projects); err != nil {
		t.Fatal(err)
	}
	x, err := app.OpenIndex(slog.New(slog.DiscardHandler), r.data)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := app.PastAdvisories(t.Context(), store.Path(r.data), x, &h); err != nil {
		t.Fatal(err)
	}
	first := r.now.Add(-9 * tocsin.Day)
	course, err := replay.Prepare(t.Context(), h, replay.Window{Since: first, Until: r.now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := course.Run(t.Context(), r.run.Policies, r.run.Rules.Playbooks, nil)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for day := first; day.Before(r.now); day = day.Add(tocsin.Day) {
		for _, p := range r.projects {
			live := slices.SortedFunc(slices.Values(r.said[day][p.Slug]), replay.CompareJudgements)
			if d := cmp.Diff(live, got.Judged(p.Slug, day)); d != "" {
				t.Errorf("%s on %s (-live +replay):\n%s", p.Slug, day.Format(time.DateOnly), d)
			}
			compared += len(live)
		}
	}
	if !slices.ContainsFunc(r.said[first.Add(7*tocsin.Day)]["api"], func(j replay.Judgement) bool { return j.ResponseRule == "aged/rising" }) {
		t.Error("nobody noticed live that the score rose")
	}
	for day, want := range map[int]bool{5: false, 6: true} { // the fix came on the fourth day
		if got := slices.ContainsFunc(r.said[first.Add(time.Duration(day)*tocsin.Day)]["worker"], func(j replay.Judgement) bool {
			return j.Class == "CVE-2026-0010" && j.GateRule == "aged/mended"
		}); got != want {
			t.Errorf("day %d: that the fix is two days old was said live: %v, want %v", day, got, want)
		}
	}
	if compared < 20 {
		t.Errorf("only %d decisions compared", compared)
	}
	// The incidents are the same too, with the times of opening and of the end.
	kept, err := r.run.Store.Incidents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	account := func(key string, state tocsin.IncidentState, urgency tocsin.Urgency, opened time.Time) string {
		return fmt.Sprint(key, " ", state, " ", urgency, " ", opened.UTC().Format(time.RFC3339))
	}
	var live, replayed []string
	for _, inc := range kept {
		live = append(live, account(inc.Key, inc.State, inc.Urgency, inc.OpenedAt))
	}
	for _, inc := range got.Incidents {
		replayed = append(replayed, account(inc.Key, inc.State, inc.Urgency, inc.Opened))
	}
	slices.Sort(live)
	slices.Sort(replayed)
	if d := cmp.Diff(live, replayed); d != "" || len(live) < 3 {
		t.Errorf("incidents (-live +replay):\n%s", d)
	}
}
