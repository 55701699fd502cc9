package github

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// maxAnswer is the largest answer that is read.
	maxAnswer = 10 << 20
	// maxTries beyond the first.
	maxTries = 3
	// firstWait is doubled with each try.
	firstWait = 500 * time.Millisecond
	// restWait is what GitHub asks for where it names no time.
	// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
	restWait = time.Minute
	// longestWait bounds what an answer can ask of us.
	longestWait = 24 * time.Hour
)

// newClient builds the client with our own rule of when to try again.
func newClient(o Options) *http.Client {
	base := o.HTTP
	if base == nil {
		base = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		}
	}
	c := retryablehttp.NewClient()
	c.HTTPClient = &http.Client{Transport: bounded{base}, CheckRedirect: sameHost, Timeout: o.Timeout}
	c.Logger = nil
	c.RetryMax = maxTries
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	c.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		return again(ctx, resp, err, o.Now(), o.MaxWait), nil
	}
	c.Backoff = func(_, _ time.Duration, try int, resp *http.Response) time.Duration {
		d := min(firstWait<<try, o.MaxWait)
		if resp != nil {
			if said, ok := askedWait(resp.Header, o.Now()); ok {
				d = said
			}
		}
		return o.Wait(d)
	}
	std := c.StandardClient()
	std.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return std
}

// again is the rule: what was refused by a limit is sent again after a short wait, since nothing was done; anything
// else only if doing it twice is the same as doing it once, which for a POST it is not.
func again(ctx context.Context, resp *http.Response, err error, now time.Time, most time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		var ue *url.Error
		if !errors.As(err, &ue) || strings.EqualFold(ue.Op, http.MethodPost) {
			return false
		}
		retry, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, err) // knows what is hopeless, such as a bad certificate
		return retry
	}
	wait, said := askedWait(resp.Header, now)
	switch {
	case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusTooManyRequests:
		return said && wait <= most
	case resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented:
		return resp.Request.Method != http.MethodPost && (!said || wait <= most)
	}
	return false
}

// askedWait is how long the answer asks us to wait: Retry-After if there, else the reset of a budget that is used up.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
func askedWait(h http.Header, now time.Time) (time.Duration, bool) {
	if v := h.Get("Retry-After"); v != "" {
		if n, err := strconv.ParseInt(v, 10, 32); err == nil && n >= 0 {
			return min(time.Duration(n)*time.Second, longestWait), true
		}
		if t, err := http.ParseTime(v); err == nil {
			return min(max(t.Sub(now), 0), longestWait), true
		}
		return restWait, true
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		if n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			// A second more, since the reset is cut to seconds.
			return min(max(time.Unix(n, 0).Sub(now), 0)+time.Second, longestWait), true
		}
		return restWait, true
	}
	return 0, false
}

// sameHost follows a redirect of a reading request within the API, and nothing else: the token stays where it is.
func sameHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method == http.MethodGet && next.URL.Host == first.URL.Host && next.URL.Scheme == first.URL.Scheme && len(via) < 5 {
		return nil
	}
	return http.ErrUseLastResponse
}

// errTooLarge refuses an answer.
var errTooLarge = errors.New("answer of more than 10 MB")

// bounded cuts answers off that are too large to be GitHub's.
type bounded struct{ base http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.base.RoundTrip(r)
	if resp != nil && resp.Body != nil {
		resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxAnswer}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
