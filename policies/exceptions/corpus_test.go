package exceptions

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// Every document of the standards' own collections is read or refused with a reason, and most are read: those that their
// schemas refuse are among them, and so are files of other kinds.
func TestReadConformance(t *testing.T) {
	for _, c := range []struct {
		folder, suffix string
		valid          string // part of the name of those that must be read
		read, stating  int    // at least
	}{
		{"csaf", ".json", "csaf_vex", 1000, 20},
		{"openvex", ".json", "v0", 5, 5},
		{"cyclonedx", ".json", "valid-vulnerability-", 200, 4},
		{"cyclonedx", ".xml", "valid-vulnerability-", 200, 4},
	} {
		read, stating := 0, 0
		err := filepath.WalkDir(filepath.Join(corpus.Dir(t), "conformance", c.folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, c.suffix) {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f, err := Read(path, text, Options{Now: spring, Named: true})
			switch {
			case err == nil:
				read++
				if len(f.Exceptions)+len(f.Unused) > 0 {
					stating++
				}
			case !errors.Is(err, tocsin.ErrInvalid):
				t.Errorf("%s: %v", path, err)
			case strings.Contains(path, c.valid) && !strings.Contains(path, "invalid"):
				t.Error(err)
			}
			return nil
		})
		if err != nil || read < c.read || stating < c.stating {
			t.Errorf("%s %s: %d read, %d state something, %v", c.folder, c.suffix, read, stating, err)
		}
		t.Logf("%s %s: %d read, %d state something", c.folder, c.suffix, read, stating)
	}
}
