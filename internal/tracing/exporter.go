package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// pause is how long a collector that failed is left alone. What is told meanwhile is lost.
const pause = 10 * time.Second

// exporter sends spans to a collector. It is called by one goroutine.
type exporter struct {
	log    *slog.Logger
	o      Options
	client *http.Client
	down   bool
	until  time.Time // not asked before
}

// ExportSpans sends a batch, or loses it. What went wrong is logged when it begins and when it ends, and returned to nobody: traces are
// no reason for anything else to fail.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if time.Now().Before(e.until) {
		return nil
	}
	err := e.send(ctx, spans)
	switch {
	case err != nil && !e.down:
		e.log.Warn("traces not taken by the collector", "err", err)
	case err == nil && e.down:
		e.log.Info("traces taken by the collector again")
	}
	if e.down = err != nil; e.down {
		e.until = time.Now().Add(pause)
	}
	return nil
}

// Shutdown ends the connection.
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

func (e *exporter) send(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := json.Marshal(encoded(spans, e.o.Version))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.o.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "tocsin/"+e.o.Version)
	if e.o.Header != "" {
		req.Header.Set(e.o.Header, e.o.Value.Reveal())
	}
	resp, err := e.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // without what was asked
			err = u.Err
		}
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %d", resp.StatusCode)
	}
	var took struct {
		PartialSuccess struct {
			RejectedSpans json.RawMessage `json:"rejectedSpans"`
		} `json:"partialSuccess"`
	}
	_ = json.Unmarshal(answer, &took) // an empty answer is one too
	if n := string(bytes.Trim(took.PartialSuccess.RejectedSpans, `"`)); n != "" && n != "0" {
		return fmt.Errorf("it rejects %.10s of %d spans", n, len(spans))
	}
	return err
}
