package incidents

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// TestExercise: what a drill opens has keys of its own, which live rules refuse and pass over; a drill's rules do so with what is live; and
// everything that is written of it is marked.
func TestExercise(t *testing.T) {
	live, game := newRoom(t), newRoom(t)
	game.rules.Exercise = true
	live.sees(0, log4j("shop", "2.14.1", "CVE-1"))
	game.sees(0, log4j("shop", "2.14.1", "CVE-1"))
	const real, played = "INC-CVE-1", "DRILL-CVE-1"
	both := []tocsin.Incident{live.inc(real), game.inc(played)}
	take := tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander, By: ada}
	for _, c := range []struct {
		rules Rules
		key   string
	}{{live.rules, played}, {game.rules, real}} {
		if _, err := c.rules.Handle(both, c.key, take, live.now); !strings.HasPrefix(err.Error(), "forbidden: "+c.key) {
			t.Errorf("%s: %v", c.key, err)
		}
		if _, err := c.rules.Learn(both, c.key, nil, live.now); !strings.HasPrefix(err.Error(), "forbidden: "+c.key) {
			t.Errorf("%s: %v", c.key, err)
		}
	}
	late := live.now.Add(tocsin.Day)
	for _, c := range []struct {
		rules       Rules
		mine, other string
	}{{live.rules, real, played}, {game.rules, played, real}} {
		for _, list := range [][]Change{c.rules.Tick(both, late), c.rules.Fold(both, []Sighting{log4j("shop", "2.15.0")}, late)} {
			if len(list) != 1 || list[0].Incident.Key != c.mine {
				t.Errorf("%s: %+v", c.mine, list)
			}
		}
		into := take
		into.Do, into.Into, into.Reason, into.BreakGlass = tocsin.DoMerge, c.other, "x", true
		if _, err := c.rules.Handle(both, c.mine, into, live.now); err == nil {
			t.Errorf("%s was merged into %s", c.mine, c.other)
		}
	}
	declared, err := game.rules.Declare(nil, tocsin.Declaration{By: ada, Playbook: "leaked-secret", Title: "x", Reason: "y", Severity: tocsin.LevelHigh}, game.now)
	if err != nil || !strings.HasPrefix(declared.Incident.Key, "DRILL-") {
		t.Errorf("%s, %v", declared.Incident.Key, err)
	}

	game.does(played, ada, take)
	game.does(played, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison})
	game.does(played, bea, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageFirst})
	game.does(played, bea, tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst, Text: "all is lost"})
	game.does(played, ada, tocsin.Command{Do: tocsin.DoApprove, Message: "m2"})
	game.sees(time.Hour, log4j("shop", "2.15.0"))
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	shop := tocsin.Project{Slug: "shop", Repository: "o/shop", Visibility: tocsin.VisibilityPrivate, OptIn: tocsin.OptIn{Issues: true, AdvisoryDraft: true}}
	c := Coordination{Repository: "o/security", Visibility: tocsin.VisibilityPrivate}
	kinds := map[tocsin.ActionKind]int{}
	for _, inc := range []tocsin.Incident{both[1], game.inc(played)} {
		actions, err := w.Actions(inc, map[string]tocsin.Project{"shop": shop}, game.rules.Playbooks, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range actions {
			kinds[a.Kind]++
			var fields map[string]any
			if err := json.Unmarshal(a.Payload, &fields); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"title", "body", "summary", "description"} {
				if text, ok := fields[name].(string); ok && !strings.HasPrefix(text, ExerciseMark) {
					t.Errorf("%s: %s is not marked: %.60s", a.Key, name, text)
				}
			}
		}
	}
	if kinds[tocsin.ActionIssue] == 0 || kinds[tocsin.ActionComment] == 0 || kinds[tocsin.ActionDraft] == 0 {
		t.Errorf("not all kinds were written: %v", kinds)
	}
	if _, err := exercise(tocsin.Action{Kind: "letter"}); err == nil {
		t.Error("a kind that nobody knows how to mark is let through")
	}
	p, _ := Publish(game.inc(played))
	if !strings.HasPrefix(p.Title, ExerciseMark) || len(p.Entries) != 1 || !strings.HasPrefix(p.Entries[0].Text, ExerciseMark) {
		t.Errorf("%+v", p)
	}
	for _, m := range game.inc(played).Messages {
		if !strings.HasPrefix(m.Text, ExerciseMark) {
			t.Errorf("message %s is not marked: %.60s", m.ID, m.Text)
		}
	}
	if actions, err := w.Actions(both[0], map[string]tocsin.Project{"shop": shop}, live.rules.Playbooks, c); err != nil || strings.Contains(string(actions[0].Payload), ExerciseMark) {
		t.Errorf("what is live is marked as an exercise, or %v", err)
	}
}
