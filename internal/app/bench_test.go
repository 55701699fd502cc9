package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
)

func someReplay(t *testing.T) web.ReplayRequest {
	t.Helper()
	p, err := policies.Load("p.yaml", []byte("policy: p\ngate: {default: pass}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return web.ReplayRequest{Policy: p, Embargoed: true}
}

// TestBench: one after the other is done; who cancels what waits or runs ends it, and nothing that runs away is let run for ever.
func TestBench(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(&Service{log: slog.New(slog.DiscardHandler), opts: Options{Now: time.Now}})
		carried := 0
		answer := func(*running) (outcome, error) { return outcome{diff: &replay.Diff{}, page: "page"}, nil }
		hang := func(t *running) (outcome, error) {
			b.doing(t, "waiting")(3, 7)
			<-t.ctx.Done()
			return outcome{}, t.ctx.Err()
		}
		b.carry = func(t *running) (outcome, error) { carried++; return answer(t) }
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.run(ctx) }()
		q := someReplay(t)
		states := func() (out string) {
			synctest.Wait()
			for _, r := range b.Replays() {
				out = string(r.State) + " " + out
			}
			return strings.TrimSpace(out)
		}
		begin := func(want bool) string {
			t.Helper()
			r, ok := b.Begin(q)
			if ok != want {
				t.Errorf("begun: %v", ok)
			}
			synctest.Wait()
			return r.ID
		}

		done := begin(true)
		if got := states(); got != "done" || b.Page(done) != "page" || b.Replays()[0].Embargoed {
			t.Errorf("%s: %+v", got, b.Replays())
		}
		answer = hang
		runs := begin(true)
		waits := begin(true)
		if r := b.Replays()[1]; r.Doing != "waiting" || r.Done != 3 || r.Total != 7 || !r.Embargoed {
			t.Errorf("%+v", r)
		}
		b.End(waits)
		if got := states(); got != "done running cancelled" {
			t.Error(got)
		}
		b.End(runs)
		if got := states(); got != "done cancelled cancelled" || b.Replays()[1].EndedAt.IsZero() {
			t.Error(got)
		}
		b.End(done)
		if got := states(); got != "cancelled cancelled" || b.Page(done) != "" {
			t.Error(got)
		}

		begin(true)
		time.Sleep(maxTrial + time.Second)
		if got := states(); got != "cancelled cancelled failed" || !strings.Contains(b.Replays()[0].Error, "not done within 10m") {
			t.Errorf("%s: %+v", got, b.Replays()[0])
		}
		answer = func(*running) (outcome, error) { return outcome{}, errors.New("disk on fire") }
		begin(true)
		if r := b.Replays()[0]; r.State != web.ReplayFailed || strings.Contains(r.Error, "fire") {
			t.Errorf("%+v", r)
		}

		answer = hang
		for range 1 + maxWaiting {
			begin(true)
		}
		begin(false)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := states(); !strings.HasSuffix(got, "failed failed cancelled waiting waiting waiting waiting") || carried != 5 {
			t.Errorf("%d: %s", carried, got)
		}
	})
}

// TestBenchForgets: only so many are kept, and none that is not over is forgotten for another.
// What is proposed has with it what the newest replay of the same policies came to, and no other.
func TestBenchSaw(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	done := func(digest string, emergencies int) *trial {
		return &trial{Replay: web.Replay{State: web.ReplayDone, EndedAt: at, Since: at.AddDate(-1, 0, 0), Until: at, Diff: &replay.Diff{
			Old: replay.Result{Digest: "before", Measures: replay.Measures{Emergencies: 1, Releases: 9}},
			New: replay.Result{Digest: digest, Measures: replay.Measures{Emergencies: emergencies, Releases: 9, Stopped: 2, Exploited: 4, Caught: 3}},
		}}}
	}
	b := &bench{tried: []*trial{done("a", 5), done("a", 6), done("b", 7), {Replay: web.Replay{State: web.ReplayRunning}}}}
	want := &tocsin.PolicyReplay{At: at, Since: at.AddDate(-1, 0, 0), Until: at, Releases: 9, Exploited: 4, Was: tocsin.PolicyMeasures{Emergencies: 1}, Is: tocsin.PolicyMeasures{Emergencies: 6, Stopped: 2, Caught: 3}}
	if diff := cmp.Diff(want, b.saw("a")); diff != "" {
		t.Error(diff)
	}
	for _, other := range []string{"before", "c", ""} {
		if got := b.saw(other); got != nil {
			t.Errorf("%q: %+v", other, got)
		}
	}
}

func TestBenchForgets(t *testing.T) {
	b := newBench(&Service{opts: Options{Now: time.Now}})
	q := someReplay(t)
	for range 3 * maxTrials {
		r, ok := b.Begin(q)
		if !ok {
			t.Fatal("no room")
		}
		b.End(r.ID)
	}
	first, _ := b.Begin(q)
	for range maxWaiting - 1 {
		b.Begin(q)
	}
	if list := b.Replays(); len(list) != maxTrials || list[maxWaiting-1].ID != first.ID {
		t.Errorf("%d kept", len(list))
	}
}
