package incidents

import (
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
)

// TestDecisionTrees walks every playbook with every combination of answers, and does whatever can be done, until nothing is left to do.
// Every answer can be given, every task is there under some answers, and what is to be done has an order.
func TestDecisionTrees(t *testing.T) {
	rules := shippedRules(t)
	for name, book := range rules.Playbooks {
		done := map[string]bool{}
		for _, way := range ways(book.Decisions) {
			r := newRoom(t)
			c, err := r.rules.Declare(nil, tocsin.Declaration{By: ada, Playbook: name, Title: "a drill", Reason: "a test", Severity: tocsin.LevelHigh}, r.now)
			if err != nil {
				t.Fatal(err)
			}
			r.take([]Change{c})
			key := c.Incident.Key
			for _, role := range tocsin.Roles() {
				r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: role})
			}
			for more := true; more; {
				more = false
				for _, one := range r.inc(key).Tasks {
					if one.Done || !applies(r.inc(key), one) || len(waitsFor(r.inc(key), one)) > 0 {
						continue
					}
					if one.Proof {
						r.refuses(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: one.ID}, tocsin.ErrInvalid, "wants evidence")
					}
					r.does(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: one.ID, Text: "a log"})
					done[one.ID], more = true, true
				}
				for _, point := range book.Decisions {
					if answered(r.inc(key), point.ID) == "" && r.tries(key, ada, tocsin.Command{Do: tocsin.DoAnswer, Point: point.ID, Answer: way[point.ID]}) == nil {
						done[point.ID+"="+way[point.ID]], more = true, true
					}
				}
			}
			inc := r.inc(key)
			for _, one := range inc.Tasks {
				if applies(inc, one) && !one.Done {
					t.Errorf("%s, %v: task %s cannot be done: it waits for %s", name, way, one.ID, strings.Join(waitsFor(inc, one), ", "))
				}
			}
			if len(inc.Answers) != len(book.Decisions) {
				t.Errorf("%s, %v: %d of %d answers", name, way, len(inc.Answers), len(book.Decisions))
			}
		}
		for _, one := range book.Tasks {
			if !done[one.ID] {
				t.Errorf("%s: no answers lead to task %s", name, one.ID)
			}
		}
		for _, point := range book.Decisions {
			for _, a := range point.Answers {
				if !done[point.ID+"="+a.Name] {
					t.Errorf("%s: %s=%s was never given", name, point.ID, a.Name)
				}
			}
		}
	}
}

// ways are all combinations of answers.
func ways(points []tocsin.DecisionPoint) []map[string]string {
	out := []map[string]string{{}}
	for _, p := range points {
		var next []map[string]string
		for _, way := range out {
			for _, a := range p.Answers {
				one := map[string]string{p.ID: a.Name}
				for k, v := range way {
					one[k] = v
				}
				next = append(next, one)
			}
		}
		out = next
	}
	return out
}

// A plot is how one emergency went.
type plot struct {
	book    string
	found   bool // by scans of a project, not by people
	answers map[string]string
	open    []tocsin.Audience // whom strangers' messages are for
	turn    func(r *room, key string, lead tocsin.Actor)
	ends    tocsin.IncidentState
}

// TestEmergencies tells one emergency of each playbook from its beginning to its end, with three people.
func TestEmergencies(t *testing.T) {
	handOver := func(r *room, key string, _ tocsin.Actor) {
		r.does(key, ada, tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleCommander, To: carl, Reason: "end of a long day"})
		r.does(key, carl, tocsin.Command{Do: tocsin.DoAccept, Role: tocsin.RoleCommander})
		r.refuses(key, ada, tocsin.Command{Do: tocsin.DoResolve, Reason: "x"}, tocsin.ErrForbidden, "resolve")
	}
	rollBack := func(r *room, key string, lead tocsin.Actor) {
		r.does(key, carl, tocsin.Command{Do: tocsin.DoRollBack, Package: "npm/log4j-core", Version: "2.3", Until: r.now.Add(tocsin.Day), Reason: "it was clean"})
		r.does(key, lead, tocsin.Command{Do: tocsin.DoApproveRollback, Number: 1})
		inc := r.inc(key)
		if !inc.Rollbacks[0].Holds(r.now) {
			r.Errorf("%+v", inc.Rollbacks[0])
		}
	}
	failedFix := func(r *room, key string, _ tocsin.Actor) {
		r.sees(0, log4j("shop", "2.15.0"))
		r.state(key, tocsin.StateResolved)
		r.sees(0, log4j("shop", "2.14.1", "CVE-1"))
		r.state(key, tocsin.StateReopened)
		if p := r.inc(key).Projects[0]; p.Round != 2 {
			r.Errorf("%+v", p)
		}
		r.does(key, carl, tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleRelease, To: bea})
		r.does(key, bea, tocsin.Command{Do: tocsin.DoDecline, Role: tocsin.RoleRelease, Reason: "asleep"})
		r.does(key, ada, tocsin.Command{Do: tocsin.DoRenounce, Role: tocsin.RoleCommander, Reason: "to be called anew"})
		r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
		r.state(key, tocsin.StateMobilised)
	}
	for _, p := range []plot{
		{"vulnerable-dependency", true, map[string]string{"remedy": "upgrade"}, []tocsin.Audience{tocsin.AudiencePublic, tocsin.AudienceDownstream}, failedFix, tocsin.StateResolved},
		{"malicious-package", true, map[string]string{"report-true": "confirmed", "exposure": "some"}, []tocsin.Audience{tocsin.AudiencePublic}, rollBack, tocsin.StateResolved},
		{"compromised-maintainer", false, map[string]string{"who": "taken-over", "spread": "yes"}, []tocsin.Audience{tocsin.AudiencePublic}, handOver, tocsin.StateResolved},
		{"leaked-secret", false, map[string]string{"trap": "image-first", "used": "yes"}, []tocsin.Audience{tocsin.AudienceDownstream}, nil, tocsin.StateResolved},
		{"data-exposure", false, map[string]string{"people": "yes", "read": "unknown"}, []tocsin.Audience{tocsin.AudiencePublic}, nil, tocsin.StateResolved},
		{"registry-outage", false, map[string]string{"where": "theirs", "mirror": "use"}, []tocsin.Audience{tocsin.AudiencePublic}, nil, tocsin.StateResolved},
		{"supply-chain-anomaly", false, map[string]string{"second": "no"}, nil, nil, tocsin.StateStoodDown},
		{"premature-disclosure", false, map[string]string{"way": "publish"}, []tocsin.Audience{tocsin.AudiencePublic, tocsin.AudienceDownstream}, nil, tocsin.StateResolved},
	} {
		t.Run(p.book, func(t *testing.T) { p.tell(t) })
	}
}

func (p plot) tell(t *testing.T) {
	r := newRoom(t)
	set, err := acceptance.Compile(r.rules.Playbooks)
	if err != nil {
		t.Fatal(err)
	}
	r.rules.Accept = set.Checks
	key := p.begin(r)
	holders := map[tocsin.RoleName]tocsin.Actor{tocsin.RoleCommander: ada, tocsin.RoleTechnical: bea, tocsin.RoleLiaison: bea, tocsin.RoleRelease: carl}
	for _, role := range tocsin.Roles() {
		r.does(key, holders[role], tocsin.Command{Do: tocsin.DoTake, Role: role})
	}
	r.state(key, tocsin.StateMobilised)
	p.say(r, key, tocsin.StageFirst)
	p.work(r, key, holders)
	if p.turn != nil {
		p.turn(r, key, ada)
	}
	now := r.inc(key)
	lead := now.Role(tocsin.RoleCommander).Holder
	if p.ends == tocsin.StateStoodDown {
		r.does(key, lead, tocsin.Command{Do: tocsin.DoStandDown, Reason: "an innocent reason, checked"})
		p.say(r, key, tocsin.StageCorrection)
		r.state(key, p.ends)
		return
	}
	r.does(key, bea, tocsin.Command{Do: tocsin.DoContain, Reason: "nothing new for a while"})
	r.state(key, tocsin.StateContained)
	p.say(r, key, tocsin.StageUpdate)
	if p.found {
		r.sees(0, log4j("shop", "2.17.1"))
		r.learn(key, tocsin.RegistryExists)
	} else {
		r.does(key, lead, tocsin.Command{Do: tocsin.DoResolve, Reason: "everything asked for is done"})
	}
	r.state(key, p.ends)
	p.say(r, key, tocsin.StageFixed)
}

func (p plot) begin(r *room) string {
	if !p.found {
		c, err := r.rules.Declare(nil, tocsin.Declaration{By: bea, Playbook: p.book, Title: "an event", Reason: "seen by bea", Severity: tocsin.LevelHigh}, r.now)
		if err != nil {
			r.Fatal(err)
		}
		r.take([]Change{c})
		return c.Incident.Key
	}
	seen := log4j("shop", "2.14.1", "CVE-1")
	seen.Decisions[0].Playbook = p.book
	r.sees(0, seen)
	return "INC-CVE-1"
}

// work does every task and takes every decision, each by whoever holds the role.
func (p plot) work(r *room, key string, holders map[tocsin.RoleName]tocsin.Actor) {
	r.Helper()
	book := r.rules.Playbooks[p.book]
	for range len(book.Tasks) + len(book.Decisions) {
		for _, one := range r.inc(key).Tasks {
			if !one.Done && applies(r.inc(key), one) && len(waitsFor(r.inc(key), one)) == 0 {
				r.does(key, holders[one.Role], tocsin.Command{Do: tocsin.DoFinish, Task: one.ID, Text: "seen in the log of " + one.ID})
			}
		}
		for _, point := range book.Decisions {
			if inc := r.inc(key); answered(inc, point.ID) == "" && len(waitsFor(inc, tocsin.Task{Needs: point.Needs})) == 0 {
				r.does(key, holders[point.Role], tocsin.Command{Do: tocsin.DoAnswer, Point: point.ID, Answer: p.answers[point.ID], Reason: "by the evidence"})
			}
		}
	}
	if inc := r.inc(key); len(inc.Answers) != len(p.answers) {
		r.Errorf("answers: %+v", inc.Answers)
	}
}

// say drafts from the templates. What strangers read goes out only when another person agreed.
func (p plot) say(r *room, key string, stage tocsin.Stage) {
	r.Helper()
	for _, audience := range append([]tocsin.Audience{tocsin.AudienceMaintainers}, p.open...) {
		r.does(key, bea, tocsin.Command{Do: tocsin.DoDraft, Audience: audience, Stage: stage})
		m := r.inc(key).Messages[len(r.inc(key).Messages)-1]
		if slices.Contains(p.open, audience) {
			if !m.SentAt.IsZero() {
				r.Errorf("message %s went out with one person", m.ID)
			}
			r.refuses(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: m.ID}, tocsin.ErrForbidden, "")
			r.does(key, carl, tocsin.Command{Do: tocsin.DoApprove, Message: m.ID})
			m = r.inc(key).Messages[len(r.inc(key).Messages)-1]
		}
		if m.SentAt.IsZero() || m.Text == "" {
			r.Errorf("%+v", m)
		}
	}
}
