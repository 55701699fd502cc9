package extract

import (
	"bytes"
	"fmt"
	"io"
)

// lined is a [walk] through a document in memory, which tells lines.
type lined struct {
	*walk
	data []byte
	// seen and line follow the decoder through data.
	seen, line int
}

func newLined(data []byte) *lined {
	return &lined{walk: newWalk(bytes.NewReader(data)), data: data, line: 1}
}

// at is the line of what was read last.
func (l *lined) at() int {
	off := int(l.dec.InputOffset())
	l.line += bytes.Count(l.data[l.seen:off], []byte("\n"))
	l.seen = off
	return l.line
}

// whole is the text of a file.
func whole(f File) ([]byte, error) {
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	return data, checkText(data)
}
