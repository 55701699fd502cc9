package githubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxRequest is the largest request body that is read.
const maxRequest = 8 << 20

// Options of a [Server]. The zero value is a GitHub without faults on the wall clock.
type Options struct {
	// Now is the clock of the limits and of every timestamp; nil is [time.Now].
	Now func() time.Time
	// Faults decides how a request goes wrong; nil lets all of them through. It is called once per request, from
	// many goroutines.
	Faults func(RequestInfo) Fault
	// Budget is the primary limit, requests per user and hour; 0 is GitHub's 5,000.
	Budget int
	// Enterprise is the version of GitHub Enterprise Server that it says to be; empty: github.com.
	Enterprise string
	// Scopes are those of every token, as a classic one tells them; empty: they are not told.
	Scopes string
	// Minute and Hour limit the creation of content; 0 is GitHub's 80 and 500.
	Minute, Hour int
	// Points limit what a minute's requests cost, a read one and a write five; 0 is GitHub's 900.
	Points int
	// Lag is how long lists lack what was just made. It can be read by its own address at once.
	Lag time.Duration
}

// A Server is one GitHub. Add users and repositories, then serve it. Its methods are safe for concurrent use.
type Server struct {
	opts Options
	done chan struct{}
	once sync.Once

	mu       sync.Mutex
	faults   func(RequestInfo) Fault
	seq      int64
	nextID   int64
	users    map[string]*user // by lower case login
	tokens   map[string]*user
	repos    map[string]*repository // by lower case owner/name
	moved    map[string]*repository // former names
	order    []*repository
	requests []Request
	http     *http.Server
	served   chan error
}

// New returns an empty GitHub.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Budget == 0 {
		o.Budget = 5000
	}
	if o.Minute == 0 {
		o.Minute = 80
	}
	if o.Hour == 0 {
		o.Hour = 500
	}
	if o.Points == 0 {
		o.Points = 900
	}
	s := &Server{
		opts: o, faults: o.Faults, done: make(chan struct{}), nextID: 1000,
		users: map[string]*user{}, tokens: map[string]*user{},
		repos: map[string]*repository{}, moved: map[string]*repository{},
	}
	return s
}

// Routes lists the calls that are answered, as "METHOD /path/{parameter}" in GitHub's notation.
func Routes() []string {
	out := make([]string, len(routes))
	for i, r := range routes {
		out[i] = r.pattern
	}
	return out
}

// Start serves on a free loopback port and returns the base URL, which ends in a slash. The caller must Close.
func (s *Server) Start() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening on loopback: %w", err)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	s.mu.Lock()
	s.http, s.served = srv, served
	s.mu.Unlock()
	go func() { served <- srv.Serve(l) }()
	return "http://" + l.Addr().String() + "/", nil
}

// Close lets hanging requests go, stops serving and waits for the listener's goroutine.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.done) })
	s.mu.Lock()
	srv, served := s.http, s.served
	s.http, s.served = nil, nil
	s.mu.Unlock()
	if srv == nil {
		return nil
	}
	err := srv.Close()
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// SetFaults replaces the fault rule; nil lets every request through.
func (s *Server) SetFaults(f func(RequestInfo) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A renamed repository is reached by number, which GitHub does not describe as a call of its own.
	if rest, ok := strings.CutPrefix(r.URL.Path, "/repositories/"); ok {
		id, tail, _ := strings.Cut(rest, "/")
		if name := s.nameOf(id); name != "" {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = strings.TrimSuffix("/repos/"+name+"/"+tail, "/"), ""
		}
	}
	s.serve(w, r, find(r))
}

func (s *Server) nameOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.order {
		if strconv.FormatInt(r.id, 10) == id {
			return r.Name
		}
	}
	return ""
}

// serve answers one request: the fault rule first, then the limits, then the call itself.
func (s *Server) serve(w http.ResponseWriter, hr *http.Request, rt route) {
	body, err := io.ReadAll(io.LimitReader(hr.Body, maxRequest))
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	q := &call{http: hr, body: body, now: s.opts.Now().UTC()}
	q.base = "http://" + hr.Host
	entry, fault := s.admit(q)

	var a answer
	switch fault.Kind {
	case ServerError:
		a = answer{status: 500, body: failure{Message: "Server Error"}}
	case BadGatewayBefore:
		a = answer{status: 502, body: failure{Message: "Server Error"}}
	case Unavailable:
		a = answer{status: 503, body: failure{Message: "Service unavailable"}, header: retryAfter(fault)}
	case CloseBefore:
		panic(http.ErrAbortHandler)
	case Secondary403, Secondary429:
		a = secondaryLimit(fault)
	case Primary403, Primary429:
		a = primaryLimit(q, q.now.Add(time.Hour), fault.Kind == Primary429)
	case HangBefore:
		s.hang(hr.Context(), fault)
		panic(http.ErrAbortHandler)
	default:
		a = s.perform(q, rt)
	}
	switch fault.Kind {
	case BadGatewayAfter:
		a = answer{status: 502, body: failure{Message: "Server Error"}}
	case CloseAfter:
		s.settle(entry, a.status)
		panic(http.ErrAbortHandler)
	case HangAfter:
		s.settle(entry, a.status)
		s.hang(hr.Context(), fault)
		panic(http.ErrAbortHandler)
	}
	s.settle(entry, a.status)
	s.write(w, q, a, entry, fault.Kind == TornBody)
}

// admit logs the request, finds out who asks, and consults the fault rule, which runs without the lock.
func (s *Server) admit(q *call) (entry int, f Fault) {
	s.mu.Lock()
	s.seq++
	auth := q.http.Header.Get("Authorization")
	if auth != "" {
		_, token, _ := strings.Cut(auth, " ")
		q.user = s.tokens[token]
		q.badToken = q.user == nil
	}
	info := RequestInfo{
		Seq: s.seq, Method: q.http.Method, Path: q.http.URL.Path, Query: q.http.URL.Query(), Body: q.body, Time: q.now,
	}
	if q.user != nil {
		info.Login = q.user.login
	}
	s.requests = append(s.requests, Request{RequestInfo: info})
	entry, rule := len(s.requests)-1, s.faults
	s.mu.Unlock()
	if rule != nil {
		f = rule(info)
	}
	return entry, f
}

// settle notes in the log what the call came to.
func (s *Server) settle(entry, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[entry].Status = status
}

// hang keeps the client waiting until it gives up, is released, or the server closes.
func (s *Server) hang(ctx context.Context, f Fault) {
	if f.Hung != nil {
		f.Hung()
	}
	select {
	case <-ctx.Done():
	case <-f.Release: // nil blocks for ever
	case <-s.done:
	}
}

// perform runs the call under the lock, so that each is atomic.
func (s *Server) perform(q *call, rt route) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case q.badToken:
		return refuse(http.StatusUnauthorized, "Bad credentials", docsRoot)
	case rt.handle == nil:
		return refuse(http.StatusNotFound, "Not Found", docsRoot)
	}
	if q.user != nil {
		if q.user.rate.spend(q.now, s.opts.Budget) {
			return primaryLimit(q, q.user.rate.reset, false)
		}
		if q.user.points.spend(q.now, q.http.Method, s.opts.Points) {
			return secondaryLimit(Fault{Kind: Secondary403, RetryAfter: time.Minute})
		}
		if q.http.Method == http.MethodPost && q.user.content.exceeded(q.now, s.opts.Minute, s.opts.Hour) {
			return contentLimit()
		}
	}
	q.docs = docsRoot + rt.docs
	if q.http.PathValue("owner") != "" {
		if a, ok := s.enter(q, rt); !ok {
			return a
		}
	} else if q.user == nil {
		return refuse(http.StatusUnauthorized, "Requires authentication", q.docs)
	}
	a := rt.handle(s, q)
	if q.user != nil && q.http.Method == http.MethodPost && a.status == http.StatusCreated {
		q.user.content.spend(q.now)
	}
	return a
}

// write sends the answer with GitHub's headers. A torn answer promises its whole length and stops half way.
func (s *Server) write(w http.ResponseWriter, q *call, a answer, entry int, torn bool) {
	h := w.Header()
	if q.user != nil {
		s.mu.Lock()
		q.user.rate.describe(h, q.now, s.opts.Budget)
		s.mu.Unlock()
	}
	h.Set("X-GitHub-Request-Id", fmt.Sprintf("DEAD:BEEF:%06X:%06X:%08X", entry+1, entry+1, q.now.Unix()))
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	if s.opts.Enterprise != "" {
		h.Set("X-GitHub-Enterprise-Version", s.opts.Enterprise)
	}
	if s.opts.Scopes != "" {
		h.Set("X-OAuth-Scopes", s.opts.Scopes)
	}
	h.Set("Date", q.now.Format(http.TimeFormat))
	for k, v := range a.header {
		h[k] = v
	}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		w.WriteHeader(a.status)
		return
	}
	if f, ok := a.body.(failure); ok {
		f.Status = strconv.Itoa(a.status)
		a.body = f
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a.body); err != nil {
		panic(fmt.Sprintf("githubtest: answer to %s: %v", q.http.URL.Path, err)) // ours; never the client's doing
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(a.status)
	if torn {
		_, _ = w.Write(b.Bytes()[:b.Len()/2]) // the connection is cut next, whether or not this arrived
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(b.Bytes()) // a client that has gone is its own affair
}

// id returns the next of the server's numbers, the same in every run.
func (s *Server) id() int64 {
	s.nextID++
	return s.nextID
}
