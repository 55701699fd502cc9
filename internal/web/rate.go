package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxRates is how many are counted one by one.
const maxRates = 10_000

// rates limits how often each one asks, by whatever they are told apart by.
type rates struct {
	limit rate.Limit
	burst int
	now   func() time.Time

	mu sync.Mutex
	of map[string]*rate.Limiter
	// rest is shared by all for whom there is no room, until somebody has been quiet for long enough.
	rest *rate.Limiter
	// swept is when room was last looked for: a stranger with many addresses must not have everybody wait for that.
	swept time.Time
}

func newRates(perSecond, burst int, now func() time.Time) *rates {
	l := rate.Limit(perSecond)
	return &rates{limit: l, burst: burst, now: now, of: map[string]*rate.Limiter{}, rest: rate.NewLimiter(l, burst)}
}

// allow counts a request, or says how long to wait.
func (r *rates) allow(who string) error {
	now := r.now()
	held := r.limiter(who, now).ReserveN(now, 1)
	wait := held.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	held.CancelAt(now)
	err := fault(errRate, "", "", "More than %d requests a second for longer.", int(r.limit))
	err.retry = max(wait, time.Second)
	return err
}

func (r *rates) limiter(key string, now time.Time) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l, ok := r.of[key]; ok {
		return l
	}
	if len(r.of) >= maxRates && now.Sub(r.swept) >= time.Second {
		r.swept = now
		for k, l := range r.of { // a full bucket is as good as a new one
			if l.TokensAt(now) >= float64(r.burst) {
				delete(r.of, k)
			}
		}
	}
	if len(r.of) >= maxRates {
		return r.rest
	}
	l := rate.NewLimiter(r.limit, r.burst)
	r.of[key] = l
	return l
}
