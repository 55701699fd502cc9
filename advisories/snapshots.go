package advisories

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// keep is how many snapshots stay on disk: the current one, and the one before in case it is found damaged.
const keep = 2

// currentFile lists the snapshots in a folder, newest first. It is replaced as a whole.
const currentFile = "current"

// Publish builds the index beside the ones in dir and makes it the current one. Until the last rename the old one
// serves, so being killed at any point loses nothing. Readers keep the file they have open.
func Publish(dir string, b *Builder, facts FactTables, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	return publish(dir, func(w io.Writer) (tocsin.Snapshot, error) { return b.Build(w, facts, info) })
}

// PublishChanges is [Publish] for the base of an index with changes; those that it has are forgotten.
func PublishChanges(dir string, x *Index, c Changes, facts FactTables, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	return publish(dir, func(w io.Writer) (tocsin.Snapshot, error) { return c.Build(w, x, facts, info) })
}

func publish(dir string, build func(io.Writer) (tocsin.Snapshot, error)) (info tocsin.Snapshot, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return info, fmt.Errorf("making the index folder: %w", err)
	}
	tmp, err := os.CreateTemp(dir, "building-*")
	if err != nil {
		return info, fmt.Errorf("making the index file: %w", err)
	}
	defer os.Remove(tmp.Name()) // it is gone after the rename
	w := bufio.NewWriterSize(tmp, 1<<20)
	info, err = build(w)
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

// sweep removes what is not kept: older snapshots and the remains of builds that were killed. One process publishes at a
// time. A file that cannot be removed is left for the next time.
func sweep(dir string, kept []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		old := strings.HasSuffix(e.Name(), ".idx") || strings.HasPrefix(e.Name(), "building-") || strings.HasPrefix(e.Name(), "switching-")
		if old && !slices.Contains(kept, e.Name()) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// OpenCurrent opens the newest index in dir that open, which is [Open] or [OpenWhole], takes. What is damaged or missing before
// it is reported in skipped, for people to see; the data is then older, not wrong. Without any index it is an
// [tocsin.ErrNotFound].
func OpenCurrent(dir string, open func(path string) (*Index, error)) (x *Index, skipped []error, err error) {
	names := list(dir)
	for {
		if x, skipped = openFirst(dir, names, open); x != nil {
			return x, skipped, nil
		}
		again := list(dir)
		if slices.Equal(names, again) {
			break
		}
		names = again // somebody published meanwhile, and swept what we were about to open
	}
	left := leftBehind(dir, names)
	if len(names) == 0 && len(left) == 0 {
		return nil, nil, fmt.Errorf("advisory index in %s: %w", dir, tocsin.ErrNotFound)
	}
	if len(names) == 0 {
		skipped = append(skipped, fmt.Errorf("the list of advisory indexes in %s is gone", dir))
	}
	x, more := openFirst(dir, left, open)
	skipped = append(skipped, more...)
	if x != nil {
		return x, skipped, nil
	}
	return nil, skipped, fmt.Errorf("%w: no advisory index in %s can be used (%w): run tocsin db update", tocsin.ErrInvalid, dir, errors.Join(skipped...))
}

// openFirst opens the first index of the list that can be opened, and says what was wrong with those before it.
func openFirst(dir string, names []string, open func(string) (*Index, error)) (x *Index, skipped []error) {
	for _, name := range names {
		x, err := open(filepath.Join(dir, filepath.Base(name)))
		if err == nil {
			return x, skipped
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("advisory index %s is gone", name)
		}
		skipped = append(skipped, err)
	}
	return nil, skipped
}

// leftBehind are the indexes in dir that the list does not have, newest first.
func leftBehind(dir string, listed []string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".idx") && !slices.Contains(listed, e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(builtAt(b), builtAt(a)), strings.Compare(a, b)) })
	return names
}

// builtAt is the time in the name of an index, 0 if it has none.
func builtAt(name string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(name[strings.LastIndexByte(name, '-')+1:], ".idx"), 10, 64)
	return n
}
