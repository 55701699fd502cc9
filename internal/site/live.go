package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

const (
	// beat is how often a process looks what changed, while somebody listens.
	beat = time.Second
	// breath keeps a connection from being taken for dead, listening is for how long one is held: who it is for is asked again then.
	breath, listening = 20 * time.Second, 5 * time.Minute
	// maxListeners bounds the connections that are held open, maxOwn those of one of whoever asks: many tabs, and a wall.
	maxListeners, maxOwn = 2_000, 40
)

// A pulse tells those who listen that incidents changed since their pages were made, whichever process changed them. One look serves all of
// them, and nobody looks while nobody listens.
type pulse struct {
	versions func(context.Context) (map[string]int, error)

	mu        sync.Mutex
	listeners map[*listener]bool
	stop      context.CancelFunc
	// over is closed when the process ends: nobody is listened to any more.
	over chan struct{}
}

// A listener is a page that shows an incident, or any for "*", as it was at an edition.
type listener struct {
	key  string
	seen int
	// who holds the connection.
	who string
	// news has the newest edition that was not told yet.
	news chan int
}

// edition is the version of an incident, or for "*" one that is another once any of them is.
func edition(versions map[string]int, key string) int {
	if key != "*" {
		return versions[key]
	}
	sum := 0
	for _, n := range versions {
		sum += n
	}
	return sum
}

func newPulse(versions func(context.Context) (map[string]int, error)) *pulse {
	return &pulse{versions: versions, listeners: map[*listener]bool{}, over: make(chan struct{})}
}

// listen gives a channel that has the edition once it is another than the page has: what changed while the page was on its way is told too.
// end is to be called.
func (p *pulse) listen(who, key string, seen int) (news <-chan int, end func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.listeners) >= maxListeners {
		return nil, nil, fmt.Errorf("%w: %d pages are open already", tocsin.ErrUnavailable, maxListeners)
	}
	own := 0
	for l := range p.listeners {
		if l.who == who {
			own++
		}
	}
	if own >= maxOwn {
		return nil, nil, fmt.Errorf("%w: %d pages of yours are open already", tocsin.ErrUnavailable, maxOwn)
	}
	l := &listener{key: key, seen: seen, who: who, news: make(chan int, 1)}
	p.listeners[l] = true
	if p.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		p.stop = stop
		go p.run(ctx)
	}
	return l.news, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.listeners, l)
		if len(p.listeners) == 0 && p.stop != nil {
			p.stop()
			p.stop = nil
		}
	}, nil
}

func (p *pulse) run(ctx context.Context) {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		if now, err := p.versions(ctx); err == nil { // a database that is away is told by everything else
			p.tell(ctx, now)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (p *pulse) tell(ctx context.Context, now map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	all := edition(now, "*")
	for l := range p.listeners {
		n := all
		if l.key != "*" {
			n = edition(now, l.key)
		}
		if n == l.seen {
			continue
		}
		l.seen = n
		select {
		case <-l.news: // which it has not told yet
		default:
		}
		l.news <- n
	}
}

// follow is where a page hears that the incident changed, or any for "*", since the edition that it shows.
func follow(key string, seen int) string {
	return "/live?" + url.Values{"incident": {key}, "at": {strconv.Itoa(seen)}}.Encode()
}

// followAll is the same for a page of many. It is for before they are read.
func (v *visit) followAll() (string, error) {
	versions, err := v.site.pulse.versions(v.r.Context())
	return follow("*", edition(versions, "*")), err
}

// Close ends the connections that pages hold open. It is called once, when the server is told to end.
func (s *Site) Close() { close(s.pulse.over) }

// live tells a page when it is out of date, as server-sent events. What changed it then asks for itself, so an event has nothing in it.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
func (s *Site) live(w http.ResponseWriter, r *http.Request) {
	v := &visit{site: s, w: w, r: r, now: s.opts.Now()}
	var err error
	if v.Client, err = s.api.Client(w, r); err != nil {
		s.refuse(v, err)
		return
	}
	key, seen := v.q("incident"), v.q("at")
	if last := r.Header.Get("Last-Event-ID"); last != "" { // the connection was lost, and the page is newer than its address
		seen = last
	}
	at, err := strconv.Atoi(seen)
	if err != nil {
		at = -1 // it does not say, so it is out of date
	}
	if key == "*" {
		_, err = web.Get[web.Page[tocsin.Incident]](v.Client, "listIncidents", web.Ask{Query: map[string]string{"limit": "1"}})
	} else {
		_, err = web.Get[tocsin.Incident](v.Client, "getIncident", web.Ask{Path: map[string]string{"key": key}})
	}
	var news <-chan int
	var end func()
	if err == nil {
		news, end, err = s.pulse.listen(string(v.Who.Kind)+" "+v.Who.ID, key, at)
	}
	if err != nil {
		s.refuse(v, err)
		return
	}
	defer end()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not wait for more
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // nothing more is to come, and a deadline that passes would end the request
	say := func(text string) bool {
		_ = control.SetWriteDeadline(time.Now().Add(breath)) // recorders in tests have none
		_, err := w.Write([]byte(text))
		return errors.Join(err, control.Flush()) == nil
	}
	whole := time.NewTimer(listening)
	defer whole.Stop()
	alive := time.NewTicker(breath)
	defer alive.Stop()
	for text := "retry: 2000\n\n"; say(text); {
		select {
		case <-r.Context().Done():
			return
		case <-whole.C:
			return
		case <-s.pulse.over:
			return
		case n := <-news:
			text = fmt.Sprintf("id: %d\nevent: changed\ndata:\n\n", n)
		case <-alive.C:
			text = ": still here\n\n"
		}
	}
}
