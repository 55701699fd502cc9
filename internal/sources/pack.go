package sources

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"github.com/tocsin-dev/tocsin"
)

// maxInMemory is the largest object of a pack that may be put together in memory: a folder, or what a delta makes of another object.
const maxInMemory = 64 << 20

// checkPack goes through a pack before it is indexed, and refuses one that would take more memory or time than it may: the index
// keeps every object, and puts together in memory what deltas make, whatever that comes to
// (https://git-scm.com/docs/pack-format).
func checkPack(ctx context.Context, pack io.Reader, l Limits) error {
	bad := func(err error) error {
		return fmt.Errorf("%w: the server's pack cannot be read: %v", tocsin.ErrInvalid, err)
	}
	s := packfile.NewScanner(during{ctx, pack})
	_, count, err := s.Header()
	if err != nil {
		return bad(err)
	}
	if int64(count) > int64(l.Files) {
		return fmt.Errorf("%w: %d objects; the limit is %d", tocsin.ErrInvalid, count, l.Files)
	}
	left := l.Unpacked
	large := map[int64]bool{} // objects by offset that no delta may change
	for range count {
		h, err := s.NextObjectHeader()
		if err != nil {
			return bad(err)
		}
		if left -= h.Length; left < 0 {
			return fmt.Errorf("%w: over %d bytes unpacked", tocsin.ErrInvalid, l.Unpacked)
		}
		delta := h.Type == plumbing.OFSDeltaObject || h.Type == plumbing.REFDeltaObject
		if h.Length > maxInMemory {
			if h.Type != plumbing.BlobObject {
				return fmt.Errorf("%w: a %s of %d bytes; the limit is %d", tocsin.ErrInvalid, h.Type, h.Length, maxInMemory)
			}
			large[h.Offset] = true
		}
		if h.Type == plumbing.OFSDeltaObject && large[h.OffsetReference] || h.Type == plumbing.REFDeltaObject && len(large) > 0 {
			return fmt.Errorf("%w: a change to an object of over %d bytes", tocsin.ErrInvalid, maxInMemory)
		}
		var head prefix
		if _, _, err := s.NextObject(&head); err != nil {
			return bad(err)
		}
		if delta {
			makes, err := head.target()
			if err != nil {
				return bad(err)
			}
			if makes > maxInMemory {
				return fmt.Errorf("%w: a delta that makes %d bytes; the limit is %d", tocsin.ErrInvalid, makes, maxInMemory)
			}
			if left -= int64(makes); left < 0 {
				return fmt.Errorf("%w: over %d bytes unpacked", tocsin.ErrInvalid, l.Unpacked)
			}
		}
	}
	return nil
}

// prefix keeps the first bytes that are written to it.
type prefix struct {
	b [2 * binary.MaxVarintLen64]byte
	n int
}

func (p *prefix) Write(b []byte) (int, error) {
	p.n += copy(p.b[p.n:], b)
	return len(b), nil
}

// target is the size of what a delta makes: its second number, after the size of what it starts from.
func (p *prefix) target() (uint64, error) {
	_, n := binary.Uvarint(p.b[:p.n])
	if n <= 0 {
		return 0, errors.New("a delta without a size")
	}
	size, n := binary.Uvarint(p.b[n:p.n])
	if n <= 0 {
		return 0, errors.New("a delta without a size")
	}
	return size, nil
}
