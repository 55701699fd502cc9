package tocsin

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPolicyChangeTakesTwo(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	open := PolicyChange{State: PolicyProposed, By: Actor{ID: "ADA", Name: "Ada"}, Reason: "why"}
	agreed := open
	agreed.State = PolicyAgreed
	for _, tt := range []struct {
		name   string
		change PolicyChange
		say    PolicyVerdict
		by     string
		answer string
		want   error
		state  PolicyChangeState
	}{
		{"agreed to by another", open, AgreePolicy, "BOB", "", nil, PolicyAgreed},
		{"agreed to by oneself", open, AgreePolicy, "ADA", "", ErrForbidden, PolicyProposed},
		{"declined", open, DeclinePolicy, "BOB", "too strict", nil, PolicyDeclined},
		{"declined without a word", open, DeclinePolicy, "BOB", " ", ErrInvalid, PolicyProposed},
		{"withdrawn", open, WithdrawPolicy, "ADA", "", nil, PolicyWithdrawn},
		{"withdrawn by another", open, WithdrawPolicy, "BOB", "", ErrForbidden, PolicyProposed},
		{"judged twice", agreed, DeclinePolicy, "BOB", "no", ErrConflict, PolicyAgreed},
		{"something else", open, "maybe", "BOB", "", ErrInvalid, PolicyProposed},
		{"a long answer", open, AgreePolicy, "BOB", strings.Repeat("é", maxPolicyReason+1), ErrInvalid, PolicyProposed},
	} {
		got, err := tt.change.Judged(tt.say, Actor{ID: tt.by, Name: tt.by}, tt.answer, at)
		if !errors.Is(err, tt.want) || got.State != tt.state {
			t.Errorf("%s: %s, %v", tt.name, got.State, err)
		}
		if (err == nil) != (got.Judge != nil && got.JudgedAt.Equal(at)) {
			t.Errorf("%s: judged by %v at %s", tt.name, got.Judge, got.JudgedAt)
		}
	}
	if err := (PolicyChange{Reason: "\n"}).Validate(); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
}
