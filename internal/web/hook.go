package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// Limits of webhooks. Nobody knows who sends one before all of it is there: so it goes to a file, bounded, and nothing reads it until
// the signature is found right.
const (
	// maxHook is what GitHub sends at the most: https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap
	maxHook = 25 << 20
	// hookTime is how long GitHub waits for an answer.
	hookTime = 10 * time.Second
	// maxHooks is how many are on their way at once, and as many wait.
	maxHooks = 32
	// hookRate is how many a second one address may send for long, hookBurst how many at once: one push to many repositories is many.
	hookRate, hookBurst = 50, 500
)

// A Hooked says what became of a webhook. It tells of no project: the answer is shown to whoever administers the repository.
type Hooked struct {
	Event string `json:"event"`
	// Status is taken, seen (it came before) or nothing (there is nothing to do for such an event).
	Status string `json:"status"`
}

// A delivery is what the header of a webhook says.
type delivery struct {
	id, event string
	signature []byte
	// digest is the SHA-256 of the body.
	digest string
}

var (
	eventName    = pattern.Lazy(`^[a-z_]{1,64}$`)
	deliveryName = pattern.Lazy(`^[A-Za-z0-9-]{1,64}$`)
)

func (c *call) postGitHub(ctx context.Context) (_ answer, err error) {
	if !c.api.opts.HookSecret.IsSet() {
		return answer{}, tocsin.ErrNotFound
	}
	if err := c.api.hooks.allow(network(c.api.opts.Address(c.r)).String()); err != nil {
		return answer{}, err
	}
	d, err := readDelivery(c.r.Header)
	if err != nil {
		return answer{}, err
	}
	box, err := c.api.newBox()
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	if err := c.prove(ctx, box, &d); err != nil {
		return answer{}, err
	}
	switch d.event {
	case "ping":
		return answer{status: 204}, nil
	case "push":
		return c.pushed(ctx, box, d)
	case "issues", "issue_comment":
		return c.spoken(ctx, box, d)
	case "security_advisory", "repository_advisory":
		return c.advised(ctx, d)
	default: // whose id is not kept: it may be delivered again when there is something to do
		return answer{status: 202, body: Hooked{d.event, "nothing"}}, nil
	}
}

// readDelivery refuses what cannot be GitHub's before a byte of the body is read.
func readDelivery(h http.Header) (d delivery, err error) {
	typ, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if encoding := h.Get("Content-Encoding"); err != nil || typ != "application/json" || encoding != "" {
		return d, fault(errMedia, "Content-Type", "have the webhook sent with the content type application/json", "The body is not plain JSON.")
	}
	one := func(name string) string {
		if list := h.Values(name); len(list) == 1 {
			return list[0]
		}
		return ""
	}
	text, ok := strings.CutPrefix(one("X-Hub-Signature-256"), "sha256=")
	if d.signature, err = hex.DecodeString(text); !ok || err != nil || len(d.signature) != sha256.Size {
		return d, fault(tocsin.ErrUnauthenticated, "X-Hub-Signature-256", "give the webhook the secret of the service", "There is no signature by SHA-256.")
	}
	if d.event = one("X-GitHub-Event"); !eventName().MatchString(d.event) {
		return d, invalid("X-GitHub-Event", "", "it is missing, or no name of an event")
	}
	if d.id = one("X-GitHub-Delivery"); !deliveryName().MatchString(d.id) {
		return d, invalid("X-GitHub-Delivery", "", "it is missing, or no id of a delivery")
	}
	return d, nil
}

// prove receives the body and checks that it was signed with the secret.
func (c *call) prove(ctx context.Context, b *box, d *delivery) error {
	long := fault(errTooLarge, "", "", "It has more than %d bytes.", maxHook)
	if c.r.ContentLength > maxHook {
		return long
	}
	done, err := c.api.arriving.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	mac, sum := hmac.New(sha256.New, []byte(c.api.opts.HookSecret.Reveal())), sha256.New()
	from := io.TeeReader(http.MaxBytesReader(c.w, c.r.Body, maxHook), io.MultiWriter(mac, sum))
	control := http.NewResponseController(c.w)
	body := &paced{r: from, start: time.Now(), limits: Limits{Grace: hookTime, Pace: 1 << 40}, deadline: control.SetReadDeadline}
	err = b.write("body", body)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return long
	case err != nil && body.failed != nil:
		return fault(errSlow, "", "deliver it again", "After %d bytes the body did not come.", body.n)
	case err != nil:
		return err
	case !hmac.Equal(mac.Sum(nil), d.signature):
		return fault(tocsin.ErrUnauthenticated, "X-Hub-Signature-256", "give the webhook the secret of the service", "The body was not signed with the secret.")
	}
	_ = control.SetReadDeadline(time.Time{}) // it is for the body, and would end the work; recorders in tests have none
	d.digest = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// remote is the other end of the connection.
func remote(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr) // a socket file has none, and counts as one address
	return at.Addr()
}

// network is what counts as one sender: an address, or for IPv6 the /64 that one customer has.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // an invalid address is the zero prefix, one for all such
	return p
}
