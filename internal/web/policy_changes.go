package web

import (
	"context"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies"
)

// A PolicyDesk has policies in force that do not stand in the configuration. It is safe for concurrent use.
type PolicyDesk interface {
	// Changes gives those that there are, the newest first, without their texts.
	Changes(ctx context.Context) ([]PolicyStanding, error)
	// Change gives one, or an [tocsin.ErrNotFound].
	Change(ctx context.Context, id string) (PolicyStanding, error)
	// Propose keeps one for a second person. Its fields about what is in force are filled in.
	Propose(ctx context.Context, c tocsin.PolicyChange) (PolicyStanding, error)
	// Judge says what becomes of one.
	Judge(ctx context.Context, id string, v tocsin.PolicyVerdict, by tocsin.Actor, answer string) (PolicyStanding, error)
}

// A PolicyStanding is a change of a policy with what it comes to now.
type PolicyStanding struct {
	tocsin.PolicyChange
	// Standing is waits, stale (what it was to replace is not in force any more), holds, overruled (by the configuration) or over; Why is
	// said of what is stale or overruled.
	Standing string `json:"standing"`
	Why      string `json:"why,omitempty"`
	// Yours says that you proposed it.
	Yours bool `json:"yours"`
}

// The standings.
const (
	PolicyWaits     = "waits"
	PolicyStale     = "stale"
	PolicyHolds     = "holds"
	PolicyOverruled = "overruled"
	PolicyOver      = "over"
)

// PolicyChanges are the newest first, without their texts.
type PolicyChanges struct {
	Items []PolicyStanding `json:"items"`
}

// A PolicyChangeText is a change with what it is laid over.
type PolicyChangeText struct {
	PolicyStanding
	// Before is the text that was in force when it was proposed; empty: there was none, or it is not loaded any more.
	Before string `json:"before,omitempty"`
	// After is the text of the configuration, which is in force again once this one is taken back; empty: it has none, or this takes back
	// nothing.
	After string `json:"after,omitempty"`
}

// A PolicyChangeInput proposes to have a text in force, or with Off to take back the change by which the policy of that name is.
type PolicyChangeInput struct {
	Text  string `json:"text,omitempty"`
	Cases string `json:"cases,omitempty"`
	Off   string `json:"off,omitempty"`
	// Reason is for who judges it, and for who reads it later, in 1,000 characters at the most.
	Reason string `json:"reason"`
}

// A PolicyVerdictInput is agree, decline or withdraw. To decline needs an answer.
type PolicyVerdictInput struct {
	Verdict tocsin.PolicyVerdict `json:"verdict"`
	Answer  string               `json:"answer,omitempty"`
}

func (c *call) listPolicyChanges(ctx context.Context) (answer, error) {
	list, err := c.api.parts.Changes.Changes(ctx)
	out := PolicyChanges{Items: []PolicyStanding{}}
	for _, one := range list {
		one.Yours = one.By.ID == c.actor().ID
		out.Items = append(out.Items, one)
	}
	return answer{body: out}, err
}

// changeNamed is the one that the path names.
func (c *call) changeNamed(ctx context.Context) (PolicyStanding, error) {
	id := c.r.PathValue("id")
	if !printable(id) {
		return PolicyStanding{}, tocsin.ErrNotFound
	}
	one, err := c.api.parts.Changes.Change(ctx, id)
	one.Yours = one.By.ID == c.actor().ID
	return one, err
}

func (c *call) getPolicyChange(ctx context.Context) (answer, error) {
	one, err := c.changeNamed(ctx)
	if err != nil {
		return answer{}, err
	}
	out := PolicyChangeText{PolicyStanding: one}
	if over, err := c.api.parts.Changes.Change(ctx, one.Over); err == nil && one.Over != "" {
		out.Before = over.Text
	} else if text, _, err := c.api.parts.Lab.Texts(one.Live); err == nil { // else it is gone, as it may be
		out.Before = text
	}
	if one.Off {
		if text, _, err := c.api.parts.Lab.Texts(one.Base); err == nil {
			out.After = text
		}
	}
	return answer{body: out}, nil
}

// person refuses machines what two people have to do.
func (c *call) person(what string) error {
	if c.who.Kind != tocsin.PrincipalPerson {
		return fault(tocsin.ErrForbidden, "", "sign in, and do it there", "%s is for people, and this is a %s.", what, c.who.Kind)
	}
	return nil
}

func (c *call) postPolicyChange(ctx context.Context) (answer, error) {
	var in PolicyChangeInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if err := c.person("To change a policy"); err != nil {
		return answer{}, err
	}
	one := tocsin.PolicyChange{Policy: in.Off, Off: in.Off != "", Reason: strings.TrimSpace(in.Reason), By: c.actor(), At: c.now}
	if err := one.Validate(); err != nil {
		return answer{}, invalid("/reason", "", "%s", clip(err.Error()))
	}
	switch {
	case one.Off && in.Text != "":
		return answer{}, invalid("/off", "send a text, or the name of what is to be taken back", "It is not said what is to change.")
	case !one.Off:
		p, err := c.proven(ctx, in)
		if err != nil {
			return answer{}, err
		}
		one.Policy, one.Digest, one.Text, one.Cases = p.Name, p.Digest, in.Text, in.Cases
	}
	if err := c.note(ctx, one.Policy, map[string]string{"digest": one.Digest, "reason": one.Reason}); err != nil {
		return answer{}, err
	}
	made, err := c.api.parts.Changes.Propose(ctx, one)
	if err != nil {
		return answer{}, told(err)
	}
	made.Yours = true
	return answer{status: 201, body: made}, nil
}

// proven is the policy of a text whose types are right, that counts, and all of whose cases hold. There must be some.
func (c *call) proven(ctx context.Context, in PolicyChangeInput) (*policies.Policy, error) {
	test, err := c.tested(ctx, in.Text, in.Cases)
	switch {
	case err != nil:
		return nil, err
	case len(test.Faults) > 0:
		return nil, invalid("/text", "POST /v1/policies/check tells it by line and column", "The policy is not right: %s", clip(test.Faults[0].Text))
	case len(test.CaseFaults) > 0:
		return nil, invalid("/cases", "POST /v1/policies/test tells it by line and column", "The cases are not right: %s", clip(test.CaseFaults[0].Text))
	case test.Report.Cases == 0:
		return nil, invalid("/cases", "write a case for each rule", "A policy without cases is not put in force.")
	case len(test.Report.Failures) > 0:
		return nil, invalid("/cases", "POST /v1/policies/test tells what each comes to", "%d of its cases fail.", len(test.Report.Failures))
	}
	p, err := policies.Load("policy", []byte(in.Text))
	if err != nil {
		return nil, err
	}
	if p.Mode != policies.ModeEnforce {
		return nil, invalid("/text", "write mode: enforce, or leave mode: away", "The policy is in mode %s, and would not count.", p.Mode)
	}
	return p, nil
}

func (c *call) judgePolicyChange(ctx context.Context) (answer, error) {
	var in PolicyVerdictInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if err := c.person("To judge a change of a policy"); err != nil {
		return answer{}, err
	}
	one, err := c.changeNamed(ctx)
	if err != nil {
		return answer{}, err
	}
	if err := c.note(ctx, one.Policy, map[string]string{"change": one.ID, "digest": one.Digest, "verdict": clip(string(in.Verdict)), "answer": clip(in.Answer)}); err != nil {
		return answer{}, err
	}
	made, err := c.api.parts.Changes.Judge(ctx, one.ID, in.Verdict, c.actor(), in.Answer)
	if err != nil {
		return answer{}, told(err)
	}
	made.Yours = one.Yours
	return answer{body: made}, nil
}
