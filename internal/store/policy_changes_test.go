package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestPolicyChanges: one change of a policy holds at a time, and none takes the place of what its judge did not see.
func TestPolicyChanges(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		ada, bob := tocsin.Actor{ID: "ADA", Name: "Ada"}, tocsin.Actor{ID: "BOB", Name: "Bob"}
		propose := func(policy, over string, off bool) tocsin.PolicyChange {
			t.Helper()
			one, err := s.AddPolicyChange(ctx, tocsin.PolicyChange{State: tocsin.PolicyProposed, Policy: policy, Off: off, Digest: "d", Text: "t", Over: over, Reason: "why", By: ada, At: day})
			if err != nil || one.ID == "" {
				t.Fatal(one, err)
			}
			return one
		}
		agree := func(c tocsin.PolicyChange) error {
			t.Helper()
			judged, err := c.Judged(tocsin.AgreePolicy, bob, "", day.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			return s.JudgePolicyChange(ctx, judged)
		}
		held := func() (out []string) {
			t.Helper()
			list, err := s.PolicyChangesHeld(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				out = append(out, c.ID)
			}
			return out
		}
		first, rival, other := propose("gate", "", false), propose("gate", "", false), propose("alarm", "", false)
		if err := agree(first); err != nil {
			t.Fatal(err)
		}
		if err := agree(first); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("agreed to twice: %v", err)
		}
		if err := agree(rival); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("over what its judge did not see: %v", err)
		}
		if err := agree(other); err != nil {
			t.Fatal(err)
		}
		second := propose("gate", first.ID, false)
		if err := agree(second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{other.ID, second.ID}, held()); diff != "" {
			t.Errorf("held (-want +got):\n%s", diff)
		}
		if was, err := s.PolicyChange(ctx, first.ID); err != nil || was.EndedAt.IsZero() || was.Holds() || was.Text != "t" {
			t.Errorf("%+v, %v", was, err)
		}
		if err := agree(propose("gate", second.ID, true)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{other.ID}, held()); diff != "" {
			t.Errorf("held after it was taken back (-want +got):\n%s", diff)
		}
		for range 2 { // in two processes
			entry := tocsin.AuditEntry{At: day.Add(2 * time.Hour), What: "policy_change.ended", Target: "alarm"}
			if err := s.EndPolicyChange(ctx, other.ID, "the file counts", entry); err != nil {
				t.Fatal(err)
			}
		}
		if was, err := s.PolicyChange(ctx, other.ID); err != nil || !was.EndedAt.Equal(day.Add(2*time.Hour)) || was.Ending != "the file counts" || was.Holds() || was.Text != "t" {
			t.Errorf("%+v, %v", was, err)
		}
		if log, err := s.AuditLog(ctx, AuditQuery{What: "policy_change.ended"}); err != nil || len(log) != 1 {
			t.Errorf("it was ended %d times, %v", len(log), err)
		}
		if got := held(); got != nil {
			t.Errorf("held after the file counted: %v", got)
		}
		if all, err := s.PolicyChanges(ctx, 3); err != nil || len(all) != 3 || all[0].Text != "" {
			t.Errorf("%d changes, %v", len(all), err)
		}
		if _, err := s.PolicyChange(ctx, "none"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Error(err)
		}
		for range maxProposed - 1 { // the rival waits too
			propose("gate", "", false)
		}
		if _, err := s.AddPolicyChange(ctx, tocsin.PolicyChange{State: tocsin.PolicyProposed, Policy: "gate", At: day}); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("more than there is room for: %v", err)
		}
	})
}
