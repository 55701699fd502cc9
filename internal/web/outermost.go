package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

type requestKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// sane is what an id from outside may look like: it ends up in logs and headers.
var sane = pattern.Lazy(`^[A-Za-z0-9._-]{8,64}$`)

// written notes what was answered, for the log.
type written struct {
	http.ResponseWriter
	status int
	who    tocsin.Principal
}

func (w *written) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *written) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (w *written) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// outermost gives each request an id and a time, and logs it. A panic ends the request and nothing else.
func (a *API) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !sane().MatchString(id) {
			id = rand.Text()
		}
		w := &written{ResponseWriter: rw}
		ctx, span := a.opts.Tracer.Request(r)
		r = r.WithContext(context.WithValue(ctx, requestKey{}, id))
		r.Pattern = "" // that of a mux outside says nothing
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "private, no-cache")
		h.Set("Vary", "Authorization, Cookie")
		start := time.Now()
		defer func() { span.Answered(r, r.Pattern, w.status) }()
		c := http.NewResponseController(w)
		// Recorders in tests have no deadlines.
		_ = errors.Join(c.SetReadDeadline(start.Add(bodyTime)), c.SetWriteDeadline(start.Add(writeTime)))
		defer func() {
			if p := recover(); p != nil {
				a.log.ErrorContext(r.Context(), "recover from panic", "request", id, "route", r.Pattern, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
				if w.status == 0 {
					a.refuse(w, r, errors.New("panic"))
				} else {
					panic(http.ErrAbortHandler) // half an answer must not look whole
				}
			}
			// Neither path nor query: a key in them may be a secret, or say what is under embargo.
			a.log.LogAttrs(r.Context(), slog.LevelInfo, "serve request", slog.String("request", id), slog.String("method", r.Method), slog.String("route", r.Pattern),
				slog.Int("status", w.status), slog.Duration("took", time.Since(start)), slog.String("principal", w.who.Name), slog.String("kind", string(w.who.Kind)))
		}()
		next.ServeHTTP(w, r)
	})
}

// dispatch finds the route. What the mux refuses by itself is told as a problem too.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request) {
	h, pattern := a.mux.Handler(r)
	if pattern != "" || r.RequestURI == "*" {
		a.mux.ServeHTTP(w, r)
		return
	}
	if a.lost != nil && !strings.HasPrefix(r.URL.Path, "/v1/") {
		a.lost.ServeHTTP(w, r)
		return
	}
	muxed := &discarded{header: http.Header{}}
	h.ServeHTTP(muxed, r)
	if muxed.status == http.StatusMethodNotAllowed {
		err := fault(errNoMethod, "", "", "%.20q is not taken here.", r.Method)
		err.header = http.Header{"Allow": muxed.header["Allow"]}
		a.refuse(w, r, err)
		return
	}
	a.refuse(w, r, tocsin.ErrNotFound)
}

// discarded keeps of an answer what it means.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
