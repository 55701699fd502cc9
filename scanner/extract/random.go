package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrForeign says that a file which looked like one of a reader's is none, so that a walk may pass it over.
var ErrForeign = errors.New("not of this kind")

// maxHeld is how much of a file is held in memory where it cannot be read at random.
const maxHeld = 64 << 20

// random is a file that is read here and there instead of from start to end: through the file system where that can, and
// from memory where it cannot. The caller calls done.
func random(f File) (at io.ReaderAt, size int64, done func(), err error) {
	if file, err := f.FS.Open(f.Path); err == nil {
		if at, ok := file.(io.ReaderAt); ok {
			_, probe := at.ReadAt(make([]byte, 1), 0)
			info, err := file.Stat()
			if err == nil && (probe == nil || errors.Is(probe, io.EOF)) {
				return at, info.Size(), func() { file.Close() }, nil
			}
		}
		file.Close()
	}
	data, err := io.ReadAll(io.LimitReader(f.Body, maxHeld+1))
	if err != nil {
		return nil, 0, nil, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if len(data) > maxHeld {
		return nil, 0, nil, fmt.Errorf("more than %d bytes", maxHeld)
	}
	return bytes.NewReader(data), int64(len(data)), func() {}, nil
}

// metered is a file of which at most left bytes are read.
type metered struct {
	at   io.ReaderAt
	left int64
}

var errMetered = errors.New("its directory is too large")

func (m *metered) ReadAt(p []byte, off int64) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, errMetered
	}
	return m.at.ReadAt(p, off)
}
