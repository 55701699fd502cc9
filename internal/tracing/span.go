package tracing

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/tocsin-dev/tocsin"
)

// A Name is what a span is of.
type Name string

// The names. That of a request is its route.
const (
	NameJob     Name = "job"
	NameIndex   Name = "index"   // the advisory index is brought up to date
	NameMatch   Name = "match"   // inventories are matched with advisories and decided about
	NameJudge   Name = "judge"   // one inventory is taken to a verdict
	NameDeliver Name = "deliver" // one attempt at an action
	NameFeed    Name = "feed"    // one feed is synced
)

func (n Name) kind() trace.SpanKind {
	if n == NameFeed || n == NameDeliver {
		return trace.SpanKindClient
	}
	return trace.SpanKindInternal
}

// An Attribute is something that a span may say. There are no others than those that the functions of this package make.
type Attribute struct {
	key, text string
	n         int64
}

// Job is the kind of a job, never its arguments.
func Job(kind string) Attribute { return Attribute{key: "tocsin.job", text: kind} }

// Attempt counts from 1.
func Attempt(n int) Attribute { return Attribute{key: "tocsin.attempt", n: int64(n)} }

// Feed is the name that the configuration gives a feed, never its address.
func Feed(name string) Attribute { return Attribute{key: "tocsin.feed", text: name} }

// Action is the kind of an action.
func Action(kind tocsin.ActionKind) Attribute {
	return Attribute{key: "tocsin.action", text: string(kind)}
}

// Packages is how many were looked at.
func Packages(n int) Attribute { return Attribute{key: "tocsin.packages", n: int64(n)} }

// Projects is how many were looked at.
func Projects(n int) Attribute { return Attribute{key: "tocsin.projects", n: int64(n)} }

func (a Attribute) pair() attribute.KeyValue {
	if a.text != "" {
		return attribute.String(a.key, a.text)
	}
	return attribute.Int64(a.key, a.n)
}

// A Span is something that is being done. The zero value is one that nobody is told of.
type Span struct{ span trace.Span }

// Start begins a span within that of the context; where the context has none it does nothing. The caller ends it.
func Start(ctx context.Context, name Name, about ...Attribute) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, string(name), trace.WithSpanKind(name.kind()))
	s := Span{span}
	s.Set(about...)
	return ctx, s
}

// Begin is [Start], and begins a trace where the context has no span.
func (t *Tracer) Begin(ctx context.Context, name Name, about ...Attribute) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, span := t.provider.Tracer(scope).Start(ctx, string(name), trace.WithSpanKind(name.kind()))
	s := Span{span}
	s.Set(about...)
	return ctx, s
}

// Request begins the span of a request, within the trace that its traceparent names. https://www.w3.org/TR/trace-context/
func (t *Tracer) Request(r *http.Request) (context.Context, Span) {
	ctx := r.Context()
	if t == nil {
		return ctx, Span{}
	}
	if given := r.Header.Values("traceparent"); len(given) == 1 { // and no tracestate: what is in it is not ours to pass on
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": given[0]})
	}
	ctx, span := t.provider.Tracer(scope).Start(ctx, method(r.Method), trace.WithSpanKind(trace.SpanKindServer))
	return ctx, Span{span}
}

// Answered ends the span of a request. pattern is the line of the program's table that it came to, empty for none.
func (s Span) Answered(r *http.Request, pattern string, status int) {
	if s.span == nil {
		return
	}
	s.span.SetAttributes(attribute.String("http.request.method", method(r.Method)), attribute.Int("http.response.status_code", cmp.Or(status, http.StatusOK)))
	if pattern != "" {
		s.span.SetName(pattern)
		s.span.SetAttributes(attribute.String("http.route", pattern))
	}
	if status >= http.StatusInternalServerError {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}

// method is one that is known, since anything may stand there. It is called as the conventions of OpenTelemetry say.
func method(m string) string {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	if slices.Contains(known, m) {
		return m
	}
	return "_OTHER"
}

// Set adds what is known by now.
func (s Span) Set(about ...Attribute) {
	if s.span == nil {
		return
	}
	for _, a := range about {
		s.span.SetAttributes(a.pair())
	}
}

// End ends the span. Of an error it is told that there was one, and not what it says.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
