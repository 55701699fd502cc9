package advisories

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"

	"github.com/tocsin-dev/tocsin"
)

// sum stands for a set of revisions: the sum of a digest of each, modulo 2^2048. It does not depend on their order, and a
// changed revision is taken out and put in by two additions, so that a small sync need not read all others. The modulus
// is wide enough that nobody can compute two sets of one sum (Bellare and Micciancio, A New Paradigm for Collision-free
// Hashing, 1997; Wagner, A Generalized Birthday Problem, 2002).
type sum [32]uint64

// revision is the digest of one record in one revision.
type revision [sha256.Size]byte

func newRevision(id, digest string) revision { return sha256.Sum256([]byte(id + "\x00" + digest)) }

// wide is the digest of a revision at the width of a sum.
func (r revision) wide() (w sum) {
	var block [len(r) + 1]byte
	copy(block[:], r[:])
	for i := range len(w) / 4 {
		block[len(r)] = byte(i)
		part := sha256.Sum256(block[:])
		for j := range 4 {
			w[4*i+j] = binary.LittleEndian.Uint64(part[8*j:])
		}
	}
	return w
}

func (s *sum) add(r revision) {
	var carry uint64
	for i, x := range r.wide() {
		s[i], carry = bits.Add64(s[i], x, carry)
	}
}

func (s *sum) remove(r revision) {
	var borrow uint64
	for i, x := range r.wide() {
		s[i], borrow = bits.Sub64(s[i], x, borrow)
	}
}

func (s sum) bytes() []byte {
	var b []byte
	for _, x := range s {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

// MarshalText gives hexadecimal.
func (s sum) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s.bytes()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *sum) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != 8*len(s) {
		return fmt.Errorf("%w: not the sum of a set of revisions", tocsin.ErrInvalid)
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return nil
}

// id names a snapshot: what is in it, and what the other feeds say.
func (s sum) id(f FactTables) string {
	h := sha256.New()
	h.Write(s.bytes())
	for _, table := range [][]byte{f.kev, f.epss} {
		part := sha256.Sum256(table)
		h.Write(part[:])
	}
	return "adv:" + hex.EncodeToString(h.Sum(nil))[:24]
}
