package web

import (
	"context"
	"sync/atomic"
	"time"
)

// slots bound what is done at once.
type slots struct {
	free    chan struct{}
	waiting atomic.Int64
	queue   int64
	wait    time.Duration
}

func newSlots(n, queue int, wait time.Duration) *slots {
	return &slots{free: make(chan struct{}, n), queue: int64(queue), wait: wait}
}

// take waits for a place and gives what to call when done with it.
func (s *slots) take(ctx context.Context) (done func(), err error) {
	done = func() { <-s.free }
	select {
	case s.free <- struct{}{}:
		return done, nil
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > s.queue {
		return nil, busy(full)
	}
	t := time.NewTimer(s.wait)
	defer t.Stop()
	select {
	case s.free <- struct{}{}:
		return done, nil
	case <-t.C:
		return nil, busy(full)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

const full = "As many requests are being worked on, and wait, as there is room for."

func busy(detail string) error {
	err := fault(errBusy, "", "", "%s", detail)
	err.retry = 2 * time.Second
	return err
}
