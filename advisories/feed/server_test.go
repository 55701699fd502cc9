package feed

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// server is a bucket in memory, over HTTP. It counts what is asked for.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte
	asked   map[string]int
	// before may answer a request itself; it then returns true.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func serve(t testing.TB, objects map[string][]byte) *server {
	t.Helper()
	s := &server{objects: objects, asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		s.mu.Lock()
		s.asked[name]++
		body, ok := s.objects[name]
		before := s.before
		s.mu.Unlock()
		if before != nil && before(w, r) {
			return
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, len(body)))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// counts gives and forgets how often each object was asked for.
func (s *server) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = map[string]int{}
	return asked
}

// impatient is the client of NewClient that waits a millisecond wherever that one would wait longer.
func impatient(waits *[]time.Duration) *http.Client {
	c := newClient()
	backoff := c.Backoff
	c.Backoff = func(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
		if waits != nil {
			*waits = append(*waits, backoff(least, most, attempt, resp))
		}
		return time.Millisecond
	}
	return c.StandardClient()
}

func zipped(t testing.TB, entries map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entries[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// taken is what a source yielded: "id" for a record as known, "id=body" for one that was read, "id!" for one that could
// not be.
func taken(t testing.TB, src Source, known Known) (list []string, parts []error) {
	t.Helper()
	if known == nil {
		known = func(string) (time.Time, bool) { return time.Time{}, false }
	}
	for e, err := range src.Records(context.Background(), known) {
		switch {
		case err != nil:
			parts = append(parts, err)
		case e.Err != nil:
			list = append(list, e.ID+"!")
		case e.Body == nil:
			list = append(list, e.ID)
		default:
			list = append(list, e.ID+"="+string(e.Body))
		}
	}
	return list, parts
}

func open(t testing.TB, from string, client *http.Client) Source {
	t.Helper()
	src, err := Open(from, client, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func wantTaken(t *testing.T, got []string, parts []error, want ...string) {
	t.Helper()
	if len(parts) > 0 {
		t.Errorf("parts failed: %v", parts)
	}
	if !slices.Equal(got, want) {
		t.Errorf("took %q, want %q", got, want)
	}
}

func wantInvalid(t *testing.T, what string, parts []error) {
	t.Helper()
	if len(parts) != 1 || !errors.Is(parts[0], tocsin.ErrInvalid) {
		t.Errorf("%s: %v, want one ErrInvalid", what, parts)
	}
}
