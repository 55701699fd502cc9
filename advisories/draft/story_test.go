package draft_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocsaf/csaf/v3/csaf"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/protobuf/encoding/protojson"

	osvschema "github.com/ossf/osv-schema/bindings/go/osvschema"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/draft"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/governance"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	dawn = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	ada  = tocsin.Actor{ID: "1", Name: "ada"}
	bea  = tocsin.Actor{ID: "2", Name: "bea"}
)

// A desk is where ada and bea lead one incident.
type desk struct {
	testing.TB
	rules incidents.Rules
	inc   tocsin.Incident
	now   time.Time
}

func newDesk(t testing.TB) *desk {
	g, err := governance.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	core := tocsin.IncidentPackage{Ecosystem: "Maven", Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", Match: tocsin.MatchRange, Fixed: "2.15.0", Upgrade: "2.17.1"}
	d := &desk{TB: t, now: dawn, rules: incidents.Rules{
		Governance: g, Publisher: tocsin.Publisher{Name: "Example Shop", URL: "https://example.com"},
		Projects: map[string]tocsin.Project{
			"shop-sdk":  offers("shop-sdk", "pkg:maven/com.example/shop-sdk"),
			"shop-cli":  offers("shop-cli", "pkg:npm/%40example/shop-cli"),
			"shop-api":  {Slug: "shop-api", Publishes: "pkg:oci/SECRET-api", OptIn: tocsin.OptIn{Issues: true, AdvisoryDraft: true}}, // not to everybody
			"shop-jobs": {Slug: "shop-jobs", Publishes: "pkg:npm/SECRET-jobs", OptIn: tocsin.OptIn{PublicExposure: true}},            // no advisory
		},
	}, inc: tocsin.Incident{
		Key: "INC-CVE-2021-44228", Version: 1, State: tocsin.StateMobilised, Urgency: tocsin.UrgencyEmergency, Severity: tocsin.LevelCritical, OpenedAt: dawn,
		Cause: "SECRET cause", Playbook: "vulnerable-dependency",
		Class: tocsin.Class{
			ID: "CVE-2021-44228", Aliases: []string{"CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"}, Kind: tocsin.KindFlaw,
			Summary: "Log4Shell: a logged string makes log4j-core fetch and run code over JNDI", CWEs: []string{"CWE-502", "CWE-917"},
			CVSS: &tocsin.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10}, URL: "https://github.com/advisories/GHSA-jfh8-c2jp-5v3q",
		},
	}}
	for _, r := range tocsin.Roles() {
		d.inc.Roles = append(d.inc.Roles, tocsin.Role{Name: r})
	}
	d.inc.Role(tocsin.RoleCommander).Holder, d.inc.Role(tocsin.RoleRelease).Holder = ada, bea
	for _, slug := range []string{"shop-api", "shop-cli", "shop-jobs", "shop-sdk"} {
		d.inc.Projects = append(d.inc.Projects, tocsin.IncidentProject{
			Slug: slug, Status: tocsin.ProjectAffected, Packages: []tocsin.IncidentPackage{core}, Since: dawn, Inventory: "sha256:SECRET", Evidence: "SECRET evidence", Rule: "SECRET rule", Round: 1,
		})
	}
	return d
}

func offers(slug, publishes string) tocsin.Project {
	return tocsin.Project{Slug: slug, Publishes: publishes, OptIn: tocsin.OptIn{AdvisoryDraft: true, PublicExposure: true}}
}

// does an hour later what must succeed.
func (d *desk) does(by tocsin.Actor, c tocsin.Command) {
	d.Helper()
	if err := d.tries(by, c); err != nil {
		d.Fatalf("%s: %s: %v", by.Name, c.Do, err)
	}
}

func (d *desk) tries(by tocsin.Actor, c tocsin.Command) error {
	d.now = d.now.Add(time.Hour)
	c.By, c.Source = by, "test"
	list, err := d.rules.Handle([]tocsin.Incident{d.inc}, d.inc.Key, c, d.now)
	if err == nil {
		d.inc = list[0].Incident
	}
	return err
}

// publishes has ada propose a revision and bea agree.
func (d *desk) publishes(news string) tocsin.Document {
	d.Helper()
	d.does(ada, tocsin.Command{Do: tocsin.DoRevise, Text: news})
	d.does(bea, tocsin.Command{Do: tocsin.DoApprove, Message: d.inc.Messages[len(d.inc.Messages)-1].ID})
	list := incidents.Revisions(d.inc)
	return list[len(list)-1]
}

func (d *desk) document() tocsin.Document { return d.rules.Document(d.inc, d.rules.Projects, d.now) }

// stages are the documents of one incident, from the first draft to the end.
func stages(t testing.TB) map[string]tocsin.Document {
	d := newDesk(t)
	out := map[string]tocsin.Document{"draft": d.document()}
	d.does(ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionMitigation, Text: "Set `log4j2.formatMsgNoLookups` to `true`."})
	d.does(ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionReferences, Text: "https://example.com/security/log4shell\n"})
	d.does(ada, tocsin.Command{Do: tocsin.DoCredit, Text: "@finder-of-bugs", Credit: tocsin.CreditFinder})
	d.does(ada, tocsin.Command{Do: tocsin.DoCredit, Text: "Grace Hopper", Credit: tocsin.CreditVerifier})
	d.does(ada, tocsin.Command{Do: tocsin.DoProduct, Projects: []string{"shop-sdk"}, Product: tocsin.ProductAffected, Range: ">= 1.0, < 1.4.3 || >= 2.0"})
	d.does(ada, tocsin.Command{Do: tocsin.DoProduct, Projects: []string{"shop-cli"}, Product: tocsin.ProductNotAffected, Justification: tocsin.NotExecuted, Text: "It logs nothing that others send."})
	out["published"] = d.publishes("First published: 1.4.3 is out")
	d.does(ada, tocsin.Command{Do: tocsin.DoProduct, Projects: []string{"shop-sdk"}, Product: tocsin.ProductAffected, Range: ">= 1.0, < 1.4.3 || >= 2.0, < 2.0.1"})
	out["revised"] = d.publishes("2.0.1 is out too")
	d.does(ada, tocsin.Command{Do: tocsin.DoStandDown, Reason: "the advisory was withdrawn"})
	out["withdrawn"] = d.publishes("It was a false alarm: the flaw is in another library")
	return out
}

// TestDocuments: what readers get of one incident at each stage, in each format.
func TestDocuments(t *testing.T) {
	for stage, d := range stages(t) {
		for _, f := range draft.Formats() {
			text, err := draft.Write(d, f)
			if err != nil {
				t.Errorf("%s: %v", stage, err)
				continue
			}
			if bytes.Contains(text, []byte("SECRET")) {
				t.Errorf("%s as %s tells of what did not opt in:\n%s", stage, f, text)
			}
			if f == draft.JSON {
				continue // which is what the test gave
			}
			name := filepath.Join("testdata", stage+"."+string(f)+".json")
			if *update {
				if err := os.WriteFile(name, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(text)); diff != "" {
				t.Errorf("%s (-want +got; -update rewrites it): %s", name, diff)
			}
		}
	}
}

// all are the documents that every format is checked with: those of the story, hostile ones, and one of a declared incident.
func all(t testing.TB) map[string]tocsin.Document {
	out := stages(t)
	for name, d := range hostile(t) {
		out["hostile "+name] = d
	}
	out["declared"] = declared(t)
	return out
}

func declared(t testing.TB) tocsin.Document {
	d := newDesk(t)
	d.inc.Class, d.inc.DeclaredBy, d.inc.Projects = tocsin.Class{Kind: tocsin.KindEvent, Summary: "SECRET title"}, ada, nil
	d.inc.Key = "INC-2026-03-01-leaked-secret"
	d.does(ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionDetails, Text: "A token was in a log. It was revoked within an hour."})
	d.does(ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionReferences, Text: "https://status.example.com/1"})
	return d.publishes("First published")
}

// TestCSAF: each document is valid by the library's schema, and has the category that fits it.
func TestCSAF(t *testing.T) {
	categories := map[string]string{"withdrawn": "csaf_base", "declared": "csaf_security_incident_response"}
	for name, d := range all(t) {
		text, err := draft.Write(d, draft.CSAF)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		if faults, err := csaf.ValidateCSAF(doc); err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %q\n%.3000s", name, err, faults, text)
		}
		var typed csaf.Advisory
		if err := json.Unmarshal(text, &typed); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if err := typed.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := categories[name]
		if want == "" {
			want = "csaf_security_advisory"
		}
		if got := string(*typed.Document.Category); got != want {
			t.Errorf("%s is a %s, want %s", name, got, want)
		}
	}
}

// TestOSV: each record is one by our own reader and by the bindings of the schema, and by the schema itself where there is one.
func TestOSV(t *testing.T) {
	for name, d := range all(t) {
		text, err := draft.Write(d, draft.OSV)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, err := advisories.Parse(text)
		if err != nil || !strings.HasPrefix(a.ID, "x_example.com-INC-") || a.Modified.IsZero() || a.Withdrawn.IsZero() != (name != "withdrawn") {
			t.Errorf("%s: %v %+v", name, err, a)
		}
		if len(a.Aliases) > 0 {
			t.Errorf("%s joins the class of what is shipped: %q", name, a.Aliases)
		}
		if err := protojson.Unmarshal(text, &osvschema.Vulnerability{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	revised, _ := draft.Write(stages(t)["revised"], draft.OSV)
	a, err := advisories.Parse(revised)
	want := []tocsin.Affected{{Package: tocsin.AffectedPackage{Ecosystem: "Maven", Name: "com.example:shop-sdk", PURL: "pkg:maven/com.example/shop-sdk"}, Ranges: []tocsin.Range{
		{Type: tocsin.RangeEcosystem, Events: []tocsin.Event{{Introduced: "1.0"}, {Fixed: "1.4.3"}}}, {Type: tocsin.RangeEcosystem, Events: []tocsin.Event{{Introduced: "2.0"}, {Fixed: "2.0.1"}}},
	}}}
	if diff := cmp.Diff(want, a.Affected); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestVEX: those who read our OpenVEX and CSAF excuse what they should, and nothing else.
func TestVEX(t *testing.T) {
	for _, f := range []draft.Format{draft.OpenVEX, draft.CSAF} {
		for stage, want := range map[string][]string{"draft": nil, "published": {"@1.4.3", "shop-cli"}, "revised": {"@1.4.3", "@2.0.1", "shop-cli"}} {
			text, err := draft.Write(stages(t)[stage], f)
			if err != nil {
				t.Fatal(err)
			}
			file, err := exceptions.Read("advisory.json", text, exceptions.Options{Named: true})
			if err != nil {
				t.Fatal(err)
			}
			var excused []string
			for _, x := range file.Exceptions {
				if x.Kind == tocsin.ExceptionNotAffected && x.Class == "CVE-2021-44228" {
					excused = append(excused, x.Product+" "+x.Package)
				}
			}
			if len(excused) != len(want) {
				t.Errorf("%s as %s excuses %q (%v)", stage, f, excused, file.Unused)
			}
			for _, w := range want {
				if !strings.Contains(strings.Join(excused, "\n"), w) {
					t.Errorf("%s as %s does not excuse %s: %q", stage, f, w, excused)
				}
			}
		}
	}
}

// TestSchemas: what others publish as a schema holds. Those of the corpus are skipped where it is not.
func TestSchemas(t *testing.T) {
	dir := corpus.Dir(t)
	for f, file := range map[draft.Format]string{
		draft.OSV: "osv/validation/schema.json", draft.OpenVEX: "openvex/openvex_json_schema.json", draft.CSAF: "csaf/csaf_2.0/json_schema/csaf_json_schema.json",
	} {
		c := jsonschema.NewCompiler()
		c.UseLoader(published{})
		c.AssertFormat()
		s, err := c.Compile("file://" + filepath.Join(dir, "conformance", filepath.FromSlash(file)))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for name, d := range all(t) {
			text, err := draft.Write(d, f)
			if name == "declared" && f == draft.OpenVEX {
				continue // it has no product
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(doc); err != nil {
				t.Errorf("%s as %s: %v\n%.2000s", name, f, err, text)
			}
		}
	}
}

// published loads the schemas of the corpus and fetches nothing. It does not have those of CVSS: the library does.
type published struct{}

func (published) Load(url string) (any, error) {
	if strings.HasPrefix(url, "https://www.first.org/cvss/") {
		return strings.HasSuffix(url, "v3.1.json"), nil
	}
	return jsonschema.FileLoader{}.Load(url)
}

// TestGitHubBody: what we write is what GitHub's description of its API asks of a new advisory, or of one that is changed.
func TestGitHubBody(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(corpus.Dir(t), "github", "rest-subset.openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://example.org/github", doc); err != nil {
		t.Fatal(err)
	}
	for name, d := range all(t) {
		kind := "create"
		if !d.Withdrawn.IsZero() {
			kind = "update"
		}
		s, err := c.Compile("https://example.org/github#/components/schemas/repository-advisory-" + kind)
		if err != nil {
			t.Fatal(err)
		}
		body, err := draft.Write(d, draft.GitHub)
		if name == "declared" {
			if !errors.Is(err, tocsin.ErrConflict) {
				t.Errorf("%s: %v", name, err)
			}
			continue // it has no package
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m := v.(map[string]any)
		if (m["severity"] == nil) == (m["cvss_vector_string"] == nil) {
			t.Errorf("%s: severity %v, vector %v: want one of them", name, m["severity"], m["cvss_vector_string"])
		}
	}
}
