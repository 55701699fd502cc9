package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// gateBy is a policy that lets flaws pass, warns of them or fails.
func gateBy(then string) string {
	return "policy: gate\ngate:\n  default: " + then + "\n"
}

// TestTwoPeopleChangeAPolicy: what two people agree to decides, in every process and after a restart, until it is taken back or the file
// says something else.
func TestTwoPeopleChangeAPolicy(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBoth(t, func(t *testing.T, database string) {
		s := &served{t: t, dir: t.TempDir()}
		if err := os.Mkdir(filepath.Join(s.dir, "feed"), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(s.dir, "gate.yaml")
		write := func(text string) {
			t.Helper()
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(gateBy("pass"))
		s.record("GHSA-aaaa-aaaa-aaaa", "lodash", "4.17.21")
		s.lock("shop", "lodash 4.17.20")
		var c config.Config
		s.adapt = func(given *config.Config, _ *app.Options) {
			given.Policies = []string{file}
			c = *given
		}
		s.start(database)
		stopped := false
		defer func() {
			if !stopped {
				s.stop()
			}
		}()
		decided := func(want tocsin.Gate) {
			t.Helper()
			eventually(t, "shop is decided with "+string(want), func() bool {
				list, err := s.app.Store().Standing(t.Context(), "shop")
				return err == nil && len(list) == 1 && list[0].Gate == want
			})
		}
		decided(tocsin.GatePass)
		ada, bob := tocsin.Actor{ID: "ADA", Name: "Ada"}, tocsin.Actor{ID: "BOB", Name: "Bob"}
		propose := func(then string) web.PolicyStanding {
			t.Helper()
			one := tocsin.PolicyChange{Policy: "gate", Off: then == "", Reason: "why", By: ada, At: noon}
			if then != "" {
				p, err := policies.Load("gate", []byte(gateBy(then)))
				if err != nil {
					t.Fatal(err)
				}
				one.Text, one.Digest = gateBy(then), p.Digest
			}
			made, err := s.app.PolicyDesk().Propose(t.Context(), one)
			if err != nil || made.Standing != web.PolicyWaits {
				t.Fatal(made, err)
			}
			return made
		}
		judge := func(c web.PolicyStanding, by tocsin.Actor, want error) {
			t.Helper()
			if _, err := s.app.PolicyDesk().Judge(t.Context(), c.ID, tocsin.AgreePolicy, by, ""); !errors.Is(err, want) {
				t.Errorf("err = %v, want %v", err, want)
			}
		}
		standing := func(id, want, why string) {
			t.Helper()
			got, err := s.app.PolicyDesk().Change(t.Context(), id)
			if err != nil || got.Standing != want || !strings.Contains(got.Why, why) {
				t.Errorf("%s (%s), %v; want %s", got.Standing, got.Why, err, want)
			}
		}

		fail, rival := propose("fail"), propose("warn")
		judge(fail, ada, tocsin.ErrForbidden)
		judge(fail, bob, nil)
		decided(tocsin.GateFail)
		standing(fail.ID, web.PolicyHolds, "")
		standing(rival.ID, web.PolicyStale, "proposed again")
		judge(rival, bob, tocsin.ErrConflict)
		if _, err := s.app.PolicyDesk().Propose(t.Context(), fail.PolicyChange); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("what is in force already: %v", err)
		}

		s.stop()
		s.start(database)
		standing(fail.ID, web.PolicyHolds, "")
		s.lock("shop", "lodash 4.17.19")
		decided(tocsin.GateFail)

		back := propose("")
		judge(back, bob, nil)
		decided(tocsin.GatePass)
		standing(fail.ID, web.PolicyOver, "")
		if _, err := s.app.PolicyDesk().Propose(t.Context(), tocsin.PolicyChange{Policy: "gate", Off: true, Reason: "why", By: ada, At: noon}); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("what the configuration has cannot be taken back: %v", err)
		}

		again := propose("fail")
		judge(again, bob, nil)
		decided(tocsin.GateFail)
		write(gateBy("warn"))
		if err := s.app.Reconfigure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		decided(tocsin.GateWarn)
		standing(again.ID, web.PolicyOverruled, "another text since")
		write(gateBy("pass")) // as it was when they agreed, which was about then
		if err := s.app.Reconfigure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		decided(tocsin.GatePass)
		standing(again.ID, web.PolicyOverruled, "another text since")
		log, err := s.app.Store().AuditLog(t.Context(), store.AuditQuery{What: "policy_change.ended"})
		if err != nil || len(log) != 1 || log[0].Target != "gate" || log[0].Detail["change"] != again.ID {
			t.Errorf("the audit log has %+v, %v", log, err)
		}

		warn := propose("warn")
		judge(warn, bob, nil)
		decided(tocsin.GateWarn)
		late := propose("fail")
		write(gateBy("warn"))
		if err := s.app.Reconfigure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		standing(warn.ID, web.PolicyOverruled, "has this text now")
		standing(late.ID, web.PolicyStale, "proposed again") // though what decides is what it was proposed over
		judge(late, bob, tocsin.ErrConflict)
		judge(propose("fail"), bob, nil)
		decided(tocsin.GateFail)
		s.stop()
		stopped = true
	})
}

// TestAnotherProcessHeeds: what is agreed to in one process decides in the other.
func TestAnotherProcessHeeds(t *testing.T) {
	s := &served{t: t, dir: t.TempDir()}
	file := filepath.Join(s.dir, "gate.yaml")
	if err := errors.Join(os.Mkdir(filepath.Join(s.dir, "feed"), 0o755), os.WriteFile(file, []byte(gateBy("pass")), 0o600)); err != nil {
		t.Fatal(err)
	}
	s.record("GHSA-aaaa-aaaa-aaaa", "lodash", "4.17.21")
	s.lock("shop", "lodash 4.17.20")
	s.adapt = func(c *config.Config, _ *app.Options) { c.Policies = []string{file} }
	s.start(store.Path(t.TempDir()))
	defer s.stop()
	db := s.app.Store()
	one, err := db.AddPolicyChange(t.Context(), tocsin.PolicyChange{State: tocsin.PolicyProposed, Policy: "extra", Digest: "d", Text: strings.Replace(gateBy("fail"), "gate\n", "extra\n", 1), Reason: "why", By: tocsin.Actor{ID: "ADA"}, At: noon})
	if err != nil {
		t.Fatal(err)
	}
	agreed, err := one.Judged(tocsin.AgreePolicy, tocsin.Actor{ID: "BOB"}, "", noon)
	if err := errors.Join(err, db.JudgePolicyChange(t.Context(), agreed)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the policy beside those of the file decides", func() bool {
		list, err := db.Standing(t.Context(), "shop")
		return err == nil && len(list) == 1 && list[0].Gate == tocsin.GateFail
	})
}
