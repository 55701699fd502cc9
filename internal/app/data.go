package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// DataDir is the data folder used where none is named: $TOCSIN_DATA, else a folder of the user's cache.
func DataDir() (string, error) {
	if dir := os.Getenv("TOCSIN_DATA"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: no data folder: set TOCSIN_DATA or give --data (%v)", tocsin.ErrInvalid, err)
	}
	return filepath.Join(cache, "tocsin"), nil
}

// OpenIndex opens the newest index in a data folder that is whole; where there is none yet, the embedded landmarks. Damage
// that was got around is logged.
func OpenIndex(log *slog.Logger, dir string) (*advisories.Index, error) {
	return openIndex(log, dir, advisories.OpenWhole)
}

func openIndex(log *slog.Logger, dir string, open func(path string) (*advisories.Index, error)) (*advisories.Index, error) {
	x, skipped, err := advisories.OpenCurrent(pipeline.IndexDir(dir), open)
	for _, s := range skipped {
		log.Warn("advisory index damaged", "err", s)
	}
	if errors.Is(err, tocsin.ErrNotFound) {
		return landmark.Index()
	}
	return x, err
}

// WithIndex runs f with the index of a data folder, which is read where f asks and nowhere else. If f comes to damage, what it
// did is void: it is run once more, with the index of [OpenIndex].
func WithIndex(log *slog.Logger, dir string, f func(*advisories.Index) error) error {
	x, err := openIndex(log, dir, advisories.Open)
	if err != nil {
		return err
	}
	err = errors.Join(f(x), x.Close())
	if !errors.Is(err, advisories.ErrDamaged) {
		return err
	}
	if x, err = OpenIndex(log, dir); err != nil {
		return err
	}
	return errors.Join(f(x), x.Close())
}

// Records gives the JSON of advisories, from the landmarks or from the store in a data folder. Close it.
type Records struct {
	landmarks bool
	store     *store.Store
}

// OpenRecords opens the records behind an index.
func OpenRecords(ctx context.Context, dir string, s tocsin.Snapshot) (*Records, error) {
	if s.Landmarks {
		return &Records{landmarks: true}, nil
	}
	st, err := store.Open(ctx, store.Path(dir))
	if err != nil {
		return nil, err
	}
	return &Records{store: st}, nil
}

// Record gives one record, or [tocsin.ErrNotFound].
func (r *Records) Record(ctx context.Context, id string) ([]byte, error) {
	if r.landmarks {
		return landmark.Record(id)
	}
	rev, err := r.store.Advisory(ctx, id)
	return rev.Body, err
}

// Close releases the store.
func (r *Records) Close() error {
	if r.store == nil {
		return nil
	}
	return r.store.Close()
}
