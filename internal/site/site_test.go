package site

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
)

// Every verb of an incident is told of when a form did it, and no other word is: an address is what anybody can write.
func TestDeedsAreTheVerbs(t *testing.T) {
	for _, v := range incidents.Verbs() {
		if deeds[string(v.Do)] == "" {
			t.Errorf("nothing is said once somebody did %s", v.Do)
		}
	}
}

func TestCommandOfAForm(t *testing.T) {
	got, err := command(url.Values{"do": {"set-status"}, "projects": {"a", "b"}, "status": {"mitigated"}, "reason": {" a\r\nb "}, "until": {"2026-03-01T12:00"}, "to": {"ADA"},
		"minutes": {"5"}, "text": {""}, "break_glass": {"true"}})
	want := map[string]any{"do": "set-status", "projects": []string{"a", "b"}, "status": "mitigated", "reason": "a\nb", "until": time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		"to": map[string]string{"id": "ADA"}, "minutes": 5, "break_glass": true}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, bad := range []url.Values{{"minutes": {"five"}}, {"until": {"tomorrow"}}} {
		if _, err := command(bad); err == nil || !strings.Contains(err.Error(), "invalid") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestAheadSaysWhatIsMissing(t *testing.T) {
	inc := tocsin.Incident{State: tocsin.StateDetected, Roles: []tocsin.Role{{Name: tocsin.RoleCommander}}, Projects: []tocsin.IncidentProject{{Status: tocsin.ProjectAffected}, {Status: tocsin.ProjectPatched}}}
	got := strings.Join(ahead(inc, tocsin.Outlook{Next: []tocsin.Step{{ID: "a"}, {ID: "b", Waits: []string{"a"}}}}), "\n")
	for _, want := range []string{"Nobody leads it", "1 of 2 projects are not clear yet", "1 step of the playbook can"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	inc.State, inc.Projects = tocsin.StateContained, inc.Projects[1:]
	inc.Checks = []tocsin.Check{{Says: "no fix was taken back", Project: "shop"}}
	if got := strings.Join(ahead(inc, tocsin.Outlook{}), "\n"); !strings.Contains(got, "no fix was taken back (shop)") {
		t.Error(got)
	}
}

// Who listens hears of what changed, once, and of nothing else; nobody looks while nobody listens.
func TestPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		versions, looks := map[string]int{"a": 1, "b": 1}, 0
		set := func(key string, version int) {
			mu.Lock()
			defer mu.Unlock()
			versions[key] = version
		}
		p := newPulse(func(context.Context) (map[string]int, error) {
			mu.Lock()
			defer mu.Unlock()
			looks++
			out := map[string]int{}
			for k, v := range versions {
				out[k] = v
			}
			return out, nil
		})
		a, endA, err := p.listen("a")
		if err != nil {
			t.Fatal(err)
		}
		all, endAll, err := p.listen("*")
		if err != nil {
			t.Fatal(err)
		}
		heard := func() (out string) {
			time.Sleep(beat)
			synctest.Wait()
			for name, c := range map[string]<-chan struct{}{"a": a, "*": all} {
				select {
				case <-c:
					out += name
				default:
				}
			}
			return out
		}
		if got := heard(); got != "" {
			t.Errorf("heard of %q before anything changed", got)
		}
		set("b", 2)
		if got := heard(); got != "*" {
			t.Errorf("b changed, and heard by %q", got)
		}
		set("a", 2)
		if got := heard(); len(got) != 2 {
			t.Errorf("a changed, and heard by %q", got)
		}
		endA()
		endAll()
		synctest.Wait()
		mu.Lock()
		before := looks
		mu.Unlock()
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if looks != before {
			t.Error("it looks while nobody listens")
		}
	})
}
