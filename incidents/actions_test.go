package incidents

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func writer(t testing.TB) *Writer {
	t.Helper()
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func shell() tocsin.Incident {
	c := tocsin.Class{
		ID: "CVE-2021-44228", Aliases: []string{"CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"}, Kind: tocsin.KindFlaw,
		Summary: "Log4Shell: a logged string makes log4j-core fetch and run code over JNDI",
		CVSS:    &tocsin.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10}, CWEs: []string{"CWE-502"},
		KEV: &tocsin.KEV{DateAdded: dawn}, EPSS: &tocsin.EPSS{Score: 0.99999}, URL: "https://github.com/advisories/GHSA-jfh8-c2jp-5v3q",
	}
	core := tocsin.IncidentPackage{
		Ecosystem: "Maven", Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", Match: tocsin.MatchRange,
		Evidence: []string{"GHSA-jfh8-c2jp-5v3q names >= 2.13.0, < 2.15.0"}, Fixed: "2.15.0", Upgrade: "2.17.1",
		Path: []string{"com.example:web@1.0", "org.apache.logging.log4j:log4j-core@2.14.1"}, Location: "pom.xml:11",
	}
	inc := tocsin.Incident{
		Key: "INC-CVE-2021-44228", Version: 1, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, Severity: tocsin.LevelCritical,
		Class: c, Playbook: "vulnerable-dependency", PlaybookVersion: 1, Due: dawn.Add(3 * tocsin.Day), OpenedAt: dawn,
		Cause: "the flaw is exploited (CISA KEV) and the package is shipped (rule exploited of policy emergency)",
		Projects: []tocsin.IncidentProject{
			{Slug: "batch", Status: tocsin.ProjectAffected, Packages: []tocsin.IncidentPackage{core}, Due: dawn.Add(3 * tocsin.Day), Inventory: "sha256:0", Round: 1},
			{Slug: "shop-api", Status: tocsin.ProjectAffected, Packages: []tocsin.IncidentPackage{core}, Due: dawn.Add(3 * tocsin.Day), Since: dawn,
				Inventory: "sha256:15cf4f12585644d928f4b000c040259bea8ff86c", Round: 1},
		},
		Tasks: []tocsin.Task{{ID: "lead", Title: "Take the lead and fill the other three roles", Role: tocsin.RoleCommander, Due: dawn.Add(time.Hour), Done: true},
			{ID: "tell", Title: "Tell the owners", Role: tocsin.RoleLiaison, Due: dawn.Add(4 * time.Hour)}},
	}
	for _, r := range tocsin.Roles() {
		inc.Roles = append(inc.Roles, tocsin.Role{Name: r})
	}
	inc.Roles[0].Holder = tocsin.Actor{ID: "1", Name: "ada"}
	return inc
}

func malware() tocsin.Incident {
	inc := shell()
	inc.Class = tocsin.Class{ID: "MAL-2025-46974", Aliases: []string{"GHSA-8mgj-vmr8-frr6", "MAL-2025-46974"}, Kind: tocsin.KindMalware, Summary: "Malware in debug"}
	inc.Key, inc.Playbook, inc.Cause = "INC-MAL-2025-46974", "malicious-package", "this very version is listed as malicious by two independent origins"
	inc.Projects = inc.Projects[1:]
	inc.Projects[0].Packages = []tocsin.IncidentPackage{
		{Ecosystem: "npm", Name: "@scope/debug", Version: "4.4.2", Match: tocsin.MatchExact, Evidence: []string{"MAL-2025-46974 lists 4.4.2"},
			Fixed: "4.4.3", Upgrade: "4.4.3", Path: []string{"express@4.21.2", "@scope/debug@4.4.2"}, Location: "package-lock.json:15"},
		{Ecosystem: "npm", Name: "chalk", Version: "5.6.1", Match: tocsin.MatchExact, Evidence: []string{"MAL-2025-46974 lists 5.6.1"}, Location: "package-lock.json:12"},
	}
	return inc
}

func cleared(status tocsin.ProjectStatus, evidence string, state tocsin.IncidentState) tocsin.Incident {
	inc := shell()
	inc.State = state
	for i := range inc.Projects {
		p := &inc.Projects[i]
		p.Status, p.Evidence, p.ClearedAt = status, evidence, dawn.Add(30*time.Hour)
	}
	return inc
}

func portfolio() map[string]tocsin.Project {
	return map[string]tocsin.Project{
		"batch": {Slug: "batch", Repository: "example/batch", Visibility: tocsin.VisibilityPrivate},
		"shop-api": {Slug: "shop-api", Repository: "example/shop-api", Owners: []string{"grace"}, Visibility: tocsin.VisibilityPrivate,
			Publishes: "pkg:maven/com.example/shop-sdk", OptIn: tocsin.OptIn{Issues: true, AdvisoryDraft: true}},
	}
}

func private() Coordination {
	return Coordination{Repository: "example/security", Visibility: tocsin.VisibilityPrivate}
}

// golden writes an action as a person would look at it.
func golden(a tocsin.Action) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\non %s for a %s audience, TLP:%s, approvals %d\n", a.Kind, a.Key, a.Repository, a.Audience, a.TLP, a.Approvals)
	if a.After != "" {
		fmt.Fprintf(&b, "after %s\n", a.After)
	}
	var p struct {
		tocsin.IssuePayload
		News, Summary, Description, Severity string
		CVSS                                 string `json:"cvss_vector_string"`
		Vulnerabilities                      []tocsin.DraftVulnerability
	}
	if err := json.Unmarshal(a.Payload, &p); err != nil {
		return err.Error()
	}
	switch a.Kind {
	case tocsin.ActionIssue:
		fmt.Fprintf(&b, "labels %q, assignees %q, closed %v %s\n\n# %s\n\n%s", p.Labels, p.Assignees, p.Closed, p.StateReason, p.Title, p.Body)
	case tocsin.ActionComment:
		fmt.Fprintf(&b, "news %s\n\n%s", p.News, p.Body)
	case tocsin.ActionDraft:
		fmt.Fprintf(&b, "severity %q, CVSS %q, packages %+v\n\n# %s\n\n%s", p.Severity, p.CVSS, p.Vulnerabilities, p.Summary, p.Description)
	}
	return b.String()
}

func TestTexts(t *testing.T) {
	regressed := shell()
	regressed.Projects[1].Round = 2
	called := shell()
	called.Roles[1].OfferLate = true
	called.Escalation = tocsin.Escalation{Policy: "urgent", Since: dawn, Calls: []tocsin.Summons{
		{Number: 1, At: dawn.Add(-time.Hour), To: []tocsin.Callee{{Actor: ada}}},
		{Number: 2, At: dawn, To: []tocsin.Callee{{Actor: ada, Login: "ada-l"}, {Actor: tocsin.Actor{ID: "2", Name: "bea @all <b>"}, Login: "x y"}}},
		{Number: 3, At: dawn, Offer: tocsin.RoleTechnical, To: []tocsin.Callee{{Actor: ada, Login: "ada-l"}}},
	}}
	hold := malware()
	hold.State, hold.Urgency = tocsin.StateHold, tocsin.UrgencyHold
	routine := malware()
	routine.Urgency, routine.Roles, routine.Tasks, routine.Due = tocsin.UrgencyRoutine, nil, nil, time.Time{}
	routine.Projects[0].Due, routine.Projects[0].Packages = time.Time{}, routine.Projects[0].Packages[1:]
	routine.Class.Kind = tocsin.KindFlaw
	patched := cleared(tocsin.ProjectPatched, "org.apache.logging.log4j:log4j-core is now 2.17.1 (was 2.14.1)", tocsin.StateResolved)
	corrected := cleared(tocsin.ProjectCorrected, "org.apache.logging.log4j:log4j-core 2.14.1 is no longer named by the advisory", tocsin.StateStoodDown)
	for name, tt := range map[string]struct {
		inc tocsin.Incident
		key string
	}{
		"issue-affected":     {shell(), "issue/INC-CVE-2021-44228/shop-api"},
		"issue-malware":      {malware(), "issue/INC-MAL-2025-46974/shop-api"},
		"issue-routine":      {routine, "issue/INC-MAL-2025-46974/shop-api"},
		"issue-fixed":        {patched, "issue/INC-CVE-2021-44228/shop-api"},
		"issue-corrected":    {corrected, "issue/INC-CVE-2021-44228/shop-api"},
		"tracking-emergency": {shell(), "tracking/INC-CVE-2021-44228"},
		"tracking-hold":      {hold, "tracking/INC-MAL-2025-46974"},
		"tracking-resolved":  {patched, "tracking/INC-CVE-2021-44228"},
		"comment-fixed":      {patched, "comment/INC-CVE-2021-44228/shop-api/fixed-1"},
		"comment-corrected":  {corrected, "comment/INC-CVE-2021-44228/shop-api/corrected-1"},
		"comment-regressed":  {regressed, "comment/INC-CVE-2021-44228/shop-api/regressed-2"},
		"comment-call":       {called, "comment/INC-CVE-2021-44228/call-2"},
		"comment-offer":      {called, "comment/INC-CVE-2021-44228/call-3"},
		"draft":              {shell(), "draft/INC-CVE-2021-44228/shop-api"},
	} {
		t.Run(name, func(t *testing.T) {
			got := golden(actions(t, tt.inc, portfolio(), private())[tt.key])
			file := filepath.Join("testdata", name+".md")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
			}
		})
	}
}

// actions gives the actions by key, after checking that asking again gives the same bytes.
func actions(t *testing.T, inc tocsin.Incident, projects map[string]tocsin.Project, c Coordination) map[string]tocsin.Action {
	t.Helper()
	w, books := writer(t), shippedPlaybooks(t)
	list, err := w.Actions(inc, projects, books, c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Actions(inc, projects, books, c)
	if err != nil || !reflect.DeepEqual(list, again) {
		t.Fatalf("asking again gives something else (%v):\n%s", err, cmp.Diff(list, again))
	}
	out := map[string]tocsin.Action{}
	for _, a := range list {
		if a.Incident != inc.Key || out[a.Key].Key != "" {
			t.Errorf("action %+v", a)
		}
		out[a.Key] = a
	}
	return out
}

func payload(t *testing.T, a tocsin.Action) (p tocsin.IssuePayload) {
	t.Helper()
	if err := json.Unmarshal(a.Payload, &p); err != nil {
		t.Fatalf("%+v: %v", a, err)
	}
	return p
}

func TestNothingWithoutConsent(t *testing.T) {
	const issue, tracking, draft = "issue/INC-CVE-2021-44228/shop-api", "tracking/INC-CVE-2021-44228", "draft/INC-CVE-2021-44228/shop-api"
	for _, tt := range []struct {
		name    string
		change  func(*tocsin.Project)
		urgency tocsin.Urgency
		told    string // what the tracking issue says; empty if there is an issue
	}{
		{"agreed", func(*tocsin.Project) {}, tocsin.UrgencyEmergency, ""},
		{"public and agreed to exposure", func(p *tocsin.Project) {
			p.Visibility, p.OptIn.PublicExposure = tocsin.VisibilityPublic, true
		}, tocsin.UrgencyEmergency, ""},
		{"no opt-in", func(p *tocsin.Project) { p.OptIn.Issues = false }, tocsin.UrgencyEmergency, "no, it did not opt in to issues"},
		{"public repository", func(p *tocsin.Project) { p.Visibility = tocsin.VisibilityPublic }, tocsin.UrgencyEmergency,
			"no, its repository is public and it did not opt in to public exposure"},
		{"no repository", func(p *tocsin.Project) { p.Repository = "" }, tocsin.UrgencyEmergency, "no, it has no repository"},
		{"hold", func(*tocsin.Project) {}, tocsin.UrgencyHold, "no, a person decides first"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			projects := portfolio()
			p := projects["shop-api"]
			tt.change(&p)
			projects["shop-api"] = p
			inc := shell()
			inc.Urgency = tt.urgency
			got := actions(t, inc, projects, private())
			_, told := got[issue]
			if told != (tt.told == "") || !strings.Contains(payload(t, got[tracking]).Body, tt.told) {
				t.Errorf("told %v, tracking:\n%s", told, payload(t, got[tracking]).Body)
			}
			want := tocsin.TLPAmber
			if p.OptIn.PublicExposure {
				want = tocsin.TLPClear
			}
			for key, a := range got {
				if !a.TLP.Allows(a.Audience) {
					t.Errorf("%s: TLP:%s for %s", key, a.TLP, a.Audience)
				}
				if key == issue && (a.TLP != want || a.Audience != p.Visibility) {
					t.Errorf("%s: TLP:%s for %s", key, a.TLP, a.Audience)
				}
			}
			if d, ok := got[draft]; ok != told || told && (d.Approvals != 2 || d.Audience != tocsin.VisibilityPrivate || d.TLP != tocsin.TLPAmber) {
				t.Errorf("draft %v: %+v", ok, d)
			}
		})
	}
}

func TestPublicCoordinationHidesProjects(t *testing.T) {
	projects := portfolio()
	p := projects["batch"]
	p.OptIn.PublicExposure = true
	projects["batch"] = p
	a := actions(t, shell(), projects, Coordination{"example/open", tocsin.VisibilityPublic})["tracking/INC-CVE-2021-44228"]
	body := payload(t, a).Body
	if a.TLP != tocsin.TLPClear || a.Audience != tocsin.VisibilityPublic || strings.Contains(body, "shop-api") || !strings.Contains(body, "batch") ||
		!strings.Contains(body, "1 project did not agree to be named here") {
		t.Errorf("%s for %s:\n%s", a.TLP, a.Audience, body)
	}
	// Nobody knows of a project that was taken out of the portfolio, so that nothing is told to or of it.
	if got := actions(t, shell(), nil, Coordination{"example/open", tocsin.VisibilityPublic}); len(got) != 1 ||
		!strings.Contains(payload(t, got["tracking/INC-CVE-2021-44228"]).Body, "2 projects did not agree") {
		t.Errorf("%+v", got)
	}
	if got := actions(t, shell(), portfolio(), Coordination{}); got["tracking/INC-CVE-2021-44228"].Key != "" {
		t.Error("a tracking issue without a repository")
	}
}

// TestCallsGoOutOnce: where there is a tracking issue, after it, for its audience; what was answered, is over, or was of an earlier call does not.
func TestCallsGoOutOnce(t *testing.T) {
	inc := shell()
	inc.Escalation = tocsin.Escalation{Since: dawn, Calls: []tocsin.Summons{
		{Number: 1, At: dawn.Add(-time.Hour), To: []tocsin.Callee{{Actor: ada, Login: "ada-l"}}}, {Number: 2, At: dawn, To: []tocsin.Callee{{Actor: ada, Login: "ada-l"}}}}}
	open, secret := Coordination{"example/open", tocsin.VisibilityPublic}, private()
	for _, tt := range []struct {
		name   string
		change func(*tocsin.Incident)
		c      Coordination
		want   bool
	}{
		{"called", func(*tocsin.Incident) {}, secret, true},
		{"in public", func(*tocsin.Incident) {}, open, true},
		{"a leak", func(i *tocsin.Incident) { i.Class.Private = true }, open, false},
		{"under embargo", func(i *tocsin.Incident) { i.Embargo.State = tocsin.EmbargoActive }, open, false},
		{"private", func(i *tocsin.Incident) { i.Class.Private = true }, secret, true},
		{"nowhere", func(*tocsin.Incident) {}, Coordination{}, false},
		{"answered", func(i *tocsin.Incident) { i.Escalation.AckBy = ada }, secret, false},
		{"over", func(i *tocsin.Incident) { i.State = tocsin.StateResolved }, secret, false},
	} {
		one := inc
		tt.change(&one)
		got := actions(t, one, portfolio(), tt.c)
		a, ok := got["comment/"+inc.Key+"/call-2"]
		if ok != tt.want || got["comment/"+inc.Key+"/call-1"].Key != "" {
			t.Errorf("%s: %v", tt.name, ok)
		}
		if ok && (a.After != "tracking/"+inc.Key || a.Repository != tt.c.Repository || a.Audience != tt.c.Visibility || !a.TLP.Allows(a.Audience) ||
			strings.Contains(string(a.Payload), "shop-api")) {
			t.Errorf("%s: %+v", tt.name, a)
		}
	}
}

func TestManyProjectsAndPackages(t *testing.T) {
	inc := shell()
	core := inc.Projects[0].Packages[0]
	for i := range 1000 {
		p := inc.Projects[1]
		p.Slug = fmt.Sprint("project-", i)
		inc.Projects = append(inc.Projects, p)
		core.Version = fmt.Sprint("1.", i)
		inc.Projects[1].Packages = append(inc.Projects[1].Packages, core)
		inc.Class.Aliases = append(inc.Class.Aliases, fmt.Sprint("OSV-", i))
	}
	for key, a := range actions(t, inc, portfolio(), private()) {
		if len(a.Payload) > 60_000 {
			t.Errorf("%s has %d bytes", key, len(a.Payload))
		}
		if strings.HasPrefix(key, "tracking") && !strings.Contains(payload(t, a).Body, "902 more projects not shown") {
			t.Errorf("%s does not count what it leaves out", key)
		}
	}
}

// An advisory that is not public leaves for no place that the public reads, whoever opted in to what.
func TestPrivateAdvisoryStaysPrivate(t *testing.T) {
	inc := shell()
	inc.Class.Private = true
	for _, visibility := range []tocsin.Visibility{tocsin.VisibilityPublic, tocsin.VisibilityPrivate} {
		projects := map[string]tocsin.Project{}
		for _, ip := range inc.Projects {
			projects[ip.Slug] = tocsin.Project{
				Slug: ip.Slug, Repository: "example/" + ip.Slug, Visibility: visibility,
				OptIn: tocsin.OptIn{Issues: true, PublicExposure: true, AdvisoryDraft: true},
			}
		}
		for key, a := range actions(t, inc, projects, Coordination{"example/security", visibility}) {
			if a.Audience == tocsin.VisibilityPublic || a.TLP == tocsin.TLPClear {
				t.Errorf("%s: TLP:%s to a %s audience", key, a.TLP, a.Audience)
			}
			if visibility == tocsin.VisibilityPublic {
				t.Errorf("%s is written to a public repository", key)
			}
		}
	}
}
