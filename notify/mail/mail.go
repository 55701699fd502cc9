// Package mail tells people by mail, in plain text and HTML, with the notices of one incident in one thread.
package mail

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"net"
	address "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

const (
	timeout    = 30 * time.Second
	maxTo      = 50
	maxSubject = 200
	maxText    = 30_000
	implicit   = 465 // https://www.rfc-editor.org/rfc/rfc8314
)

// A Server takes mail.
type Server struct {
	Address  string // host:port
	From     string
	User     string
	Password secret.Value
}

// A Sender mails some people. It is safe for concurrent use.
type Sender struct {
	host    string
	from    *address.Address
	to      []*address.Address
	options []mail.Option
	// implicit servers speak TLS from the first byte.
	implicit bool
}

// New makes a sender to a list of addresses with commas between. The connection is by TLS, unless the server is on the loopback. Errors
// name no receiver.
func New(s Server, to secret.Value) (*Sender, error) {
	host, port, err := net.SplitHostPort(s.Address)
	number, err2 := strconv.ParseUint(port, 10, 16)
	if err != nil || err2 != nil || host == "" {
		return nil, fmt.Errorf("%w: mail: server: want host:port", tocsin.ErrInvalid)
	}
	out := &Sender{host: host}
	if out.from, err = address.ParseAddress(s.From); err != nil {
		return nil, fmt.Errorf("%w: mail: from: want an address", tocsin.ErrInvalid)
	}
	if out.to, err = address.ParseAddressList(to.Reveal()); err != nil || len(out.to) == 0 || len(out.to) > maxTo {
		return nil, fmt.Errorf("%w: mail: want 1 to %d addresses with commas between", tocsin.ErrInvalid, maxTo)
	}
	out.options = []mail.Option{mail.WithPort(int(number)), mail.WithTimeout(timeout), mail.WithoutNoop()}
	switch {
	case host == "localhost" || net.ParseIP(host).IsLoopback():
		out.options = append(out.options, mail.WithTLSPolicy(mail.NoTLS))
	case number == implicit:
		out.implicit = true
		out.options = append(out.options, mail.WithSSL())
	default:
		out.options = append(out.options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.User != "" {
		out.options = append(out.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.User), mail.WithPassword(s.Password.Reveal()))
	}
	return out, nil
}

// Send mails a notice. The same key gives the same Message-ID, by which most mail boxes leave out what came twice. Errors are
// [tocsin.DeliveryError] values.
func (s *Sender) Send(ctx context.Context, key string, n tocsin.Notice, at time.Time) error {
	var conn net.Conn
	defer func() {
		if conn != nil { // the library leaves it open where a server gives no TLS
			_ = conn.Close()
		}
	}()
	dial := func(ctx context.Context, network, at string) (_ net.Conn, err error) {
		if s.implicit {
			conn, err = (&tls.Dialer{Config: &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}}).DialContext(ctx, network, at)
		} else {
			conn, err = new(net.Dialer).DialContext(ctx, network, at)
		}
		return conn, err
	}
	client, err := mail.NewClient(s.host, append(slices.Clip(s.options), mail.WithDialContextFunc(dial))...)
	if err != nil {
		return failed(tocsin.OutcomePermanent, "the server is set up wrong")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*timeout)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, s.message(key, n, at)); err != nil {
		return unsent(err)
	}
	return nil
}

// unsent says what the server said, as a number: its words may name people.
func unsent(err error) error {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return failed(tocsin.OutcomeTransient, "the server cannot be reached, gives no TLS, or does not let us in")
	}
	if code := e.ErrorCode(); code >= 500 && !e.IsTemp() {
		return failed(tocsin.OutcomePermanent, "the server refused it: it answered %d", code)
	} else if code > 0 {
		return failed(tocsin.OutcomeTransient, "the server did not take it: it answered %d", code)
	}
	return failed(tocsin.OutcomeUnclear, "the server may have taken it")
}

func failed(o tocsin.Outcome, format string, args ...any) error {
	return &tocsin.DeliveryError{Outcome: o, Err: fmt.Errorf("mail: "+format, args...)}
}

// message writes a notice. Header fields have one line each, and what is in them of names that others chose is encoded.
func (s *Sender) message(key string, n tocsin.Notice, at time.Time) *mail.Msg {
	m := mail.NewMsg()
	m.FromMailAddress(s.from)
	m.ToMailAddress(s.to...)
	m.Subject(markdown.Line(n.Subject, maxSubject))
	m.SetDateWithValue(at)
	m.SetUserAgent("tocsin")
	m.SetMessageIDWithValue(s.id(key))
	thread := "<" + s.id("thread "+n.Thread) + ">" // nobody has that one: it holds the others together
	m.SetGenHeader(mail.HeaderInReplyTo, thread)
	m.SetGenHeader(mail.HeaderReferences, thread)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // https://www.rfc-editor.org/rfc/rfc3834
	if n.Urgent {
		m.SetGenHeader("Importance", "high")
	}
	text := still.Replace(markdown.Lines(n.Text, maxText))
	page := "<div style=\"white-space:pre-wrap;font-family:sans-serif\">" + html.EscapeString(text) + "</div>"
	if u, err := url.Parse(n.URL); err == nil && u.Scheme == "https" && u.Host != "" {
		text = n.URL + "\n\n" + text
		page = "<p><a href=\"" + html.EscapeString(u.String()) + "\">" + html.EscapeString(u.String()) + "</a></p>" + page
	}
	m.SetBodyString(mail.TypeTextPlain, text+"\n")
	m.AddAlternativeString(mail.TypeTextHTML, "<!doctype html><html><body>"+page+"</body></html>\n")
	return m
}

// still keeps programs that show mail from making links of what others wrote.
var still = strings.NewReplacer("://", ":\u200b//", "www.", "www\u200b.", "@", "@\u200b")

// id is a Message-ID without a name in it.
func (s *Sender) id(of string) string {
	sum := sha256.Sum256([]byte(of))
	_, domain, _ := strings.Cut(s.from.Address, "@")
	return hex.EncodeToString(sum[:16]) + "@" + domain
}
