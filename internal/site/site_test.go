package site

import (
	"context"
	"errors"
	"maps"
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

// Who listens hears of what their page does not show, once, and of nothing else; nobody looks while nobody listens.
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
			return maps.Clone(versions), nil
		})
		listen := func(key string, seen int) (<-chan int, func()) {
			t.Helper()
			news, end, err := p.listen("ada", key, seen)
			if err != nil {
				t.Fatal(err)
			}
			return news, end
		}
		a, endA := listen("a", 1)
		all, endAll := listen("*", 2)
		heard := func() map[string]int {
			time.Sleep(beat)
			synctest.Wait()
			out := map[string]int{}
			for name, c := range map[string]<-chan int{"a": a, "*": all} {
				select {
				case out[name] = <-c:
				default:
				}
			}
			return out
		}
		for _, step := range []struct {
			name string
			do   func()
			want map[string]int
		}{
			{"nothing changed", func() {}, map[string]int{}},
			{"b changed", func() { set("b", 2) }, map[string]int{"*": 3}},
			{"it is told once", func() {}, map[string]int{}},
			{"a changed", func() { set("a", 2) }, map[string]int{"a": 2, "*": 4}},
			{"what was not told yet is told as it is now", func() {
				set("a", 3)
				time.Sleep(beat)
				synctest.Wait()
				set("a", 4)
			}, map[string]int{"a": 4, "*": 6}},
		} {
			step.do()
			if diff := cmp.Diff(step.want, heard()); diff != "" {
				t.Errorf("%s: %s", step.name, diff)
			}
		}
		endA()
		endAll()
		synctest.Wait()
		mu.Lock()
		before := looks
		mu.Unlock()
		time.Sleep(time.Minute)
		mu.Lock()
		if looks != before {
			t.Error("it looks while nobody listens")
		}
		mu.Unlock()

		// What changed while the page was on its way, before it listened and before anybody looked.
		a, endA = listen("a", 3)
		all, endAll = listen("*", 5)
		if diff := cmp.Diff(map[string]int{"a": 4, "*": 6}, heard()); diff != "" {
			t.Errorf("pages that are older than what is: %s", diff)
		}
		endA()
		endAll()

		for range maxOwn {
			_, end := listen("a", 4)
			defer end()
		}
		if _, _, err := p.listen("ada", "a", 4); !errors.Is(err, tocsin.ErrUnavailable) {
			t.Errorf("one more page than one may have: %v", err)
		}
		_, end, err := p.listen("grace", "a", 4)
		if err != nil {
			t.Fatal(err)
		}
		end()
	})
}
