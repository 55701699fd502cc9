package mail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// sink is a server on the loopback that keeps what it is sent, or refuses each receiver with an answer.
type sink struct {
	mu     sync.Mutex
	got    []string
	refuse string
}

func (s *sink) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.talk(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return l.Addr().String()
}

func (s *sink) talk(c net.Conn) {
	defer c.Close()
	say := func(line string) { fmt.Fprint(c, line+"\r\n") }
	in := bufio.NewReader(c)
	say("220 sink")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			say("250 sink")
		case "RCPT":
			if s.refuse != "" {
				say(s.refuse)
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(line, "."))
			}
			s.mu.Lock()
			s.got = append(s.got, b.String())
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// arrived reads a message: its header, its text and its page.
func arrived(t *testing.T, raw string) (mail.Header, string, string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	var parts []string
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, strings.ReplaceAll(string(b), "\r\n", "\n"))
	}
	return m.Header, parts[0], parts[1]
}

// TestSend: text and HTML arrive, in one thread for each incident, and nothing in them does anything but our own address.
func TestSend(t *testing.T) {
	var s sink
	m, err := New(Server{Address: s.listen(t), From: "Tocsin <tocsin@example.com>"}, secret.New("Ada <ada@example.com>, bea@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	evil := "<script>x</script> <img src=x> @everyone https://evil.example www.evil.example \x1b[31m\u202e\x00"
	n := tocsin.Notice{Subject: "EMERGENCY: ü\r\nBcc: eve@evil.example\r\n\r\n" + strings.Repeat("A", 1<<20), Text: "do this\n.\nnot the end\n" + evil, Thread: "team/INC-1",
		URL: "https://forge.example/acme/security/issues/1", Urgent: true}
	for _, key := range []string{"a", "b", "a"} {
		if err := m.Send(t.Context(), key, n, noon); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.got) != 3 {
		t.Fatalf("%d messages", len(s.got))
	}
	h, text, page := arrived(t, s.got[0])
	other, _, _ := arrived(t, s.got[1])
	again, _, _ := arrived(t, s.got[2])
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "EMERGENCY: ü Bcc: eve") || len(subject) > 300 || h.Get("Bcc") != "" {
		t.Errorf("%q %v", subject, err)
	}
	if h.Get("Message-Id") == other.Get("Message-Id") || h.Get("Message-Id") != again.Get("Message-Id") || h.Get("References") == "" || h.Get("References") != other.Get("References") ||
		h.Get("In-Reply-To") != h.Get("References") || h.Get("Importance") != "high" {
		t.Errorf("%v", h)
	}
	if !strings.HasPrefix(text, n.URL+"\n\ndo this\n.\nnot the end\n") || strings.ContainsAny(text+page, "\x1b\u202e\x00") {
		t.Errorf("%q", text)
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Count(page, "://") != 2 || strings.Count(page, "<a ") != 1 || strings.Count(text, "://") != 1 {
		t.Errorf("%q", page)
	}
}

// TestFailures: an error has the number of the answer and names nobody.
func TestFailures(t *testing.T) {
	for answer, want := range map[string]tocsin.Outcome{"550 no such user ada@example.com": tocsin.OutcomePermanent, "451 ada@example.com is busy": tocsin.OutcomeTransient} {
		s := sink{refuse: answer}
		m, err := New(Server{Address: s.listen(t), From: "tocsin@example.com"}, secret.New("ada@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		var e *tocsin.DeliveryError
		err = m.Send(t.Context(), "k", tocsin.Notice{Subject: "s", Text: "t"}, noon)
		if !errors.As(err, &e) || e.Outcome != want || strings.Contains(err.Error(), "ada") || !strings.Contains(err.Error(), answer[:3]) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// TestTLS: a server that is not on the loopback and gives no TLS is not told anything.
func TestTLS(t *testing.T) {
	var s sink
	at := s.listen(t)
	m, err := New(Server{Address: "mail.example:25", From: "tocsin@example.com"}, secret.New("ada@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	m.host = "127.0.0.1"
	_, port, _ := net.SplitHostPort(at)
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	m.options = append(m.options, gomail.WithPort(number))
	var e *tocsin.DeliveryError
	if err := m.Send(t.Context(), "k", tocsin.Notice{Subject: "s"}, noon); !errors.As(err, &e) || len(s.got) > 0 {
		t.Errorf("%v, %d messages", err, len(s.got))
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		server Server
		to     string
	}{
		{Server{Address: "smtp", From: "a@b.example"}, "hunter2@x.example"}, {Server{Address: "smtp:25", From: "nobody"}, "hunter2@x.example"},
		{Server{Address: "smtp:25", From: "a@b.example"}, "hunter2"}, {Server{Address: "smtp:25", From: "a@b.example"}, "hunter2@x.example\r\nBcc: y@x.example"},
	} {
		if _, err := New(tt.server, secret.New(tt.to)); !errors.Is(err, tocsin.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}
