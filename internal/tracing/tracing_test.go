package tracing_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/tracing"
)

// decode reads OTLP by its own definition: JSON of protobuf, but for ids, which are hexadecimal.
// A field that is not in the definition, or of another type, is an error.
func decode(t *testing.T, body []byte) []*otlp.ResourceSpans {
	t.Helper()
	var doc any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	var ids func(v any)
	ids = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				ids(one)
			}
		case map[string]any:
			for key, one := range v {
				if text, ok := one.(string); ok && (key == "traceId" || key == "spanId" || key == "parentSpanId") {
					b, err := hex.DecodeString(text)
					if err != nil {
						t.Errorf("%s %q: %v", key, text, err)
					}
					v[key] = base64.StdEncoding.EncodeToString(b)
				}
				ids(one)
			}
		}
	}
	ids(doc)
	again, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var r collector.ExportTraceServiceRequest
	if err := protojson.Unmarshal(again, &r); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return r.GetResourceSpans()
}

func pairs(list []*common.KeyValue) map[string]any {
	out := map[string]any{}
	for _, a := range list {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[a.GetKey()] = v.IntValue
		}
	}
	return out
}

// sink is a collector.
type sink struct {
	mu     sync.Mutex
	bodies [][]byte
	header http.Header
}

func (s *sink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies, s.header = append(s.bodies, b), r.Header
}

// TestWhatIsTold: a request, within the trace that it names, with what was done for it.
func TestWhatIsTold(t *testing.T) {
	var got sink
	server := httptest.NewServer(&got)
	defer server.Close()
	tracer := tracing.New(slog.New(slog.DiscardHandler), tracing.Options{URL: server.URL + "/v1/traces", Header: "Authorization", Value: secret.New("Bearer t0ken"), Version: "1.2.3"})
	began := time.Now()
	r := httptest.NewRequest("SECRET", "/v1/projects/quiet?q=quiet", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.Header.Set("Tracestate", "vendor=quiet")
	ctx, request := tracer.Request(r)
	within, judge := tracing.Start(ctx, tracing.NameJudge, tracing.Packages(12))
	_, feed := tracing.Start(within, tracing.NameFeed, tracing.Feed("osv"))
	feed.End(errors.New("quiet"))
	judge.Set(tracing.Projects(0))
	judge.End(nil)
	request.Answered(r, "POST /v1/gate", 503)
	_, job := tracer.Begin(t.Context(), tracing.NameJob, tracing.Job("sync"), tracing.Attempt(2), tracing.Action(tocsin.ActionIssue))
	job.End(nil)
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	if len(got.bodies) != 1 || bytes.Contains(got.bodies[0], []byte("quiet")) || bytes.Contains(got.bodies[0], []byte("SECRET")) {
		t.Fatalf("%d requests: %s", len(got.bodies), got.bodies)
	}
	if got.header.Get("Content-Type") != "application/json" || got.header.Get("Authorization") != "Bearer t0ken" || got.header.Get("Traceparent") != "" {
		t.Errorf("%v", got.header)
	}
	list := decode(t, got.bodies[0])
	if d := cmp.Diff(map[string]any{"service.name": "tocsin", "service.version": "1.2.3"}, pairs(list[0].GetResource().GetAttributes())); d != "" {
		t.Error(d)
	}
	type told struct {
		Name, Parent string
		Kind         otlp.Span_SpanKind
		Status       otlp.Status_StatusCode
		Attributes   map[string]any
	}
	names := map[string]string{"b7ad6b7169203331": "the asker"}
	for _, s := range list[0].GetScopeSpans()[0].GetSpans() {
		names[hex.EncodeToString(s.GetSpanId())] = s.GetName()
	}
	var spans []told
	for _, s := range list[0].GetScopeSpans()[0].GetSpans() {
		spans = append(spans, told{s.GetName(), names[hex.EncodeToString(s.GetParentSpanId())], s.GetKind(), s.GetStatus().GetCode(), pairs(s.GetAttributes())})
		if trace := hex.EncodeToString(s.GetTraceId()); (trace == "0af7651916cd43dd8448eb211c80319c") != (s.GetName() != "job") || len(s.GetTraceId()) != 16 || len(s.GetSpanId()) != 8 {
			t.Errorf("%s is in trace %s", s.GetName(), trace)
		}
		if from, to := time.Unix(0, int64(s.GetStartTimeUnixNano())), time.Unix(0, int64(s.GetEndTimeUnixNano())); from.Before(began.Add(-time.Second)) || to.Before(from) || to.After(time.Now().Add(time.Second)) {
			t.Errorf("%s is from %s to %s", s.GetName(), from, to)
		}
	}
	want := []told{
		{"feed", "judge", otlp.Span_SPAN_KIND_CLIENT, otlp.Status_STATUS_CODE_ERROR, map[string]any{"tocsin.feed": "osv"}},
		{"judge", "POST /v1/gate", otlp.Span_SPAN_KIND_INTERNAL, otlp.Status_STATUS_CODE_UNSET, map[string]any{"tocsin.packages": int64(12), "tocsin.projects": int64(0)}},
		{"POST /v1/gate", "the asker", otlp.Span_SPAN_KIND_SERVER, otlp.Status_STATUS_CODE_ERROR, map[string]any{
			"http.request.method": "_OTHER", "http.route": "POST /v1/gate", "http.response.status_code": int64(503)}},
		{"job", "", otlp.Span_SPAN_KIND_INTERNAL, otlp.Status_STATUS_CODE_UNSET, map[string]any{"tocsin.job": "sync", "tocsin.attempt": int64(2), "tocsin.action": "issue"}},
	}
	if d := cmp.Diff(want, spans); d != "" {
		t.Error(d)
	}
}

// A collector that is down, refuses, or sends elsewhere costs one line in the log, and no memory beyond what waits.
func TestCollectorThatFails(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	answers := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other.URL)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	for name, c := range map[string]struct{ url, want string }{
		"down":     {gone.URL + "/quiet", "connection refused"},
		"refuses":  {answers(http.StatusUnauthorized, "who?"), "it answers 401"},
		"is moved": {answers(http.StatusTemporaryRedirect, ""), "it answers 307"},
		"rejects":  {answers(http.StatusOK, `{"partialSuccess":{"rejectedSpans":"7"}}`), "it rejects 7 of"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			tracer := tracing.New(slog.New(slog.NewTextHandler(&log, nil)), tracing.Options{URL: c.url, Header: "X-Key", Value: secret.New("t0ken"), Every: time.Millisecond})
			for range 10_000 {
				_, s := tracer.Begin(t.Context(), tracing.NameIndex)
				s.End(nil)
			}
			if err := tracer.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), c.want) || strings.Contains(log.String(), "t0ken") || strings.Contains(log.String(), "quiet") {
				t.Errorf("%d lines: %s", n, log.String())
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("the header went to another address")
	}
}

// TestOff: without a collector nothing is made.
func TestOff(t *testing.T) {
	var none *tracing.Tracer
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	n := testing.AllocsPerRun(100, func() {
		ctx, request := none.Request(r)
		ctx, job := none.Begin(ctx, tracing.NameJob, tracing.Job("sync"), tracing.Attempt(1))
		_, span := tracing.Start(ctx, tracing.NameFeed, tracing.Feed("osv"))
		span.Set(tracing.Packages(1))
		span.End(nil)
		job.End(nil)
		request.Answered(r, "GET /", 200)
	})
	if err := none.Close(t.Context()); n != 0 || err != nil {
		t.Errorf("%v allocations, %v", n, err)
	}
}
