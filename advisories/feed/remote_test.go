package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A server that is busy is asked again, after the wait it names but no longer than we care to wait.
func TestRetries(t *testing.T) {
	answers := []struct {
		status int
		after  string
	}{{429, "7"}, {503, "86400"}, {502, ""}}
	s := serve(t, map[string][]byte{"kev.json": []byte("ok")})
	n := 0
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if n == len(answers) {
			return false
		}
		w.Header().Set("Retry-After", answers[n].after)
		w.WriteHeader(answers[n].status)
		n++
		return true
	}
	var waits []time.Duration
	b, err := Fetch(context.Background(), s.URL+"/kev.json", impatient(&waits), 10)
	if err != nil || string(b) != "ok" {
		t.Fatalf("%q, %v", b, err)
	}
	if len(waits) != 3 || waits[0] != 7*time.Second || waits[1] != maxWait || waits[2] > time.Minute {
		t.Errorf("waits %v", waits)
	}
}

func TestGivingUpNamesTheStatus(t *testing.T) {
	s := serve(t, nil)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	_, err := Fetch(context.Background(), s.URL+"/kev.json", impatient(nil), 10)
	if err == nil || !strings.Contains(err.Error(), "503") || s.counts()["kev.json"] != 5 {
		t.Errorf("error %v, want the status after five attempts", err)
	}
}

func TestFetch(t *testing.T) {
	s := serve(t, map[string][]byte{"a/kev.json": []byte("0123456789")})
	file := filepath.Join(t.TempDir(), "a b.json")
	if err := os.WriteFile(file, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{s.URL + "/a/kev.json", s.URL + "/a/kev.json?day=1", file, "file://" + file, "file://localhost" + strings.ReplaceAll(file, " ", "%20")} {
		if b, err := Fetch(context.Background(), from, s.Client(), 10); err != nil || string(b) != "0123456789" {
			t.Errorf("%s: %q, %v", from, b, err)
		}
		if _, err := Fetch(context.Background(), from, s.Client(), 9); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%s: over the limit: error %v, want ErrInvalid", from, err)
		}
	}
	for _, from := range []string{s.URL + "/a/other", file + "x", "nothing", ""} {
		if _, err := Fetch(context.Background(), from, s.Client(), 9); err == nil || from != "" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v, want fs.ErrNotExist", from, err)
		}
	}
}

func TestOverLargeAnswerIsNotRead(t *testing.T) {
	s := serve(t, nil)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "99999999999")
		return true
	}
	if _, err := Fetch(context.Background(), s.URL+"/a", s.Client(), 10); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("small: error %v, want ErrInvalid", err)
	}
	_, parts := taken(t, open(t, s.URL+"/a.zip", s.Client()), nil)
	wantInvalid(t, "large", parts)
}

func TestRedirectToAFile(t *testing.T) {
	s := serve(t, nil)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
		return true
	}
	if b, err := Fetch(context.Background(), s.URL+"/a", impatient(nil), 1<<20); err == nil {
		t.Errorf("read %q", b)
	}
}

// A password in a mirror's address stands in no error and in no file name.
func TestPasswordIsNotTold(t *testing.T) {
	const secret = "hunter2"
	gone := httptest.NewServer(nil)
	gone.Close()
	s := serve(t, map[string][]byte{"ecosystems.txt": []byte("npm"), "npm/all.zip": []byte("0123456789")})
	with := func(url string) string { return strings.Replace(url, "://", "://user:"+secret+"@", 1) }
	scratch := t.TempDir()
	for _, from := range []string{
		with(gone.URL), with(s.URL), with(s.URL) + "/absent", with(s.URL) + "/x.zip",
		"https://user:" + secret + " @host", "https://user:/" + secret + "@host", "https://user:%zz" + secret + "@host", "https://" + secret + "%zz/x.zip",
	} {
		for _, client := range []*http.Client{impatient(nil), {}} {
			_, err := Fetch(context.Background(), from+"/x", client, 10)
			src, oerr := Open(from, client, scratch)
			if oerr != nil {
				t.Fatal(oerr)
			}
			_, parts := taken(t, src, nil)
			if err == nil || len(parts) == 0 {
				t.Errorf("%s: no error", from)
			}
			for _, err := range append(parts, err) {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("%s: the error tells the password: %v", from, err)
				}
			}
		}
	}
	entries, _ := os.ReadDir(scratch)
	for _, e := range entries {
		if strings.Contains(e.Name(), secret) {
			t.Errorf("the file %s tells the password", e.Name())
		}
	}
}

func TestTornDownloadIsResumed(t *testing.T) {
	body := zipped(t, map[string]string{"a.json": strings.Repeat("a", 1000), "b.json": "{}"})
	s := serve(t, map[string][]byte{"all.zip": body})
	var ranges []string
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		ranges = append(ranges, r.Header.Get("Range")+" "+r.Header.Get("If-Range"))
		if len(ranges) > 1 {
			return false
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, len(body)))
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		return true
	}
	scratch := t.TempDir()
	src, err := Open(s.URL+"/all.zip", s.Client(), scratch)
	if err != nil {
		t.Fatal(err)
	}
	if got, parts := taken(t, src, nil); len(got) > 0 || len(parts) != 1 || !strings.Contains(parts[0].Error(), "resume") {
		t.Fatalf("torn: took %v, %v", got, parts)
	}
	got, parts := taken(t, src, nil)
	wantTaken(t, got, parts, "a="+strings.Repeat("a", 1000), "b={}")
	want := fmt.Sprintf(`bytes=%d- "%d"`, len(body)/2, len(body))
	if len(ranges) != 2 || ranges[1] != want {
		t.Errorf("asked for %q, want %q second", ranges, want)
	}
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Whatever the server answers when asked to go on, the result is the object as it is now.
func TestResumingStartsOverWhereItMust(t *testing.T) {
	old := zipped(t, map[string]string{"a.json": "old"})
	now := zipped(t, map[string]string{"a.json": "new"})
	for name, tt := range map[string]struct {
		have []byte
		etag string
		// second answers the request that asks for a range; nil leaves it to the server.
		second func(w http.ResponseWriter)
	}{
		"another ETag":                  {have: old[:10], etag: `"old"`},
		"no ETag":                       {have: old[:10], etag: ""},
		"weak ETag":                     {have: old[:10], etag: fmt.Sprintf(`W/"%d"`, len(now))},
		"all of it is there":            {have: now, etag: fmt.Sprintf(`"%d"`, len(now))},
		"more than all of it":           {have: append(bytes.Clone(now), 1), etag: fmt.Sprintf(`"%d"`, len(now))},
		"the server ignores the offset": {have: old[:10], etag: `"x"`, second: func(w http.ResponseWriter) { _, _ = w.Write(now) }},
		"the server mistakes the offset": {have: old[:10], etag: `"x"`, second: func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 0-99/100")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(now)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]byte{"all.zip": now})
			if tt.second != nil {
				s.before = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Header.Get("Range") == "" {
						return false
					}
					tt.second(w)
					return true
				}
			}
			src := open(t, s.URL+"/all.zip", s.Client())
			r := src.(*archive).files.(*remote)
			path := r.part("all.zip")
			for file, b := range map[string][]byte{path: tt.have, path + ".etag": []byte(tt.etag)} {
				if err := os.WriteFile(file, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, parts := taken(t, src, nil)
			wantTaken(t, got, parts, "a=new")
		})
	}
}

func TestScratchCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, map[string][]byte{"all.zip": zipped(t, nil)})
	src, err := Open(s.URL+"/all.zip", s.Client(), filepath.Join(file, "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	if _, parts := taken(t, src, nil); len(parts) != 1 {
		t.Errorf("parts %v, want one error", parts)
	}
}

func TestNewClient(t *testing.T) {
	s := serve(t, map[string][]byte{"a": []byte("b")})
	if b, err := Fetch(context.Background(), s.URL+"/a", NewClient(), 10); err != nil || string(b) != "b" {
		t.Errorf("%q, %v", b, err)
	}
}
