package incidents

import (
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
)

// TestShippedTemplates: each can be filled in, for an incident of which little is known and for one with packages, and says what a message
// in an emergency must.
func TestShippedTemplates(t *testing.T) {
	rules := shippedRules(t)
	if _, err := acceptance.Compile(rules.Playbooks); err != nil {
		t.Error(err)
	}
	little := tocsin.Incident{Class: tocsin.Class{Summary: "a title"}, State: tocsin.StateDetected, OpenedAt: dawn}
	much := little
	much.Class.ID, much.Severity, much.Roles = "CVE-1", tocsin.LevelHigh, []tocsin.Role{{Name: tocsin.RoleCommander, Holder: ada}}
	much.Projects = []tocsin.IncidentProject{{Status: tocsin.ProjectAffected, Packages: []tocsin.IncidentPackage{{Name: "log", Version: "1", Fixed: "2"}, {Name: "tar", Version: "3"}}}}
	for name, book := range rules.Playbooks {
		stages := map[tocsin.Audience]int{}
		for _, m := range book.Messages {
			stages[m.Audience]++
			for _, inc := range []tocsin.Incident{little, much} {
				inc.Playbook = name
				text, err := rules.Draft(inc, m.Audience, m.Stage, dawn)
				if err != nil {
					t.Fatal(err)
				}
				for _, want := range []string{"Known: ", "Not known: ", "Being done: ", "Next update: ", blanks(rules, inc, dawn).What} {
					if !strings.Contains(text, want) || strings.Contains(text, "<no value>") {
						t.Errorf("%s, %s, %s: no %q in\n%s", name, m.Audience, m.Stage, want, text)
					}
				}
			}
		}
		for audience, n := range stages {
			if n != 4 {
				t.Errorf("%s: %d of 4 stages for %s", name, n, audience)
			}
		}
		if stages[tocsin.AudienceMaintainers] == 0 || stages[tocsin.AudienceExecutives] == 0 || len(book.Decisions) == 0 {
			t.Errorf("%s: nothing for maintainers or executives, or no decision", name)
		}
	}
	much.Playbook = defaultPlaybook
	text, err := rules.Draft(much, tocsin.AudienceMaintainers, tocsin.StageFirst, dawn)
	if want := "Affected: `log@1`, `tar@3`. Fixed in: `log@2`."; err != nil || !strings.Contains(text, want) {
		t.Errorf("%v, no %q in\n%s", err, want, text)
	}
}
