package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// plain is a text that both databases take: PostgreSQL refuses NUL and what is not UTF-8, and names out of an inventory may
// have either.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// maxName bounds a name in a key. PostgreSQL refuses an entry of an index beyond 2704 bytes, and some keys have three names
// that others chose.
const maxName = 256

// name is a plain text that a key can have. One that is too long keeps its beginning and a digest of the whole.
func name(s string) string {
	p := plain(s)
	if len(p) <= maxName {
		return p
	}
	sum := sha256.Sum256([]byte(s))
	return plain(p[:maxName-40]) + "…" + hex.EncodeToString(sum[:16])
}
