package sources

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"github.com/tocsin-dev/tocsin"
)

// packed is a pack of objects as somebody who means no good would write it.
type packed struct{ bytes.Buffer }

func newPacked(count uint32) *packed {
	p := &packed{}
	p.WriteString("PACK")
	p.Write(binary.BigEndian.AppendUint32(nil, 2))
	p.Write(binary.BigEndian.AppendUint32(nil, count))
	return p
}

// object adds one that says that it has the given length; reference is what a delta starts from.
func (p *packed) object(kind plumbing.ObjectType, length uint64, reference []byte, content io.Reader) *packed {
	b := byte(kind)<<4 | byte(length&15)
	for length >>= 4; length > 0; length >>= 7 {
		p.WriteByte(b | 0x80)
		b = byte(length & 0x7f)
	}
	p.WriteByte(b)
	p.Write(reference)
	z := zlib.NewWriter(p)
	_, _ = io.Copy(z, content)
	_ = z.Close()
	return p
}

// delta makes size bytes of what lies back bytes before it.
func (p *packed) delta(size uint64, back byte) *packed {
	text := binary.AppendUvarint(binary.AppendUvarint(nil, 1), size)
	return p.object(plumbing.OFSDeltaObject, uint64(len(text)), []byte{back}, bytes.NewReader(text))
}

func hostilePacks() map[string]struct {
	pack *packed
	want string
} {
	one := func() *packed { return newPacked(2).object(plumbing.BlobObject, 1, nil, strings.NewReader("x")) }
	back := func(p *packed) byte { return byte(p.Len() - 12) }
	first := one()
	large := newPacked(2).object(plumbing.BlobObject, 65<<20, nil, strings.NewReader(""))
	return map[string]struct {
		pack *packed
		want string
	}{
		"more objects than fit":     {newPacked(4_000_000_000), "4000000000 objects; the limit is 1000"},
		"a delta of a terabyte":     {first.delta(1<<40, back(first)), "a delta that makes 1099511627776 bytes"},
		"a delta of all there is":   {one().delta(1<<64-1, 10), "a delta that makes 18446744073709551615 bytes"},
		"a delta of nothing":        {one().object(plumbing.OFSDeltaObject, 0, []byte{10}, strings.NewReader("")), "a delta without a size"},
		"a folder that is large":    {newPacked(1).object(plumbing.TreeObject, 65<<20, nil, strings.NewReader("")), "a tree of 68157440 bytes"},
		"a commit that is large":    {newPacked(1).object(plumbing.CommitObject, 1<<50, nil, strings.NewReader("")), "over 104857600 bytes unpacked"},
		"more than it says":         {newPacked(1).object(plumbing.BlobObject, 10, nil, io.LimitReader(zero{}, 1<<20)), "cannot be read"},
		"more than may be unpacked": {one().object(plumbing.BlobObject, 100<<20, nil, strings.NewReader("")), "over 104857600 bytes unpacked"},
		"less than it says":         {large, "cannot be read"},
		"cut short":                 {newPacked(2), "cannot be read"},
		"no pack":                   {&packed{}, "cannot be read"},
	}
}

func TestPacksThatAreTooMuch(t *testing.T) {
	limits := Limits{Files: 1000, Unpacked: 100 << 20}.orDefault()
	for name, c := range hostilePacks() {
		if c.pack.Len() > 1<<20 {
			t.Errorf("%s: the pack has %d bytes", name, c.pack.Len())
		}
		err := checkPack(t.Context(), bytes.NewReader(c.pack.Bytes()), limits)
		if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A change to a large file would bring it to memory.
	p := newPacked(2).object(plumbing.BlobObject, 65<<20, nil, io.LimitReader(zero{}, 65<<20))
	back := uint64(p.Len() - 12)
	offset := []byte{byte(back & 0x7f)} // the number format of offset deltas, most significant first, each less one
	for back >>= 7; back > 0; back >>= 7 {
		back--
		offset = append([]byte{0x80 | byte(back&0x7f)}, offset...)
	}
	p.object(plumbing.OFSDeltaObject, 2, offset, strings.NewReader("\x01\x01"))
	if err := checkPack(t.Context(), bytes.NewReader(p.Bytes()), limits); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "a change to an object of over") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := checkPack(ctx, bytes.NewReader(p.Bytes()), limits); err == nil {
		t.Error("went on after the end")
	}
}

// A server's pack is looked at before it is used, and nothing of a bad one stays.
func TestServersOfBadPacks(t *testing.T) {
	r := newRepository(t)
	r.commit(map[string]string{"go.sum": "a"})
	for name, c := range hostilePacks() {
		base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method != http.MethodPost {
				r.ServeHTTP(w, req)
				return
			}
			e := pktline.NewEncoder(w)
			_ = errors.Join(e.Flush(), e.EncodeString("NAK\n"))
			_, _ = w.Write(c.pack.Bytes())
		}))
		o.Limits = Limits{Files: 1000, Unpacked: 100 << 20}
		if err := fails(t, Source{Kind: KindGit, Location: base}, o); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a server sends, looking at it ends.
func FuzzPack(f *testing.F) {
	for _, c := range hostilePacks() {
		if c.pack.Len() < 1<<10 {
			f.Add(c.pack.Bytes())
		}
	}
	limits := Limits{Files: 1000, Unpacked: 1 << 20}.orDefault()
	f.Fuzz(func(t *testing.T, pack []byte) {
		_ = checkPack(t.Context(), bytes.NewReader(pack), limits)
	})
}
