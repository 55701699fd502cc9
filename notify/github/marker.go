package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// markerPattern finds markers, anybody's.
var markerPattern = pattern.Lazy(`<!-- tocsin:v1 key=([^\s<>]+) mac=([0-9a-f]{64}) -->`)

// marker is the hidden line by which a text is recognised as the one of this action. Anyone can read and copy it, but
// only for the same repository and key; the author is checked besides.
func (t task) marker() string {
	return "<!-- tocsin:v1 key=" + url.PathEscape(t.action.Key) + " mac=" + t.mac(t.action.Repository) + " -->"
}

// mac signs the key for the repository, whose name has no case.
func (t task) mac(repository string) string {
	h := hmac.New(sha256.New, t.e.opts.MarkerKey)
	h.Write([]byte(strings.ToLower(repository) + "\n" + t.action.Key))
	return hex.EncodeToString(h.Sum(nil))
}

// marks says whether the text carries our marker of this action.
func (t task) marks(text string) bool {
	for _, m := range markerPattern().FindAllStringSubmatch(text, -1) {
		key, err := url.PathUnescape(m[1])
		if err != nil || key != t.action.Key {
			continue
		}
		for _, name := range t.names {
			if hmac.Equal([]byte(m[2]), []byte(t.mac(name))) {
				return true
			}
		}
	}
	return false
}
