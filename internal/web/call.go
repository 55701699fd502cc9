package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// A call is one request on its way through its route.
type call struct {
	api   *API
	route route
	w     http.ResponseWriter
	r     *http.Request
	now   time.Time
	who   tocsin.Principal
	query map[string]string

	// What the route is about, as far as its line says so.
	project  *tocsin.Watched
	incident tocsin.Incident
	// whole says that the asker sees all projects of the incident.
	whole  bool
	action tocsin.ActionRow
	seen   *store.Sight
	// before is what the base of a change holds; nil if there is none.
	before *tocsin.Inventory
}

// An answer is what is sent back.
type answer struct {
	status int // 0: 200
	// body is encoded as JSON; write, if set, writes it instead.
	body   any
	write  func(io.Writer) error
	header http.Header
}

// A Page is a part of a list. Next asks for the next one as cursor; it is missing on the last.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

func (c *call) write(a answer) error {
	var buf bytes.Buffer
	write := a.write
	if write == nil {
		write = func(w io.Writer) error { return encode(w, a.body) }
	}
	if err := write(&buf); err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	h := c.w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusNoContent {
		c.w.WriteHeader(status)
		return nil
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		tag := etag(buf.Bytes())
		h.Set("ETag", tag)
		if status == http.StatusOK && hasTag(c.r.Header.Values("If-None-Match"), tag) {
			c.w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(buf.Bytes()) // who went away needs no answer
	return nil
}

// encode writes a list without items as one, not as null.
func encode(w io.Writer, v any) error {
	err := jsonv2.MarshalWrite(w, v, jsonv1.DefaultOptionsV1(), jsonv2.FormatNilSliceAsNull(false))
	if err == nil {
		_, err = io.WriteString(w, "\n")
	}
	return err
}

func etag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
}

// hasTag says whether a list of entity tags (RFC 9110, section 8.8.3) has one. Our tags have no comma.
func hasTag(lists []string, tag string) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// maxDocument bounds a JSON body that is not an inventory.
const maxDocument = 64 << 10

// decode reads the JSON body of a request.
func (c *call) decode(v any) error {
	if typ, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || typ != "application/json" {
		return fault(errMedia, "", "send it as Content-Type: application/json", "The body is not said to be JSON.")
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxDocument))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return fault(errTooLarge, "", "", "The body has more than %d bytes.", maxDocument)
	}
	if err != nil {
		return fault(errSlow, "", "", "The body did not come.")
	}
	return strict(b, v)
}

// strict decodes JSON without anything that is not asked for, twice there, or out of place.
func strict(b []byte, v any) error {
	err := jsonv2.Unmarshal(b, v, jsonv2.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	var semantic *jsonv2.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic) && errors.Is(err, jsonv2.ErrUnknownName):
		return invalid(clip(string(semantic.JSONPointer)), "leave it away; /v1/openapi.json has those that there are", "there is no such field")
	case errors.As(err, &semantic):
		return invalid(clip(string(semantic.JSONPointer)), "", "a %s is not what it takes", kindName(semantic.JSONKind))
	case errors.As(err, &syntax):
		return invalid(clip(string(syntax.JSONPointer)), "", "byte %d: it is no valid JSON", syntax.ByteOffset)
	default:
		return invalid("", "", "it is no valid JSON")
	}
}

func kindName(k jsontext.Kind) string {
	names := map[jsontext.Kind]string{'n': "null", 't': "boolean", 'f': "boolean", '"': "string", '0': "number", '{': "object", '[': "list"}
	if name, ok := names[k]; ok {
		return name
	}
	return "value"
}

// note keeps in the audit log what is about to be done.
func (c *call) note(ctx context.Context, on string, detail any) error {
	e := Entry{At: c.now, Kind: c.who.Kind, Name: c.who.Name, What: c.route.id, On: on, Project: c.action.Action.Project, Request: requestID(ctx)}
	if slug := c.r.PathValue("slug"); slug != "" { // which may not be there yet
		e.Project = slug
	} else if c.project != nil {
		e.Project = c.project.Slug
	}
	if detail != nil {
		var err error
		if e.Detail, err = json.Marshal(detail); err != nil {
			return fmt.Errorf("encoding the audit entry: %w", err)
		}
	}
	if err := c.api.parts.Audit.Audit(ctx, e); err != nil {
		return fmt.Errorf("keeping the audit entry: %w", err)
	}
	return nil
}

// list is what a cursor is for: this route, this path, these filters.
func (c *call) list() string {
	q := url.Values{}
	for name, v := range c.query {
		if name != "cursor" && name != "limit" {
			q.Set(name, v)
		}
	}
	return c.route.id + " " + c.r.URL.Path + " " + q.Encode()
}

// listing is what a page is made by.
func (c *call) listing() (after string, limit int, err error) {
	if limit, err = c.limit(); err != nil {
		return "", 0, err
	}
	after, err = c.api.place(c.list(), c.query["cursor"])
	return after, limit, err
}

// paged cuts a list that holds one more than a page if there is another page.
func paged[T any](c *call, items []T, limit int, place func(T) string) Page[T] {
	p := Page[T]{Items: items}
	if len(items) > limit {
		p.Items = items[:limit]
		p.Next = c.api.cursor(c.list(), place(items[limit-1]))
	}
	if p.Items == nil {
		p.Items = []T{}
	}
	return p
}
