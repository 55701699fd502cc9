package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestPace: however many take at once, no minute and no hour has more than it may, and room comes when it is said.
func TestPace(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		ctx, p := t.Context(), Pace{Minute: 5, Hour: 12}
		processes := []*Store{db.open(t), db.open(t)}
		take := func(now time.Time) (taken int64) {
			var n atomic.Int64
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					wait, err := processes[i%2].TakeWrite(ctx, p, 5, now)
					if err != nil {
						t.Error(err)
					} else if wait == 0 {
						n.Add(1)
					}
				})
			}
			all.Wait()
			return n.Load()
		}
		for i, c := range []struct {
			at   time.Duration
			want int64
		}{{0, 5}, {30 * time.Second, 0}, {time.Minute, 5}, {2 * time.Minute, 2}, {3 * time.Minute, 0}, {time.Hour, 5}, {time.Hour + time.Minute, 5}} {
			if got := take(day.Add(c.at)); got != c.want {
				t.Errorf("%d: %d taken, want %d", i, got, c.want)
			}
		}
		if wait, err := processes[0].TakeWrite(ctx, p, 5, day.Add(time.Hour+90*time.Second)); err != nil || wait != 30*time.Second {
			t.Errorf("wait %s, %v", wait, err)
		}
		if n, err := processes[1].Writes(ctx, day.Add(time.Hour)); err != nil || n != 5 {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// TestPoints: what is dear is written at longer intervals, and what costs more than there is goes when there is all of it.
func TestPoints(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, p := db.open(t), Pace{Minute: 80, Hour: 500, Points: 100}
		for i, c := range []struct {
			at     time.Duration
			points int
			want   time.Duration
		}{
			{0, 40, 0}, {10 * time.Second, 60, 0}, {20 * time.Second, 1, 40 * time.Second}, {time.Minute, 40, 0}, {65 * time.Second, 1, 5 * time.Second},
			{70 * time.Second, 60, 0}, {80 * time.Second, 300, 50 * time.Second}, {130 * time.Second, 300, 0}, {131 * time.Second, 1, 59 * time.Second},
		} {
			if wait, err := s.TakeWrite(t.Context(), p, c.points, day.Add(c.at)); err != nil || wait != c.want {
				t.Errorf("%d: wait %s, want %s, %v", i, wait, c.want, err)
			}
		}
	})
}
