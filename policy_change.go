package tocsin

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A PolicyChange is the text of a policy that somebody proposes to have in force instead of the one of that name, or beside the others if
// there is none; or the wish to have one that came into force like that taken back. A second person agrees, or it does not come to be.
type PolicyChange struct {
	ID    string            `json:"id"`
	State PolicyChangeState `json:"state"`
	// Policy is the name of the policy; Digest that of Text. With Off there is no text: what was agreed to before is taken back.
	Policy string `json:"policy"`
	Off    bool   `json:"off,omitempty"`
	Digest string `json:"digest,omitempty"`
	Text   string `json:"text,omitempty"`
	// Cases are the tests that it passed when it was proposed.
	Cases string `json:"cases,omitempty"`
	// Replay is what one of the text said before it was proposed; nil: nobody replayed it beside what is in force.
	Replay *PolicyReplay `json:"replay,omitempty"`
	// Live is the digest of the policy of that name that was in force when it was proposed, and Base of the one in the configuration; empty:
	// there was none. Over is the change by which the one in force came to be; empty: by the configuration.
	Live   string `json:"live,omitempty"`
	Base   string `json:"base,omitempty"`
	Over   string `json:"over,omitempty"`
	Reason string `json:"reason"`
	By     Actor  `json:"by"`
	// At is when it was proposed.
	At time.Time `json:"at"`
	// Judge is who agreed, declined or withdrew it, when, and what they said.
	Judge    *Actor    `json:"judge,omitempty"`
	JudgedAt time.Time `json:"judged_at,omitzero"`
	Answer   string    `json:"answer,omitempty"`
	// EndedAt is when another change took its place, or when the configuration had another text than it was agreed over: Ending says so then.
	EndedAt time.Time `json:"ended_at,omitzero"`
	Ending  string    `json:"ending,omitempty"`
}

// A PolicyReplay is what a replay over the past came to: by the policies in force, and with the one that is tried among them.
type PolicyReplay struct {
	// At is when it was done, and Since and Until the time that was replayed.
	At    time.Time `json:"at"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Releases are all that were judged, and Exploited the classes that were malicious or exploited then.
	Releases  int            `json:"releases"`
	Exploited int            `json:"exploited"`
	Was       PolicyMeasures `json:"was"`
	Is        PolicyMeasures `json:"is"`
}

// PolicyMeasures are how loud policies would have been, and what they would have caught.
type PolicyMeasures struct {
	// Incidents by the highest urgency that they reached.
	Emergencies int `json:"emergencies"`
	Holds       int `json:"holds"`
	Routine     int `json:"routine"`
	// Stopped and Undecided are releases.
	Stopped   int `json:"stopped"`
	Undecided int `json:"undecided"`
	// Caught are exploited classes for which people would have been called.
	Caught int `json:"caught"`
}

// A PolicyChangeState is what became of a [PolicyChange].
type PolicyChangeState string

// The states.
const (
	PolicyProposed  PolicyChangeState = "proposed"
	PolicyAgreed    PolicyChangeState = "agreed"
	PolicyDeclined  PolicyChangeState = "declined"
	PolicyWithdrawn PolicyChangeState = "withdrawn"
)

// A PolicyVerdict is what is said of a [PolicyChange] that is proposed.
type PolicyVerdict string

// The verdicts.
const (
	AgreePolicy    PolicyVerdict = "agree"
	DeclinePolicy  PolicyVerdict = "decline"
	WithdrawPolicy PolicyVerdict = "withdraw"
)

// Holds says that two people have it in force.
func (c PolicyChange) Holds() bool { return c.State == PolicyAgreed && !c.Off && c.EndedAt.IsZero() }

// maxPolicyReason bounds, in characters, why a policy is to change, and what is answered.
const maxPolicyReason = 1000

// Judged is the change after a verdict. Who proposed it can only withdraw it, and nobody else can; one that is judged stays as it is. What
// may not be is an [ErrInvalid], [ErrForbidden] or [ErrConflict].
func (c PolicyChange) Judged(v PolicyVerdict, by Actor, answer string, now time.Time) (PolicyChange, error) {
	if c.State != PolicyProposed {
		return c, fmt.Errorf("%w: it was %s already", ErrConflict, c.State)
	}
	if err := policyReason(answer, v == DeclinePolicy); err != nil {
		return c, err
	}
	own := c.By.ID == by.ID
	switch {
	case v == AgreePolicy && own:
		return c, fmt.Errorf("%w: a second person has to agree to what you proposed", ErrForbidden)
	case v == WithdrawPolicy && !own:
		return c, fmt.Errorf("%w: %s proposed it, and alone can withdraw it; decline it instead", ErrForbidden, c.By.Name)
	}
	switch v {
	case AgreePolicy:
		c.State = PolicyAgreed
	case DeclinePolicy:
		c.State = PolicyDeclined
	case WithdrawPolicy:
		c.State = PolicyWithdrawn
	default:
		return c, fmt.Errorf("%w: verdict %q: want agree, decline or withdraw", ErrInvalid, v)
	}
	c.Judge, c.JudgedAt, c.Answer = &by, now, strings.TrimSpace(answer)
	return c, nil
}

// Validate checks what was proposed before it is kept.
func (c PolicyChange) Validate() error { return policyReason(c.Reason, true) }

func policyReason(text string, needed bool) error {
	switch text = strings.TrimSpace(text); {
	case text == "" && needed:
		return fmt.Errorf("%w: say why, so that the other person can judge it, and who comes later can understand it", ErrInvalid)
	case !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxPolicyReason:
		return fmt.Errorf("%w: say why in UTF-8 and in %d characters at the most", ErrInvalid, maxPolicyReason)
	}
	return nil
}
