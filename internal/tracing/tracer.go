package tracing

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tocsin-dev/tocsin/internal/secret"
)

// scope names what makes the spans.
const scope = "github.com/tocsin-dev/tocsin"

// What waits for a collector is bounded, and what comes beyond is lost: 2048 spans take about two megabytes.
const (
	queued  = 2048
	batch   = 512
	patient = 10 * time.Second
)

// Options of a [Tracer].
type Options struct {
	// URL takes OTLP over HTTP, as "https://otel.example.com/v1/traces".
	URL string
	// Header is sent with each request, with the value; empty: none.
	Header string
	Value  secret.Value
	// Version of the program.
	Version string
	// Every is how long spans wait for others; zero: 5 seconds.
	Every time.Duration
}

// A Tracer begins traces, and sends what is over to a collector. Nil begins none. It is safe for concurrent use.
type Tracer struct{ provider *sdk.TracerProvider }

// New makes a tracer. A collector that is not there costs what is told, and one line in the log. Close it.
func New(log *slog.Logger, o Options) *Tracer {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: patient,
		MaxResponseHeaderBytes: 64 << 10,
	}
	e := &exporter{log: log, o: o, client: &http.Client{
		Transport: transport, Timeout: patient,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the header is for this address
	}}
	return &Tracer{sdk.NewTracerProvider(
		sdk.WithSampler(sdk.ParentBased(sdk.AlwaysSample())),
		sdk.WithBatcher(e, sdk.WithMaxQueueSize(queued), sdk.WithMaxExportBatchSize(batch), sdk.WithBatchTimeout(cmp.Or(o.Every, 5*time.Second)), sdk.WithExportTimeout(patient)),
	)}
}

// Close sends what is left, until ctx ends at most.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
