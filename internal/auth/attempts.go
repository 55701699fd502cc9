package auth

import (
	"container/list"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tocsin-dev/tocsin"
)

const (
	// burst of failed attempts of one address, and every how often it has one more.
	burst  = 30
	refill = 2 * time.Second
	// maxAddresses is how many are remembered: those that failed last.
	maxAddresses = 8192
)

// attempts counts failed attempts per address. A network of IPv6 that one customer has (/64) counts as one.
type attempts struct {
	mu    sync.Mutex
	known map[netip.Prefix]*list.Element
	order *list.List // of *attempt, who failed last in front
}

type attempt struct {
	from netip.Prefix
	left *rate.Limiter
}

func newAttempts() *attempts {
	return &attempts{known: map[netip.Prefix]*list.Element{}, order: list.New()}
}

func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // an invalid address is the zero prefix, one for all such
	return p
}

// check says whether an address may try.
func (a *attempts) check(addr netip.Addr, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.known[network(addr)]
	if e == nil {
		return nil
	}
	left := e.Value.(*attempt).left.TokensAt(now)
	if left >= 1 {
		return nil
	}
	return &tocsin.LimitedError{RetryAfter: max(time.Second, time.Duration((1-left)*float64(refill)).Round(time.Second))}
}

// fail counts one.
func (a *attempts) fail(addr netip.Addr, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	from := network(addr)
	e := a.known[from]
	if e == nil {
		e = a.order.PushFront(&attempt{from, rate.NewLimiter(rate.Every(refill), burst)})
		a.known[from] = e
	}
	a.order.MoveToFront(e)
	e.Value.(*attempt).left.AllowN(now, 1)
	if a.order.Len() > maxAddresses {
		last := a.order.Back()
		delete(a.known, a.order.Remove(last).(*attempt).from)
	}
}

// remote is the other end of the connection.
func remote(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr) // a socket file has none, and counts as one address
	return at.Addr()
}
