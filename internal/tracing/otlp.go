package tracing

import (
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// The JSON of OTLP: ids as hexadecimal digits, 64-bit integers as text, enumerations as numbers.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type (
	otlpTraces struct {
		ResourceSpans []otlpResource `json:"resourceSpans"`
	}
	otlpResource struct {
		Resource struct {
			Attributes []otlpAttribute `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []otlpScope `json:"scopeSpans"`
	}
	otlpScope struct {
		Scope struct {
			Name    string `json:"name"`
			Version string `json:"version,omitempty"`
		} `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	otlpSpan struct {
		TraceID      string          `json:"traceId"`
		SpanID       string          `json:"spanId"`
		ParentSpanID string          `json:"parentSpanId,omitempty"`
		Name         string          `json:"name"`
		Kind         int             `json:"kind"`
		Start        string          `json:"startTimeUnixNano"`
		End          string          `json:"endTimeUnixNano"`
		Attributes   []otlpAttribute `json:"attributes,omitempty"`
		Status       otlpStatus      `json:"status"`
	}
	otlpStatus struct {
		Code int `json:"code,omitempty"`
	}
	otlpAttribute struct {
		Key   string    `json:"key"`
		Value otlpValue `json:"value"`
	}
	otlpValue struct {
		String *string `json:"stringValue,omitempty"`
		Int    *string `json:"intValue,omitempty"`
	}
)

// failed is the code of a span that ended in an error; the library counts otherwise.
const failed = 2

// encoded are spans as a collector takes them. Of what made them it says the program and its version, and nothing of the machine.
func encoded(spans []sdk.ReadOnlySpan, version string) otlpTraces {
	var r otlpResource
	r.Resource.Attributes = []otlpAttribute{text("service.name", "tocsin"), text("service.version", version)}
	s := otlpScope{Spans: make([]otlpSpan, len(spans))}
	s.Scope.Name, s.Scope.Version = scope, version
	for i, one := range spans {
		s.Spans[i] = span(one)
	}
	r.ScopeSpans = []otlpScope{s}
	return otlpTraces{[]otlpResource{r}}
}

func span(s sdk.ReadOnlySpan) otlpSpan {
	out := otlpSpan{
		TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(), Name: s.Name(), Kind: int(s.SpanKind()),
		Start: nanos(s.StartTime()), End: nanos(s.EndTime()),
	}
	if s.Parent().SpanID().IsValid() {
		out.ParentSpanID = s.Parent().SpanID().String()
	}
	if s.Status().Code == codes.Error {
		out.Status.Code = failed
	}
	for _, a := range s.Attributes() {
		if a.Value.Type() == attribute.INT64 {
			n := strconv.FormatInt(a.Value.AsInt64(), 10)
			out.Attributes = append(out.Attributes, otlpAttribute{string(a.Key), otlpValue{Int: &n}})
		} else {
			out.Attributes = append(out.Attributes, text(string(a.Key), a.Value.AsString()))
		}
	}
	return out
}

func text(key, value string) otlpAttribute { return otlpAttribute{key, otlpValue{String: &value}} }

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
