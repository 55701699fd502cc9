package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/tracing"
)

// indexes holds the advisory index of a process, and changes it for a newer one while others read the older. It is safe for
// concurrent use.
type indexes struct {
	log   *slog.Logger
	dir   string
	store *store.Store
	now   func() time.Time
	// tracer is told of each refresh; nil: nobody is.
	tracer *tracing.Tracer
	// syncing says that this process is in the midst of bringing more.
	syncing atomic.Bool

	mu      sync.Mutex
	current *lent
}

// lent is an open index with the number of those who use it, the holder among them.
type lent struct {
	x     *shelf
	users int
}

// A shelf is an index that remembers the classes that were asked for: what one asks for the next does too. They are not to be changed.
type shelf struct {
	*advisories.Index
	classes sync.Map
	count   atomic.Int64
}

// remembered is how many classes are, each of some kilobytes.
const remembered = 20_000

// Class is that of the index.
func (s *shelf) Class(n int) (tocsin.Class, error) {
	if c, ok := s.classes.Load(n); ok {
		return c.(tocsin.Class), nil
	}
	c, err := s.Index.Class(n)
	if err == nil && s.count.Load() < remembered {
		if _, known := s.classes.LoadOrStore(n, c); !known {
			s.count.Add(1)
		}
	}
	return c, err
}

// borrow gives the index as it is now. The caller gives it back.
func (l *indexes) borrow(open func(path string) (*advisories.Index, error)) (*lent, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		x, err := openIndex(l.log, l.dir, open)
		if err != nil {
			return nil, err
		}
		if x.Snapshot().Landmarks {
			return nil, errors.Join(fmt.Errorf("%w: there are no advisories yet: the first sync has not ended", tocsin.ErrUnavailable), x.Close())
		}
		l.current = &lent{x: &shelf{Index: x}, users: 1}
	}
	l.current.users++
	return l.current, nil
}

func (l *indexes) giveBack(b *lent) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.users--; b.users > 0 {
		return nil
	}
	return b.x.Close()
}

// reopen forgets the index, if it still is the one given; whoever comes next opens what is there then.
func (l *indexes) reopen(old *lent) error {
	l.mu.Lock()
	if l.current != old || old == nil {
		l.mu.Unlock()
		return nil
	}
	l.current = nil
	l.mu.Unlock()
	return l.giveBack(old)
}

// with runs f with the index. If f comes to damage, what it did is void, and it is run once more with an index that was checked to its
// last byte.
func (l *indexes) with(f func(pipeline.ClassIndex) error) error {
	for _, open := range []func(string) (*advisories.Index, error){advisories.Open, advisories.OpenWhole} {
		b, err := l.borrow(open)
		if err != nil {
			return err
		}
		err = f(b.x)
		if !errors.Is(err, advisories.ErrDamaged) {
			return errors.Join(err, l.giveBack(b))
		}
		l.log.Error("advisory index damaged", "err", err)
		if err := errors.Join(l.reopen(b), l.giveBack(b)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the advisory index is damaged, and no other is there", tocsin.ErrInvalid)
}

// refresh brings the index up to what the store knows, if that is more, and says whether it was. Processes that share a data folder
// build one after the other, and the later find it done.
func (l *indexes) refresh(ctx context.Context, progress func(name, part string, done, total int)) (changed bool, err error) {
	ahead, err := l.ahead(ctx)
	if err != nil || !ahead {
		return false, err
	}
	ctx, span := l.tracer.Begin(ctx, tracing.NameIndex)
	defer func() { span.End(err) }()
	err = l.alone(ctx, func() error {
		l.mu.Lock()
		old := l.current
		l.mu.Unlock()
		if err := l.reopen(old); err != nil {
			return err
		}
		if ahead, err = l.ahead(ctx); err != nil || !ahead {
			return err // someone else built it
		}
		_, err := pipeline.Sync{Store: l.store, Dir: l.dir, Now: l.now, Progress: progress}.Build(ctx)
		if err != nil {
			return err
		}
		l.mu.Lock()
		old = l.current
		l.mu.Unlock()
		return l.reopen(old)
	})
	return err == nil, err
}

// alone runs f while no other process builds in the data folder.
func (l *indexes) alone(ctx context.Context, f func() error) error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	lock := flock.New(filepath.Join(l.dir, "index.lock"))
	if ok, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil || !ok {
		return fmt.Errorf("waiting for whoever builds the index: %w", errors.Join(err, ctx.Err()))
	}
	return errors.Join(f(), lock.Unlock())
}

// ahead says whether the store knows more than the index.
func (l *indexes) ahead(ctx context.Context) (bool, error) {
	newest, err := l.store.Cursor(ctx, l.now())
	if err != nil {
		return false, err
	}
	if known, err := (pipeline.Sync{Store: l.store}).Known(ctx); err != nil || !known {
		return false, err // nothing was ever synced
	}
	b, err := l.borrow(advisories.Open)
	if errors.Is(err, tocsin.ErrUnavailable) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	have := store.Cursor(b.x.Snapshot().Cursor)
	return have != newest, l.giveBack(b)
}

// snapshot describes the index, as far as there is one.
func (l *indexes) snapshot() (s tocsin.Snapshot, err error) {
	b, err := l.borrow(advisories.Open)
	if err != nil {
		return s, err
	}
	return b.x.Snapshot(), l.giveBack(b)
}

// Close gives the index back.
func (l *indexes) Close() error {
	l.mu.Lock()
	old := l.current
	l.mu.Unlock()
	return l.reopen(old)
}
