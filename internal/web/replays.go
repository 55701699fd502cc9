package web

import (
	"context"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/policies"
)

// A Bench runs policies over the past of the portfolio, one at a time in each process, which keeps the last of them in its memory. It is
// safe for concurrent use.
type Bench interface {
	// Begin has a replay done when those before it are. ok is false if as many wait as there is room for.
	Begin(r ReplayRequest) (begun Replay, ok bool)
	// Replays are those that wait, run, and are over and kept, the newest first.
	Replays() []Replay
	// Page is the whole of a result as one page of HTML that needs nothing else; empty if there is none.
	Page(id string) string
	// End ends a replay, or forgets one that is over.
	End(id string)
}

// A ReplayRequest is what is to be replayed, against the policies in force.
type ReplayRequest struct {
	By tocsin.Actor
	// Policy is set in force in the replay, and Text what it was loaded from.
	Policy *policies.Policy
	Text   string
	// Since and Until bound the time; zero: a year ago and now.
	Since, Until time.Time
	// Number of the policy that is tried with Values too; empty: none is.
	Number string
	Values []float64
	// Embargoed says that it is over what is under embargo too.
	Embargoed bool
}

// A Replay is a policy over the past of the portfolio, set beside the policies in force.
type Replay struct {
	ID     string       `json:"id"`
	By     tocsin.Actor `json:"by"`
	At     time.Time    `json:"at"`
	Policy string       `json:"policy"`
	Digest string       `json:"digest"`
	Since  time.Time    `json:"since"`
	Until  time.Time    `json:"until"`
	State  ReplayState  `json:"state"`
	// Doing is what is done now, and Done of Total how far it is.
	Doing string `json:"doing,omitempty"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
	// EndedAt is when it was over; Error why it failed.
	EndedAt time.Time `json:"ended_at,omitzero"`
	Error   string    `json:"error,omitempty"`
	// Diff sets the policies in force, which are the old ones, beside those with the policy among them. Of long lists only the first are there;
	// the measures count all.
	Diff *replay.Diff `json:"diff,omitempty"`
	// Sweep is what the values of a number come to.
	Sweep *replay.Sweep `json:"sweep,omitempty"`
	// Yours says that you may end it: you began it, or manage everything.
	Yours bool `json:"yours"`
	// Embargoed says that it tells of what is under embargo.
	Embargoed bool `json:"embargoed,omitempty"`
}

// A ReplayState is how far a replay has come.
type ReplayState string

// The states.
const (
	ReplayWaiting   ReplayState = "waiting"
	ReplayRunning   ReplayState = "running"
	ReplayDone      ReplayState = "done"
	ReplayFailed    ReplayState = "failed"
	ReplayCancelled ReplayState = "cancelled"
)

// Over says that nothing more will become of it.
func (s ReplayState) Over() bool {
	return s == ReplayDone || s == ReplayFailed || s == ReplayCancelled
}

// Replays are those that one process keeps, the newest first, without their results.
type Replays struct {
	Items []Replay `json:"items"`
}

// A ReplayInput asks for a replay of a policy that is loaded, by its name, or of the text of one.
type ReplayInput struct {
	Policy string `json:"policy,omitempty"`
	// Mode tells policies of one name apart; missing: the one in force first.
	Mode string `json:"mode,omitempty"`
	Text string `json:"text,omitempty"`
	// Since and Until bound the time, three years at the most; missing: a year ago and now.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Number is one of the policy that is tried with so many values between From and To; missing: none is.
	Number string  `json:"number,omitempty"`
	From   float64 `json:"from,omitempty"`
	To     float64 `json:"to,omitempty"`
	Values int     `json:"values,omitempty"`
}

// A ReplayPage is the whole of a result.
type ReplayPage struct {
	// Page is HTML that needs nothing else: no script, no font, nothing from the network.
	Page string `json:"page"`
}

const (
	maxReplayed = 3 * 366 * tocsin.Day
	// maxValues bounds the values of a number.
	maxValues = 15
)

func (c *call) postReplay(ctx context.Context) (answer, error) {
	var in ReplayInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	q := ReplayRequest{By: c.actor(), Text: in.Text, Since: in.Since, Until: in.Until, Number: in.Number, Embargoed: c.embargoed()}
	if err := c.replayed(ctx, in, &q); err != nil {
		return answer{}, err
	}
	if q.Until.IsZero() || q.Until.After(c.now) {
		q.Until = c.now
	}
	if q.Since.IsZero() {
		q.Since = q.Until.AddDate(-1, 0, 0)
	}
	if d := q.Until.Sub(q.Since); d <= 0 || d > maxReplayed {
		return answer{}, invalid("/since", "choose a day before the last, and three years before it at the most", "From %s to %s nothing can be replayed.", q.Since.Format(time.DateOnly), q.Until.Format(time.DateOnly))
	}
	if in.Number != "" {
		if _, ok := q.Policy.Numbers()[in.Number]; !ok {
			return answer{}, invalid("/number", "choose one of the policy's let: that is a plain number", "%.60q is no number of the policy.", in.Number)
		}
		if in.Values < 2 || in.Values > maxValues || !(in.From < in.To) {
			return answer{}, invalid("/values", "give from, a greater to, and from 2 to 15 values", "There are no such values.")
		}
		for i := range in.Values {
			q.Values = append(q.Values, in.From+(in.To-in.From)*float64(i)/float64(in.Values-1))
		}
	}
	if err := c.note(ctx, q.Policy.Name, map[string]string{"digest": q.Policy.Digest}); err != nil {
		return answer{}, err
	}
	r, ok := c.api.parts.Bench.Begin(q)
	if !ok {
		return answer{}, busy("As many replays wait as there is room for.")
	}
	r.Yours = true
	return answer{status: 202, body: r}, nil
}

// replayed finds the policy that is meant.
func (c *call) replayed(ctx context.Context, in ReplayInput, q *ReplayRequest) error {
	if (in.Policy == "") == (in.Text == "") {
		return invalid("/policy", "name a policy that is loaded, or send the text of one", "It is not said what is to be replayed.")
	}
	if in.Policy != "" {
		p, ok := c.policyNamed(in.Policy, in.Mode)
		if !ok {
			return fault(tocsin.ErrNotFound, "/policy", "GET /v1/policies names those that there are", "No policy of that name is loaded.")
		}
		var err error
		if q.Text, _, err = c.api.parts.Lab.Texts(p.Digest); err != nil {
			return err
		}
	}
	done, err := c.api.work.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	if q.Policy, err = policies.Load("policy", []byte(q.Text)); err != nil {
		return invalid("/text", "POST /v1/policies/check tells it by line and column", "%s", strings.ReplaceAll(plain(err.Error()), "\n", "; "))
	}
	return nil
}

// embargoed says whether the asker, who sees everything, sees what is under embargo too.
func (c *call) embargoed() bool { return c.who.MayKnow(tocsin.Project{}, true) }

// seenReplays are those that the asker may see.
func (c *call) seenReplays() []Replay {
	out := []Replay{}
	for _, r := range c.api.parts.Bench.Replays() {
		if !r.Embargoed || c.embargoed() {
			r.Yours = r.By.ID == c.actor().ID || c.who.May(tocsin.MayManage, tocsin.Project{})
			out = append(out, r)
		}
	}
	return out
}

func (c *call) listReplays(context.Context) (answer, error) {
	out := Replays{Items: c.seenReplays()}
	for i := range out.Items {
		out.Items[i].Diff, out.Items[i].Sweep = nil, nil
	}
	return answer{body: out}, nil
}

func (c *call) theReplay() (Replay, error) {
	for _, r := range c.seenReplays() {
		if r.ID == c.r.PathValue("id") {
			return r, nil
		}
	}
	return Replay{}, tocsin.ErrNotFound
}

func (c *call) getReplay(context.Context) (answer, error) {
	r, err := c.theReplay()
	return answer{body: r}, err
}

func (c *call) getReplayPage(context.Context) (answer, error) {
	r, err := c.theReplay()
	if err != nil {
		return answer{}, err
	}
	page := c.api.parts.Bench.Page(r.ID)
	if page == "" {
		return answer{}, tocsin.ErrNotFound
	}
	return answer{body: ReplayPage{page}}, nil
}

// deleteReplay is for who began it, and for who manages everything.
func (c *call) deleteReplay(ctx context.Context) (answer, error) {
	r, err := c.theReplay()
	if err != nil {
		return answer{}, err
	}
	if !r.Yours {
		return answer{}, fault(tocsin.ErrForbidden, "", "ask who began it, or who manages the portfolio", "Somebody else began it.")
	}
	if err := c.note(ctx, r.ID, nil); err != nil {
		return answer{}, err
	}
	c.api.parts.Bench.End(r.ID)
	return answer{status: 204}, nil
}
