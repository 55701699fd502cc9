package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	// maxListeners bounds the connections that are held open.
	maxListeners = 2_000
)

// A pulse tells those who listen which incidents changed, whichever process changed them. One look serves all of them, and nobody looks
// while nobody listens.
type pulse struct {
	versions func(context.Context) (map[string]int, error)

	mu        sync.Mutex
	listeners map[chan struct{}]string
	known     map[string]int
	stop      context.CancelFunc
	// over is closed when the process ends: nobody is listened to any more.
	over chan struct{}
}

func newPulse(versions func(context.Context) (map[string]int, error)) *pulse {
	return &pulse{versions: versions, listeners: map[chan struct{}]string{}, over: make(chan struct{})}
}

// listen gives a channel that has something once the incident changed, or any for "*". end is to be called.
func (p *pulse) listen(key string) (news <-chan struct{}, end func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.listeners) >= maxListeners {
		return nil, nil, fmt.Errorf("%w: %d pages are open already", tocsin.ErrUnavailable, maxListeners)
	}
	c := make(chan struct{}, 1)
	p.listeners[c] = key
	if p.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		p.stop, p.known = stop, nil
		go p.run(ctx)
	}
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.listeners, c)
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
	before := p.known
	p.known = now
	if before == nil {
		return
	}
	changed := map[string]bool{}
	for key, version := range now {
		if before[key] != version {
			changed[key], changed["*"] = true, true
		}
	}
	for c, key := range p.listeners {
		if !changed[key] {
			continue
		}
		select {
		case c <- struct{}{}:
		default: // it has news that it has not told yet
		}
	}
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
	key := v.q("incident")
	if key == "*" {
		_, err = web.Get[web.Page[tocsin.Incident]](v.Client, "listIncidents", web.Ask{Query: map[string]string{"limit": "1"}})
	} else {
		_, err = web.Get[tocsin.Incident](v.Client, "getIncident", web.Ask{Path: map[string]string{"key": key}})
	}
	var news <-chan struct{}
	var end func()
	if err == nil {
		news, end, err = s.pulse.listen(key)
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
		case <-news:
			text = "event: changed\ndata:\n\n"
		case <-alive.C:
			text = ": still here\n\n"
		}
	}
}
