package sources

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/netguard"
)

// A TransientError says that opening the same source later may go better: the server was down, busy or slow, or wants less to be
// asked of it.
type TransientError struct {
	// RetryAfter is when the server said to come back; zero if it did not say.
	RetryAfter time.Duration
	Err        error
}

func (e *TransientError) Error() string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf("%v (try again after %s)", e.Err, e.RetryAfter)
	}
	return fmt.Sprintf("%v (try again later)", e.Err)
}

func (e *TransientError) Unwrap() error { return e.Err }

// wire is the way of one Open to the network. It bounds what comes over it, turns refusals into errors, and remembers the first thing that
// went wrong: libraries above it keep no more than the text of an error.
type wire struct {
	base  http.RoundTripper
	now   func() time.Time
	token string

	credentials []Credential

	mu    sync.Mutex
	left  int64
	limit int64
	err   error
}

// client sends requests over the wire.
func (w *wire) client() *http.Client {
	return &http.Client{Transport: w, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		return w.fail(netguard.Redirect(next, via))
	}}
}

// get asks for one thing. The caller closes the body.
func (w *wire) get(ctx context.Context, u *url.URL, header map[string]string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: not an address", tocsin.ErrInvalid)
	}
	req.Header.Set("User-Agent", "tocsin")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := w.client().Do(req)
	return resp, withoutAddress(err)
}

// RoundTrip sends one request. What the server refuses is an error, and its page is not handed on.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, c := range w.credentials {
		if r.Header.Get("Authorization") == "" && c.covers(r.URL) {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", c.Value.Reveal())
		}
	}
	resp, err := w.base.RoundTrip(r)
	if err != nil {
		return nil, w.fail(broken(err))
	}
	if resp.StatusCode >= 400 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // as much as came says enough
		_ = resp.Body.Close()
		return nil, w.fail(w.refused(resp, text))
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 && r.Method != http.MethodGet {
		_ = resp.Body.Close()
		return nil, w.fail(fmt.Errorf("%w: %s redirects a POST", netguard.ErrRefused, r.URL.Host))
	}
	resp.Body = &metered{w, resp.Body}
	return resp, nil
}

// restrict sets how many bytes may come from now on.
func (w *wire) restrict(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.limit = n, n
}

func (w *wire) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return err
}

func (w *wire) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// metered is a body that ends with an error where the wire's limit is met.
type metered struct {
	w *wire
	io.ReadCloser
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.w.mu.Lock()
	m.w.left -= int64(n)
	over := m.w.left < 0
	m.w.mu.Unlock()
	switch {
	case over:
		return 0, m.w.fail(fmt.Errorf("%w: over %d bytes to download", tocsin.ErrInvalid, m.w.limit))
	case err != nil && err != io.EOF:
		return n, m.w.fail(broken(err))
	}
	return n, err
}

// broken says what an error of the network means. The address that it was about is taken out, since its query may be secret.
func broken(err error) error {
	err = withoutAddress(err)
	if errors.Is(err, netguard.ErrRefused) {
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: the server's certificate is not trusted: %v", tocsin.ErrForbidden, err)
	}
	return &TransientError{Err: err}
}

func withoutAddress(err error) error {
	for u := (*url.Error)(nil); errors.As(err, &u); {
		err = u.Err
	}
	return err
}

// longestWait bounds what an answer can ask of us.
const longestWait = 24 * time.Hour

// refused says what an answer of refusal means. Limits are told from other refusals by status, headers and message, since GitHub uses
// 403 for both. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
func (w *wire) refused(resp *http.Response, text []byte) error {
	var in struct{ Message string }
	_ = json.Unmarshal(text, &in) // a page of HTML says no more than the status
	said := fmt.Sprintf("%s answered %d %s", resp.Request.URL.Host, resp.StatusCode, http.StatusText(resp.StatusCode))
	if in.Message != "" {
		said += ": " + w.scrub(markdown.Line(in.Message, 200))
	}
	wait, asked := askedWait(resp.Header, w.now())
	limited := resp.StatusCode == http.StatusTooManyRequests ||
		resp.StatusCode == http.StatusForbidden && (asked || strings.Contains(strings.ToLower(in.Message), "rate limit"))
	switch {
	case limited && !asked:
		return &TransientError{RetryAfter: time.Minute, Err: errors.New(said)}
	case limited, resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented:
		return &TransientError{RetryAfter: wait, Err: errors.New(said)}
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		return fmt.Errorf("%w: %s; check the name, and whether it may be seen without other credentials", tocsin.ErrNotFound, said)
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: %s; check the credentials and what they allow", tocsin.ErrForbidden, said)
	default:
		return fmt.Errorf("%w: %s", tocsin.ErrInvalid, said)
	}
}

// scrub takes tokens out of a text, should a server have put it in.
func (w *wire) scrub(s string) string {
	if w.token != "" {
		s = strings.ReplaceAll(s, w.token, "[redacted]")
	}
	for _, c := range w.credentials {
		for _, part := range strings.Fields(c.Value.Reveal()) { // with "Bearer" or without
			if len(part) > 6 {
				s = strings.ReplaceAll(s, part, "[redacted]")
			}
		}
	}
	return s
}

// askedWait is how long the answer asks us to wait: Retry-After if there, else the reset of a budget that is used up.
func askedWait(h http.Header, now time.Time) (time.Duration, bool) {
	if v := h.Get("Retry-After"); v != "" {
		if n, err := strconv.ParseInt(v, 10, 32); err == nil && n >= 0 {
			return min(time.Duration(n)*time.Second, longestWait), true
		}
		if t, err := http.ParseTime(v); err == nil {
			return min(max(t.Sub(now), 0), longestWait), true
		}
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		if n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			// A second more, since the reset is cut to seconds.
			return min(max(time.Unix(n, 0).Sub(now), 0)+time.Second, longestWait), true
		}
	}
	return 0, false
}
