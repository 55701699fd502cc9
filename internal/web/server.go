package web

import (
	"log/slog"
	"net/http"
	"time"
)

// The limits of a connection. How long a body may take is up to the route that wants one; see [Limits].
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	writeTime   = 2 * time.Minute
	bodyTime    = 30 * time.Second
	headerBytes = 32 << 10
)

// Server is an HTTP server that slow and silent clients do not tie down. The caller listens and shuts it down.
func Server(log *slog.Logger, h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what strangers send to a port is no news
	}
}
