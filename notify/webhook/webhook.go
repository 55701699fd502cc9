// Package webhook tells machines: a notice goes out as a CloudEvent, signed by the scheme of Standard Webhooks.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/netguard"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// Type is that of the events.
const Type = "dev.tocsin.notice.v1"

const (
	timeout   = 20 * time.Second
	minKey    = 24 // bytes, by the scheme
	maxKey    = 64
	maxAnswer = 64 << 10
)

// A Sender posts to one address. It is safe for concurrent use.
type Sender struct {
	address secret.Value
	key     []byte
	source  string
	client  *http.Client
}

// New makes a sender. key is "whsec_" and base64 of 24 to 64 bytes; source is who sends, as a URI. No redirect is followed, since the
// signature is for one receiver. Errors name neither address nor key.
func New(address, key secret.Value, source string, transport http.RoundTripper) (*Sender, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%w: webhook: want an https address without user and fragment", tocsin.ErrInvalid)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("%w: webhook: want an https address: others could read what is sent over http", tocsin.ErrInvalid)
	}
	raw, ok := strings.CutPrefix(key.Reveal(), "whsec_")
	bytes, err := base64.StdEncoding.DecodeString(raw)
	if !ok || err != nil || len(bytes) < minKey || len(bytes) > maxKey {
		return nil, fmt.Errorf("%w: webhook: key: want whsec_ and %d to %d bytes in base64, as from: echo whsec_$(openssl rand -base64 32)", tocsin.ErrInvalid, minKey, maxKey)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Sender{address, bytes, source, &http.Client{Transport: transport, CheckRedirect: stay, Timeout: timeout}}, nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// event is a CloudEvent in structured mode.
type event struct {
	Version string        `json:"specversion"`
	ID      string        `json:"id"`
	Source  string        `json:"source"`
	Type    string        `json:"type"`
	Subject string        `json:"subject,omitempty"`
	Time    time.Time     `json:"time"`
	Content string        `json:"datacontenttype"`
	Data    tocsin.Notice `json:"data"`
}

// ID is what receivers know a notice by: the same for each attempt, and without a name in it.
func ID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// Send posts a notice. Its errors are [tocsin.DeliveryError] values.
func (s *Sender) Send(ctx context.Context, key string, n tocsin.Notice, at time.Time) error {
	e := event{Version: "1.0", ID: ID(key), Source: s.source, Type: Type, Time: at.UTC(), Content: "application/json", Data: n}
	if len(n.Items) == 1 {
		e.Subject = n.Items[0].Incident
	}
	body, err := json.Marshal(e)
	if err != nil {
		return failed(tocsin.OutcomePermanent, 0, "the notice is not JSON")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address.Reveal(), bytes.NewReader(body))
	if err != nil {
		return failed(tocsin.OutcomePermanent, 0, "the address is none")
	}
	r.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	r.Header.Set("User-Agent", "tocsin")
	sign(r.Header, s.key, e.ID, at, body)
	answer, err := s.client.Do(r)
	if err != nil {
		return unsent(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection can be used again
	switch code := answer.StatusCode; {
	case code < 300:
		return nil
	case code < 400:
		return failed(tocsin.OutcomePermanent, 0, "it answered %d: redirects are not followed", code)
	case code == http.StatusGone:
		return failed(tocsin.OutcomePermanent, 0, "it answered 410: it wants no more")
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return failed(tocsin.OutcomeTransient, wait(answer.Header.Get("Retry-After")), "it answered %d", code)
	default: // the receiver may be set up wrong, which people mend
		return failed(tocsin.OutcomeTransient, 0, "it answered %d", code)
	}
}

// unsent says why a request had no answer, without the address that the error of the client has.
func unsent(err error) error {
	var inner *url.Error
	switch {
	case errors.Is(err, netguard.ErrRefused):
		return failed(tocsin.OutcomePermanent, 0, "the address is not public; if it is meant, allow its host under fetch: allow:")
	case errors.As(err, &inner) && inner.Timeout():
		return failed(tocsin.OutcomeUnclear, 0, "it did not answer in time")
	}
	return failed(tocsin.OutcomeUnclear, 0, "it cannot be reached")
}

func failed(o tocsin.Outcome, after time.Duration, format string, args ...any) error {
	return &tocsin.DeliveryError{Outcome: o, RetryAfter: after, Err: fmt.Errorf("webhook: "+format, args...)}
}

// wait reads how long to wait, in seconds, up to an hour.
func wait(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 3600))*time.Second, time.Hour)
}

// sign sets the three headers of the scheme.
func sign(h http.Header, key []byte, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, stamp)
	mac.Write(body)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
