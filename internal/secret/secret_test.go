package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

func TestNeverShown(t *testing.T) {
	v := New("hunter2")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "in", struct{ V Value }{v})
	b, err := json.Marshal(map[string]any{"v": v, "p": &v})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %s %+v %#v %q %x", v, v, v, v, v, v) + fmt.Sprint(&v, struct{ V Value }{v}) + string(b) + log.String()
	if strings.Contains(all, "hunter2") || strings.Contains(all, fmt.Sprintf("%x", "hunter2")) {
		t.Error(all)
	}
	if v.Reveal() != "hunter2" || !v.IsSet() || (Value{}).IsSet() {
		t.Error("the value itself is lost")
	}
}

func TestSources(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if v, err := FromFile(write("a", " tok\n")); err != nil || v.Reveal() != "tok" {
		t.Error(v, err)
	}
	t.Setenv("TOCSIN_TEST_SECRET", "tok")
	if v, err := FromEnv("TOCSIN_TEST_SECRET"); err != nil || v.Reveal() != "tok" {
		t.Error(v, err)
	}
	for name, err := range map[string]error{
		"no file":     second(FromFile(filepath.Join(dir, "none"))),
		"no variable": second(FromEnv("TOCSIN_TEST_NO_SUCH")),
	} {
		if !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"empty": second(FromFile(write("b", "\n"))), "folder": second(FromFile(dir)),
		"huge": second(FromFile(write("c", strings.Repeat("x", maxSize+1)))),
	} {
		if !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ Value, err error) error { return err }
