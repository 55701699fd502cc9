package github

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// A Request is one call of GitHub's REST API.
type Request struct {
	Method string `json:"method"`
	// Path is relative to the base URL, without a leading slash.
	Path string `json:"path"`
	// Body is indented JSON, empty for a reading request.
	Body json.RawMessage `json:"body,omitempty"`
	// IfNoneMatch is the ETag of an answer that we have; another like it is a 304.
	IfNoneMatch string `json:"-"`
}

// newRequest encodes the body, which must be one that JSON can hold.
func newRequest(method, path string, body any) Request {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(body); err != nil {
		panic("github: encoding a request of our own: " + err.Error()) // strings and lists only
	}
	return Request{Method: method, Path: path, Body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// writes says whether the request changes anything.
func (r Request) writes() bool { return r.Method != http.MethodGet }

// creates says whether the request makes a new thing that people are told of. Comments and reactions are about one that is there.
func (r Request) creates() bool {
	return r.Method == http.MethodPost && !strings.Contains(r.Path, "/comments")
}
