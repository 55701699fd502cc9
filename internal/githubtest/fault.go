package githubtest

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// RequestInfo is a request as the fault rule and the log see it.
type RequestInfo struct {
	// Seq counts requests from 1.
	Seq    int64
	Method string
	Path   string
	Query  url.Values
	Body   []byte
	Time   time.Time
	// Login of the caller, empty if unknown.
	Login string
}

// A Request is a line of the log.
type Request struct {
	RequestInfo
	// Status is what the call came to, 0 if it was not carried out. After a fault the client may have seen another.
	Status int
}

// Log returns all requests so far, oldest first.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// A Fault is one way for a request to go wrong. The zero value is none.
type Fault struct {
	Kind FaultKind
	// RetryAfter goes into the header of a limit or of [Unavailable]; 0 leaves the header out.
	RetryAfter time.Duration
	// Hung is called when a hang begins; nil is none.
	Hung func()
	// Release ends a hang; nil waits for the client to give up.
	Release <-chan struct{}
}

// FaultKind says what goes wrong.
type FaultKind string

// The kinds of fault. "After" means that the call took effect and only its answer was lost.
const (
	None             FaultKind = ""
	ServerError      FaultKind = "500 before effect"
	BadGatewayBefore FaultKind = "502 before effect"
	Unavailable      FaultKind = "503 before effect"
	BadGatewayAfter  FaultKind = "502 after effect"
	CloseBefore      FaultKind = "connection closed before effect"
	CloseAfter       FaultKind = "connection closed after effect"
	TornBody         FaultKind = "torn body"
	HangBefore       FaultKind = "hang before effect"
	HangAfter        FaultKind = "hang after effect"
	Secondary403     FaultKind = "secondary limit 403"
	Secondary429     FaultKind = "secondary limit 429"
	Primary403       FaultKind = "primary limit 403"
	Primary429       FaultKind = "primary limit 429"
)

// Once applies the fault to the first request that fits, and lets the rest through. It is to be used by one server
// at a time, whose rule runs concurrently, hence the channel.
func Once(f Fault, fits func(RequestInfo) bool) func(RequestInfo) Fault {
	left := make(chan struct{}, 1)
	left <- struct{}{}
	return func(r RequestInfo) Fault {
		if !fits(r) {
			return Fault{}
		}
		select {
		case <-left:
			return f
		default:
			return Fault{}
		}
	}
}

// listed says whether lists have what was made at a time.
func (s *Server) listed(made time.Time) bool { return s.opts.Now().Sub(made) >= s.opts.Lag }

func retryAfter(f Fault) http.Header {
	h := http.Header{}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Round(time.Second)/time.Second)))
	}
	return h
}
