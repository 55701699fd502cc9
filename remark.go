package tocsin

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// A Remark is a comment that somebody wrote on an issue, as a forge tells of it.
type Remark struct {
	Repository string `json:"repository"`
	Issue      int64  `json:"issue"`
	// ID is the comment's, which no other comment of the forge has.
	ID int64 `json:"id"`
	// Author and AuthorID are who wrote it. A login may change hands, and an id does not.
	Author   string `json:"author"`
	AuthorID int64  `json:"author_id"`
	// Near says that they belong to the repository, by what the forge says of their association.
	Near bool `json:"near,omitempty"`
	// Bot says that no person wrote it.
	Bot bool `json:"bot,omitempty"`
	// Edited says that it is not as it was first written; EditorID is who changed it, 0 where the forge does not say.
	Edited   bool  `json:"edited,omitempty"`
	EditorID int64 `json:"editor_id,omitempty"`
	// Body is the beginning of the text, and Digest of the whole of it.
	Body   string    `json:"body"`
	Digest string    `json:"digest"`
	At     time.Time `json:"at"`
}

// maxRemark is how many bytes of a comment are looked at.
const maxRemark = 16 << 10

// Said fills in the text.
func (r Remark) Said(body string) Remark {
	sum := sha256.Sum256([]byte(body))
	r.Digest = "sha256:" + hex.EncodeToString(sum[:])
	r.Body = strings.ToValidUTF8(body[:min(len(body), maxRemark)], "")
	return r
}

// Own says whether what it says now is for certain the author's: others may change what somebody wrote.
func (r Remark) Own() bool { return !r.Edited || r.EditorID == r.AuthorID }
