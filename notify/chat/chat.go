// Package chat tells people where they talk and what they carry: in chats and on pagers, through one library for all services.
package chat

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

const (
	timeout = 30 * time.Second
	// Discord takes 2,000 characters and most others more; what people are to do stands first.
	maxText = 1800
	maxPage = 900 // of a pager, which shows the beginning
)

// banned are services that do other things than to tell people.
var banned = []string{"logger", "smtp", "ifttt"}

// A Sender tells one chat or pager. It is safe for concurrent use.
type Sender struct {
	address secret.Value
	service string
	pager   bool
}

// New makes a sender for the address of a service in the form of shoutrrr, such as slack://…, discord://…, pagerduty://…
// (https://shoutrrr.nickfedor.com/services/). Errors do not name it.
func New(address secret.Value, pager bool) (*Sender, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("%w: chat: want the address of a service in the form of shoutrrr, such as slack://hook:…@webhook", tocsin.ErrInvalid)
	}
	service, _, _ := strings.Cut(u.Scheme, "+")
	s := &Sender{address, service, pager}
	if slices.Contains(banned, service) {
		return nil, fmt.Errorf("%w: chat: %s is no chat and no pager", tocsin.ErrInvalid, service)
	}
	if _, err := s.open(); err != nil {
		return nil, fmt.Errorf("%w: chat: the address is none that shoutrrr takes", tocsin.ErrInvalid)
	}
	return s, nil
}

func (s *Sender) open() (*router.ServiceRouter, error) {
	return router.New(log.New(io.Discard, "", 0), s.address.Reveal())
}

// Send tells a notice. The library knows no context: an attempt that outlives it is unclear. Errors are [tocsin.DeliveryError] values.
func (s *Sender) Send(ctx context.Context, n tocsin.Notice) error {
	to, err := s.open()
	if err != nil {
		return failed(tocsin.OutcomePermanent, "%s: the address is none that it takes", s.service)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan []error, 1)
	go func() { done <- to.Send(s.Text(n), nil) }()
	select {
	case <-ctx.Done():
		return failed(tocsin.OutcomeUnclear, "%s did not answer in time", s.service)
	case list := <-done:
		for _, err := range list {
			if err != nil { // it may have the address in it, which is a secret
				return failed(tocsin.OutcomeTransient, "%s did not take it%s", s.service, status(err))
			}
		}
	}
	return nil
}

func failed(o tocsin.Outcome, format string, args ...any) error {
	return &tocsin.DeliveryError{Outcome: o, Err: fmt.Errorf("chat: "+format, args...)}
}

var code = pattern.Lazy(`\b[45]\d\d\b`)

// status is all that is told of an error: the number of an HTTP status, if there is one that is not a part of something longer.
func status(err error) string {
	if n := code().FindString(err.Error()); n != "" {
		return ": it answered " + n
	}
	return ""
}

// Text is what a notice is in a chat: no word in it mentions anybody, links, or is markup. Only our own address at its end is a link.
func (s *Sender) Text(n tocsin.Notice) string {
	limit := maxText
	if s.pager {
		limit = maxPage
	}
	end := ""
	if u, err := url.Parse(n.URL); err == nil && u.Scheme == "https" && !strings.ContainsAny(n.URL, "<>|\"' \n@") && len(n.URL) < 300 {
		end = "\n" + n.URL
	}
	return shorten(still(markdown.Lines(n.Subject+"\n"+n.Text, limit)), limit) + end
}
