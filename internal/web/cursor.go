package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// macSize is how much of a cursor's code is kept: enough that nobody guesses one.
const macSize = 16

// cursor seals a place in a list, which is good for one route with the same filters only.
func (a *API) cursor(list, place string) string {
	if place == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(a.mac(list, place), place...))
}

func (a *API) mac(list, place string) []byte {
	h := hmac.New(sha256.New, a.opts.CursorKey)
	for _, part := range []string{list, "\x00", place} {
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:macSize]
}

// place opens a cursor.
func (a *API) place(list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) <= macSize || !hmac.Equal(b[:macSize], a.mac(list, string(b[macSize:]))) {
		return "", invalid("cursor", "take next of the last page as it is, with the same filters", "it is not one that this list gave")
	}
	return string(b[macSize:]), nil
}
