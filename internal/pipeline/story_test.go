package pipeline_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

var update = flag.Bool("update", false, "rewrite the expected results of stories")

// TestStories plays testdata/stories: from files in to actions out. A story is a txtar with
//
//	projects            a line per project: slug, repository, then words (private, public, issues, exposure, draft, high, internet, group=x)
//	kev                 a line per CVE that is in KEV (optional)
//	N/exceptions.yaml   what people decided, as of step N; "gone" takes it away
//	N/advisories/ID     the advisory as of step N; "gone" takes it away
//	N/SLUG/file         the file of a project as of step N; "gone" takes it away
//	want                what comes of it; go test ./internal/pipeline -run Stories -update rewrites it
//
// Each step is a day. What is in the first comment of a story says what it proves.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("../../testdata/stories/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := newStory(t, ar, store.Path(t.TempDir()))
			got := s.play()
			i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *update {
				if i < 0 {
					ar.Files = append(ar.Files, txtar.File{Name: "want"})
					i = len(ar.Files) - 1
				}
				ar.Files[i].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 {
				t.Fatal("the story has no section want")
			}
			if diff := cmp.Diff(string(ar.Files[i].Data), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			t.Run("postgres", func(t *testing.T) {
				if diff := cmp.Diff(got, newStory(t, ar, postgres.Start(t).Database(t)).play()); diff != "" {
					t.Errorf("(-sqlite +postgres)\n%s", diff)
				}
			})
		})
	}
}

type story struct {
	t        *testing.T
	projects []tocsin.Project
	kev      map[string]tocsin.KEV
	// changes are what each step changes, by path.
	changes map[int]map[string][]byte
	store   *store.Store
	out     bytes.Buffer
}

// first is the day of step 1.
var first = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func newStory(t *testing.T, ar *txtar.Archive, database string) *story {
	t.Helper()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s := &story{t: t, kev: map[string]tocsin.KEV{}, changes: map[int]map[string][]byte{}, store: st}
	for _, f := range ar.Files {
		switch {
		case f.Name == "projects":
			for line := range strings.Lines(string(f.Data)) {
				s.projects = append(s.projects, storyProject(t, strings.Fields(line)))
			}
		case f.Name == "kev":
			for _, cve := range strings.Fields(string(f.Data)) {
				s.kev[cve] = tocsin.KEV{CVE: cve, DateAdded: first}
			}
		case f.Name == "want":
		default:
			number, rest, _ := strings.Cut(f.Name, "/")
			step, err := strconv.Atoi(number)
			if err != nil || rest == "" {
				t.Fatalf("section %q: want N/…", f.Name)
			}
			if s.changes[step] == nil {
				s.changes[step] = map[string][]byte{}
			}
			s.changes[step][rest] = f.Data
		}
	}
	return s
}

func storyProject(t *testing.T, words []string) tocsin.Project {
	t.Helper()
	if len(words) < 2 {
		t.Fatalf("projects: %q: want slug and repository", words)
	}
	p := tocsin.Project{
		Slug: words[0], Repository: words[1], Criticality: tocsin.CriticalityMedium, Exposure: tocsin.ExposureInternal, Visibility: tocsin.VisibilityPrivate,
	}
	for _, w := range words[2:] {
		switch group, ok := strings.CutPrefix(w, "group="); {
		case ok:
			p.Group = group
		case w == "public":
			p.Visibility = tocsin.VisibilityPublic
		case w == "issues":
			p.OptIn.Issues = true
		case w == "exposure":
			p.OptIn.PublicExposure = true
		case w == "draft":
			p.OptIn.AdvisoryDraft = true
		case w == "high":
			p.Criticality = tocsin.CriticalityHigh
		case w == "internet":
			p.Exposure = tocsin.ExposurePublic
		case w != "private":
			t.Fatalf("projects: %s: %q is no word of a project", p.Slug, w)
		}
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *story) play() string {
	s.t.Helper()
	writer, err := incidents.NewWriter()
	if err != nil {
		s.t.Fatal(err)
	}
	books, err := playbooks.Shipped()
	if err != nil {
		s.t.Fatal(err)
	}
	var set []*policies.Policy
	for _, name := range []string{"emergency", "release-gate"} {
		text, err := packs.Read(name)
		if err != nil {
			s.t.Fatal(err)
		}
		p, err := policies.Load(name, text)
		if err != nil {
			s.t.Fatal(err)
		}
		set = append(set, p)
	}
	tree := fstest.MapFS{}
	last := 0
	for step := range s.changes {
		last = max(last, step)
	}
	for step := 1; step <= last; step++ {
		for name, data := range s.changes[step] {
			if strings.TrimSpace(string(data)) == "gone" {
				delete(tree, name)
			} else {
				tree[name] = &fstest.MapFile{Data: data}
			}
		}
		now := first.AddDate(0, 0, step-1)
		p := pipeline.Portfolio{
			Log: slog.New(slog.DiscardHandler), Store: s.store, Index: s.index(tree), Policies: policies.NewSet(set...), Rules: incidents.Rules{Playbooks: books}, Writer: writer,
			Coordination: incidents.Coordination{Repository: "acme/security", Visibility: tocsin.VisibilityPrivate},
			Now:          func() time.Time { return now },
		}
		r, err := p.Run(s.t.Context(), s.sources(tree))
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&s.out, "step %d\n", step)
		s.tell(r)
		again, err := p.Run(s.t.Context(), s.sources(tree))
		if err != nil {
			s.t.Fatal(err)
		}
		if len(again.Changes) != 0 || len(again.Planned) != 0 {
			s.t.Errorf("step %d: the same run again changed %d incidents and planned %d actions", step, len(again.Changes), len(again.Planned))
		}
	}
	return s.out.String()
}

// index is built of the advisories as they are now.
func (s *story) index(tree fstest.MapFS) *advisories.Index {
	s.t.Helper()
	var b advisories.Builder
	for name, f := range tree {
		if path.Dir(name) != "advisories" {
			continue
		}
		a, err := advisories.Parse(f.Data)
		if err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
		b.Add(a, "")
	}
	var file bytes.Buffer
	if _, err := b.Build(&file, advisories.Facts{KEV: s.kev}.Tables(), tocsin.Snapshot{}); err != nil {
		s.t.Fatal(err)
	}
	x, err := advisories.Load(file.Bytes())
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

func (s *story) sources(tree fstest.MapFS) []pipeline.Source {
	var excused []tocsin.Exception
	if f := tree["exceptions.yaml"]; f != nil {
		var err error
		if excused, err = exceptions.Load("exceptions.yaml", f.Data); err != nil {
			s.t.Fatal(err)
		}
	}
	var out []pipeline.Source
	for _, p := range s.projects {
		sub, err := fs.Sub(tree, p.Slug)
		out = append(out, pipeline.Source{Project: p, Origin: p.Slug, FS: sub, Err: err, Exceptions: excused})
	}
	return out
}

// tell writes what a step came to.
func (s *story) tell(r pipeline.Result) {
	for _, one := range r.Scanned {
		fmt.Fprintf(&s.out, "  %s: %d packages, gate %s\n", one.Project.Slug, len(one.Inventory.Packages), one.Gate)
		for _, f := range one.Inventory.Coverage.Incomplete() {
			fmt.Fprintf(&s.out, "    %s %s\n", f.Path, f.Status)
		}
		for _, d := range one.Decisions {
			f := d.Finding
			fmt.Fprintf(&s.out, "    %s %s %s: gate %s, response %s", f.Package, f.Class.ID, strings.TrimSpace(string(f.Status)+" "+string(f.Match)), d.Gate, d.Response)
			if f.Reason != "" {
				fmt.Fprintf(&s.out, " (%s)", f.Reason)
			}
			fmt.Fprintln(&s.out)
		}
	}
	for _, c := range r.Changes {
		fmt.Fprintf(&s.out, "  %s: %s, %s, severity %s\n", c.Incident.Key, c.Incident.Urgency, c.Incident.State, c.Incident.Severity)
		for _, e := range c.Events {
			fmt.Fprintf(&s.out, "    %s %s\n", e.Kind, strings.TrimSpace(e.Project+" "+e.Text))
		}
	}
	for _, a := range r.Planned {
		fmt.Fprintf(&s.out, "  %s revision %d in %s, TLP:%s", a.Key, a.Revision, a.Repository, a.TLP)
		if a.Approvals > 0 {
			fmt.Fprintf(&s.out, ", needs %d approvals", a.Approvals)
		}
		if bytes.Contains(a.Payload, []byte(`"closed":true`)) {
			fmt.Fprint(&s.out, ", closed")
		}
		fmt.Fprintln(&s.out)
	}
}
