package advisories

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// keep is how many snapshots stay on disk: the current one, and the one before in case it is found damaged.
const keep = 2

// currentFile lists the snapshots in a folder, newest first. It is replaced as a whole.
const currentFile = "current"

// Publish builds the index beside the ones in dir and makes it the current one. Until the last rename the old one
// serves, so being killed at any point loses nothing. Readers keep the file they have open.
func Publish(dir string, b *Builder, facts Facts, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return info, fmt.Errorf("making the index folder: %w", err)
	}
	tmp, err := os.CreateTemp(dir, "building-*")
	if err != nil {
		return info, fmt.Errorf("making the index file: %w", err)
	}
	defer os.Remove(tmp.Name()) // it is gone after the rename
	w := bufio.NewWriterSize(tmp, 1<<20)
	info, err = b.Build(w, facts, info)
	if err := errors.Join(err, w.Flush(), tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return info, fmt.Errorf("writing the index: %w", err)
	}
	// The time is part of the name: the same records synced again are a fresher snapshot of the same id.
	name := fmt.Sprintf("%s-%d.idx", strings.ReplaceAll(info.ID, ":", "-"), info.BuiltAt.UnixMicro())
	if err := os.Rename(tmp.Name(), filepath.Join(dir, name)); err != nil {
		return info, fmt.Errorf("placing the index: %w", err)
	}
	names := append([]string{name}, slices.DeleteFunc(list(dir), func(n string) bool { return n == name })...)
	names = names[:min(keep, len(names))]
	if err := replace(filepath.Join(dir, currentFile), strings.Join(names, "\n")+"\n"); err != nil {
		return info, fmt.Errorf("switching to the new index: %w", err)
	}
	sweep(dir, names)
	return info, nil
}

func list(dir string) []string {
	b, err := os.ReadFile(filepath.Join(dir, currentFile))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b))
}

func replace(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "switching-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// sweep removes what is neither kept nor being built by this call: older snapshots and the remains of builds that
// were killed. A file that cannot be removed is left for the next time.
func sweep(dir string, kept []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		old := strings.HasSuffix(e.Name(), ".idx") || strings.HasPrefix(e.Name(), "building-")
		if old && !slices.Contains(kept, e.Name()) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// OpenCurrent opens the newest index in dir that is whole. Damaged ones before it are reported in skipped, for people to
// see; the data is then older, not wrong. Without any index it is an [tocsin.ErrNotFound].
func OpenCurrent(dir string) (x *Index, skipped []error, err error) {
	names := list(dir)
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("advisory index in %s: %w", dir, tocsin.ErrNotFound)
	}
	for _, name := range names {
		x, err := Open(filepath.Join(dir, filepath.Base(name)))
		if err == nil {
			return x, skipped, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("advisory index %s is gone", name)
		}
		skipped = append(skipped, err)
	}
	return nil, skipped, fmt.Errorf("%w: no advisory index in %s can be used (%w): run tocsin db update", tocsin.ErrInvalid, dir, errors.Join(skipped...))
}
