package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// piped listens for connections in memory, on the clock of the test.
type piped struct{ conns chan net.Conn }

func (p piped) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p piped) Close() error   { close(p.conns); return nil }
func (p piped) Addr() net.Addr { return &net.TCPAddr{} }

// Who sends headers without end, or nothing, is hung up on.
func TestSlowClientsAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := piped{make(chan net.Conn)}
		s := Server(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		left := func(send string) time.Duration {
			client, server := net.Pipe()
			l.conns <- server
			start := time.Now()
			go func() { _, _ = io.WriteString(client, send) }()
			_, _ = io.Copy(io.Discard, client) // until it is closed
			return time.Since(start)
		}
		if got := left("GET / HTTP/1.1\r\nX: "); got != headerTime {
			t.Errorf("a header without end: left after %s", got)
		}
		if got := left("GET / HTTP/1.1\r\nHost: x\r\n\r\n"); got != idleTime {
			t.Errorf("a silent client: left after %s", got)
		}
		_ = s.Shutdown(context.WithoutCancel(t.Context()))
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// BenchmarkGate is the way of a lockfile of 500 packages to an engine and back, without the engine's own work.
func BenchmarkGate(b *testing.B) {
	w := newWorld(b)
	var body strings.Builder
	body.WriteString(`{"name":"a","lockfileVersion":3,"packages":{"":{"name":"a"}`)
	for i := range 500 {
		fmt.Fprintf(&body, `,"node_modules/p%d":{"version":"1.0.%d","resolved":"https://registry.npmjs.org/p/-/p.tgz","integrity":"sha512-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, i, i)
	}
	body.WriteString(`}}`)
	server := httptest.NewServer(w.api)
	defer server.Close()
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/v1/gate?name=package-lock.json", strings.NewReader(body.String()))
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer gate")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
				b.Errorf("%d, %v", resp.StatusCode, err)
			}
			_ = resp.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
