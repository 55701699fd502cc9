package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestPlanWantsOnlyWhatIsNew(t *testing.T) {
	issue := tocsin.Action{Key: "issue/1", Kind: tocsin.ActionIssue, Payload: []byte(`{"a":1}`)}
	comment := tocsin.Action{Key: "comment/1", Kind: tocsin.ActionComment, Payload: []byte(`{"b":1}`)}
	first := Plan([]tocsin.Action{issue, comment}, nil, noon)
	if len(first) != 2 || first[0].Revision != 1 || !first[0].CreatedAt.Equal(noon) {
		t.Fatalf("first plan: %+v", first)
	}
	newest := map[string]tocsin.Action{"issue/1": first[0], "comment/1": first[1]}
	if again := Plan([]tocsin.Action{issue, comment}, newest, noon.Add(time.Hour)); len(again) != 0 {
		t.Errorf("planned again: %+v", again)
	}
	issue.Payload, comment.Payload = []byte(`{"a":2}`), []byte(`{"b":2}`)
	changed := Plan([]tocsin.Action{issue, comment}, newest, noon)
	if len(changed) != 1 || changed[0].Key != "issue/1" || changed[0].Revision != 2 {
		t.Errorf("a comment is written once, an issue is kept up to date: %+v", changed)
	}
	for name, change := range map[string]func(*tocsin.Action){
		"repository": func(a *tocsin.Action) { a.Repository = "x/y" }, "audience": func(a *tocsin.Action) { a.Audience = "public" },
		"label": func(a *tocsin.Action) { a.TLP = tocsin.TLPClear }, "approvals": func(a *tocsin.Action) { a.Approvals = 1 },
		"after": func(a *tocsin.Action) { a.After = "z" }, "kind": func(a *tocsin.Action) { a.Kind = tocsin.ActionDraft },
	} {
		a := first[0]
		change(&a)
		if len(Plan([]tocsin.Action{a}, newest, noon)) != 1 {
			t.Errorf("a change of %s is not seen", name)
		}
	}
}

// memory is a store in memory.
type memory struct {
	rows    map[string]*tocsin.ActionRow
	leases  map[string]time.Time
	remotes map[string]tocsin.Remote
	events  []tocsin.IncidentEvent
	fail    string // the method that fails
}

func newMemory(actions ...tocsin.Action) *memory {
	m := &memory{rows: map[string]*tocsin.ActionRow{}, leases: map[string]time.Time{}, remotes: map[string]tocsin.Remote{}}
	for i, a := range actions {
		if a.TLP == "" {
			a.TLP, a.Audience = tocsin.TLPAmber, tocsin.VisibilityPrivate
		}
		if a.CreatedAt.IsZero() {
			a.CreatedAt = noon.Add(time.Duration(i) * time.Second)
		}
		m.rows[a.Key] = &tocsin.ActionRow{Action: a, State: tocsin.ActionPending}
	}
	return m
}

func (m *memory) broken(method string) error {
	if m.fail == method {
		return fmt.Errorf("store broke in %s", method)
	}
	return nil
}

func (m *memory) Open(context.Context) ([]tocsin.ActionRow, error) {
	var out []tocsin.ActionRow
	for _, r := range m.rows {
		out = append(out, *r)
	}
	return out, m.broken("Open")
}

func (m *memory) Remote(_ context.Context, key string) (tocsin.Remote, error) {
	return m.remotes[key], m.broken("Remote")
}

func (m *memory) Begin(_ context.Context, key string, _ int, now, until time.Time) (bool, error) {
	if m.leases[key].After(now) {
		return false, nil
	}
	m.rows[key].State, m.leases[key] = tocsin.ActionSending, until
	m.rows[key].Attempts++
	return true, m.broken("Begin")
}

func (m *memory) Finish(_ context.Context, d tocsin.Delivery) error {
	if err := m.broken("Finish"); err != nil {
		return err
	}
	r := m.rows[d.Key]
	r.State, r.Error, r.RetryAt = d.State, d.Error, d.RetryAt
	delete(m.leases, d.Key)
	if !d.Quiet.IsZero() {
		m.leases[d.Key] = d.Quiet
	}
	if d.Remote != nil {
		m.remotes[d.Key] = *d.Remote
	}
	if d.Event != nil {
		m.events = append(m.events, *d.Event)
	}
	return nil
}

// world is an executor that answers as told, in turn.
type world struct {
	answers map[string][]error
	calls   []string
}

func (w *world) Execute(_ context.Context, a tocsin.Action, remote, parent tocsin.Remote) (tocsin.Remote, error) {
	w.calls = append(w.calls, fmt.Sprintf("%s remote=%d parent=%d", a.Key, remote.Number, parent.Number))
	if list := w.answers[a.Key]; len(list) > 0 {
		w.answers[a.Key] = list[1:]
		if list[0] != nil {
			return tocsin.Remote{}, list[0]
		}
	}
	return tocsin.Remote{Number: 7, URL: "u/" + a.Key}, nil
}

func dispatcher(m *memory, w *world, now *time.Time) *Dispatcher {
	return New(slog.New(slog.DiscardHandler), m, map[tocsin.ActionKind]Executor{tocsin.ActionIssue: w, tocsin.ActionComment: w}, func() time.Time { return *now })
}

func TestRunInOrder(t *testing.T) {
	at := noon
	m := newMemory(
		tocsin.Action{Key: "b", Kind: tocsin.ActionComment, After: "c", CreatedAt: noon, Incident: "I"},
		tocsin.Action{Key: "c", Kind: tocsin.ActionIssue, CreatedAt: noon, Incident: "I", Revision: 3},
		tocsin.Action{Key: "a", Kind: tocsin.ActionIssue, CreatedAt: noon.Add(-time.Hour)},
		tocsin.Action{Key: "d", Kind: tocsin.ActionDraft},
		tocsin.Action{Key: "e", Kind: tocsin.ActionComment, After: "never made"},
	)
	w := &world{}
	r, err := dispatcher(m, w, &at).Run(t.Context())
	if err != nil || r.Done != 3 || r.Retry != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	want := []string{"a remote=0 parent=0", "c remote=0 parent=0", "b remote=0 parent=7"}
	if diff := cmp.Diff(want, w.calls); diff != "" {
		t.Error(diff)
	}
	if got := m.remotes["c"]; got.Key != "c" || got.Revision != 3 || got.Number != 7 {
		t.Errorf("remote %+v", got)
	}
	if len(m.events) != 3 || m.events[1].Kind != tocsin.EventDelivered || !strings.Contains(m.events[1].Text, "u/c") {
		t.Errorf("events %+v", m.events)
	}
}

func TestFailuresAreKinds(t *testing.T) {
	at := noon
	limit := &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, RetryAfter: time.Hour, Err: errors.New("limit")}
	unclear := &tocsin.DeliveryError{Outcome: tocsin.OutcomeUnclear, Err: errors.New("torn")}
	gone := &tocsin.DeliveryError{Outcome: tocsin.OutcomePermanent, Err: errors.New("gone")}
	m := newMemory(
		tocsin.Action{Key: "limited", Kind: tocsin.ActionIssue}, tocsin.Action{Key: "unclear", Kind: tocsin.ActionIssue},
		tocsin.Action{Key: "gone", Kind: tocsin.ActionIssue, Incident: "I"}, tocsin.Action{Key: "plain", Kind: tocsin.ActionIssue},
	)
	w := &world{answers: map[string][]error{"limited": {limit}, "unclear": {unclear, unclear}, "gone": {gone}, "plain": {errors.New("odd")}}}
	d := dispatcher(m, w, &at)
	r, err := d.Run(t.Context())
	if err != nil || r.Retry != 3 || r.Failed != 1 || r.Wait != backoffStep {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := m.rows["limited"].RetryAt; !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("limited until %v", got)
	}
	if m.rows["gone"].State != tocsin.ActionFailed || m.events[0].Kind != tocsin.EventUndelivered {
		t.Errorf("gone: %+v, %+v", m.rows["gone"], m.events)
	}
	if d := cmp.Diff(map[string]time.Time{"unclear": noon.Add(settling), "plain": noon.Add(settling)}, m.leases); d != "" {
		t.Errorf("what rests, for a newer revision too (-want +got):\n%s", d)
	}
	// Before its time nothing is tried again; waits double.
	w.calls = nil
	if r, err := d.Run(t.Context()); err != nil || len(w.calls) != 0 || !cmp.Equal(r, Report{}) {
		t.Errorf("tried too early: %v, %v, %v", w.calls, r, err)
	}
	at = noon.Add(backoffStep)
	if _, err := d.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.rows["unclear"].RetryAt.Sub(at); got != 2*backoffStep {
		t.Errorf("second wait %v", got)
	}
	if m.rows["plain"].State != tocsin.ActionDone {
		t.Errorf("plain: %+v", m.rows["plain"])
	}
	m.rows["unclear"].Attempts = 60
	result := tocsin.Delivery{}
	d.settle(&result, *m.rows["unclear"], tocsin.Remote{}, unclear)
	if result.RetryAt.Sub(at) != backoffMax {
		t.Errorf("the wait grew to %v", result.RetryAt.Sub(at))
	}
}

// TestNothingToFollow: a comment on an issue that was closed before it was ever opened is not waited for.
func TestNothingToFollow(t *testing.T) {
	at := noon
	m := newMemory(tocsin.Action{Key: "c", Kind: tocsin.ActionComment, After: "i"})
	m.remotes["i"] = tocsin.Remote{Key: "i", Repository: "o/r", Revision: 1}
	w := &world{}
	r, err := dispatcher(m, w, &at).Run(t.Context())
	if err != nil || !cmp.Equal(r, Report{}) || len(w.calls) != 0 || m.rows["c"].State != tocsin.ActionSuperseded {
		t.Errorf("%+v, %v, %v, %+v", r, err, w.calls, m.rows["c"])
	}
}

// TestTLPGate: the last gate holds whoever wrote the row.
func TestTLPGate(t *testing.T) {
	at := noon
	for _, label := range []tocsin.TLP{tocsin.TLPGreen, tocsin.TLPAmber, tocsin.TLPAmberStrict, tocsin.TLPRed, "WHITE"} {
		m := newMemory(tocsin.Action{Key: "a", Kind: tocsin.ActionIssue, TLP: label, Audience: tocsin.VisibilityPublic, Incident: "I"})
		w := &world{}
		r, err := dispatcher(m, w, &at).Run(t.Context())
		if err != nil || len(w.calls) != 0 || r.Failed != 1 || m.rows["a"].State != tocsin.ActionFailed {
			t.Errorf("%s: %v, %+v, %v", label, w.calls, r, err)
		}
	}
}

// TestStoreFailures stop the run; the rows are taken up by the next.
func TestStoreFailures(t *testing.T) {
	at := noon
	for _, method := range []string{"Open", "Remote", "Begin", "Finish"} {
		m := newMemory(tocsin.Action{Key: "a", Kind: tocsin.ActionIssue})
		m.fail = method
		w := &world{}
		d := dispatcher(m, w, &at)
		if _, err := d.Run(t.Context()); err == nil || !strings.Contains(err.Error(), method) {
			t.Errorf("%s: err = %v", method, err)
		}
		if called := len(w.calls) > 0; called != (method == "Finish") {
			t.Errorf("%s: the world was called: %v", method, w.calls)
		}
		m.fail = ""
		at = at.Add(lease) // until then the row is not known to be free
		if _, err := d.Run(t.Context()); err != nil || m.rows["a"].State != tocsin.ActionDone {
			t.Errorf("%s: second run: %v, %s", method, err, m.rows["a"].State)
		}
	}
}

func TestCancelled(t *testing.T) {
	at := noon
	ctx, cancel := context.WithCancel(t.Context())
	m := newMemory(tocsin.Action{Key: "a", Kind: tocsin.ActionIssue})
	d := New(slog.New(slog.DiscardHandler), m, map[tocsin.ActionKind]Executor{tocsin.ActionIssue: cancelling(cancel)}, func() time.Time { return at })
	if _, err := d.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if m.rows["a"].State != tocsin.ActionSending {
		t.Errorf("state %s: what is not known to be done is looked at again", m.rows["a"].State)
	}
	if got := m.leases["a"]; !got.Equal(at.Add(settling)) {
		t.Errorf("it rests until %v: what was made must be in lists before they are searched", got)
	}
	at = at.Add(settling)
	if _, err := d.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

// TestOthersRowsAreLeft: what another process has is skipped until its lease runs out, and an attempt ends well before.
func TestOthersRowsAreLeft(t *testing.T) {
	at := noon
	m := newMemory(tocsin.Action{Key: "a", Kind: tocsin.ActionIssue}, tocsin.Action{Key: "b", Kind: tocsin.ActionIssue})
	if claimed, err := m.Begin(t.Context(), "a", 0, at, at.Add(time.Minute)); err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	var deadline time.Time
	d := New(slog.New(slog.DiscardHandler), m, map[tocsin.ActionKind]Executor{tocsin.ActionIssue: watching(func(ctx context.Context, a tocsin.Action) {
		deadline, _ = ctx.Deadline()
		if got := m.leases[a.Key]; !got.Equal(at.Add(lease)) {
			t.Errorf("%s is ours until %v", a.Key, got)
		}
	})}, func() time.Time { return at })
	if r, err := d.Run(t.Context()); err != nil || r.Done != 1 || r.Retry != 1 || m.rows["a"].State != tocsin.ActionSending {
		t.Errorf("%+v, %v, %+v", r, err, m.rows["a"])
	}
	if left := time.Until(deadline); left <= 0 || left > lease/2 {
		t.Errorf("an attempt may take %v of a lease of %v", left, lease)
	}
	at = at.Add(time.Minute)
	if r, err := d.Run(t.Context()); err != nil || r.Done == 0 || m.rows["a"].State != tocsin.ActionDone {
		t.Errorf("%+v, %v, %+v", r, err, m.rows["a"])
	}
}

type watching func(context.Context, tocsin.Action)

func (w watching) Execute(ctx context.Context, a tocsin.Action, _, _ tocsin.Remote) (tocsin.Remote, error) {
	w(ctx, a)
	return tocsin.Remote{Number: 1}, nil
}

type cancelling context.CancelFunc

func (c cancelling) Execute(context.Context, tocsin.Action, tocsin.Remote, tocsin.Remote) (tocsin.Remote, error) {
	c()
	return tocsin.Remote{}, context.Canceled
}

func TestUndone(t *testing.T) {
	var rows []tocsin.ActionRow
	for _, s := range []tocsin.ActionState{"waiting", "pending", "sending", "done", "failed", "vetoed", "superseded"} {
		rows = append(rows, tocsin.ActionRow{State: s, Action: tocsin.Action{Key: string(s)}})
	}
	var got []string
	for _, r := range Undone(rows) {
		got = append(got, r.Action.Key)
	}
	if !slices.Equal(got, []string{"pending", "sending", "waiting"}) {
		t.Error(got)
	}
}

// TestRank: the graver comes first, and of what is as grave the older; what there is no room for is not tried in vain.
func TestRank(t *testing.T) {
	m := newMemory(
		tocsin.Action{Key: "low/1", Kind: tocsin.ActionIssue, Incident: "low", Revision: 1}, tocsin.Action{Key: "high/1", Kind: tocsin.ActionIssue, Incident: "high", Revision: 1},
		tocsin.Action{Key: "high/2", Kind: tocsin.ActionIssue, Incident: "high", Revision: 1}, tocsin.Action{Key: "low/2", Kind: tocsin.ActionIssue, Incident: "low", Revision: 2},
	)
	var tried []string
	room := 1
	e := executorFunc(func(a tocsin.Action) error {
		tried = append(tried, a.Key)
		if a.Revision == 1 {
			if room--; room < 0 {
				return &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, RetryAfter: time.Minute, Err: fmt.Errorf("%w: full", tocsin.ErrPaced)}
			}
		}
		return nil
	})
	d := New(slog.New(slog.DiscardHandler), m, map[tocsin.ActionKind]Executor{tocsin.ActionIssue: e}, func() time.Time { return noon.Add(time.Hour) }).
		Ranked(func(a tocsin.Action) int { return map[string]int{"high": 2, "low": 1}[a.Incident] })
	r, err := d.Run(t.Context())
	if want := []string{"high/1", "high/2", "low/2"}; err != nil || !slices.Equal(tried, want) || r.Done != 2 || r.Retry != 2 {
		t.Errorf("tried %q, want %q; %+v, %v", tried, want, r, err)
	}
}

type executorFunc func(tocsin.Action) error

func (f executorFunc) Execute(_ context.Context, a tocsin.Action, _, _ tocsin.Remote) (tocsin.Remote, error) {
	return tocsin.Remote{Number: 1}, f(a)
}
