package tocsin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// A Publication is what the public may read of an incident: what two people agreed to say, in the order in which it was said.
type Publication struct {
	Incident string `json:"incident"`
	// Title is the public id and summary of what it is about; empty where there is none that is public.
	Title string `json:"title,omitempty"`
	// State is where it stands now; empty while that is not for the public.
	State   IncidentState `json:"state,omitempty"`
	Entries []PublicEntry `json:"entries"`
}

// Name is what to call it in a heading.
func (p Publication) Name() string {
	if p.Title == "" {
		return p.Incident
	}
	return p.Title
}

// Last is when something was last said.
func (p Publication) Last() time.Time {
	if len(p.Entries) == 0 {
		return time.Time{}
	}
	return p.Entries[len(p.Entries)-1].At
}

// A PublicEntry is one thing that was said. What was said stays: something that was wrong is followed by another entry.
type PublicEntry struct {
	// Seq counts from 1 without a gap.
	Seq   int       `json:"seq"`
	At    time.Time `json:"at"`
	Stage Stage     `json:"stage"`
	Text  string    `json:"text"`
	// Revision is that of the advisory which was published with it, 0 for none, and Digest that of [Document.Digest].
	Revision int    `json:"revision,omitempty"`
	Digest   string `json:"digest,omitempty"`
	// Hash is over this entry, the incident and the hash before it.
	Hash string `json:"hash"`
}

// Chain gives the hash of an entry from that of the entry before it, "" for the first.
func (e PublicEntry) Chain(incident, before string) string {
	e.Hash, e.At = "", e.At.UTC().Truncate(time.Microsecond)
	text, err := json.Marshal(struct {
		Incident string      `json:"incident"`
		Before   string      `json:"before"`
		Entry    PublicEntry `json:"entry"`
	}{incident, before, e})
	if err != nil { // strings, a number and a time: it cannot fail but for a year beyond 9999
		text = fmt.Appendf(nil, "%q %q %+v", incident, before, e)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Verify checks that a publication is a chain without a gap. The error is an [ErrInvalid].
func (p Publication) Verify() error {
	before := ""
	for i, e := range p.Entries {
		if e.Seq != i+1 || e.Hash != e.Chain(p.Incident, before) {
			return fmt.Errorf("%w: entry %d of %s, or one before it, is not what was published then", ErrInvalid, i+1, p.Incident)
		}
		before = e.Hash
	}
	return nil
}

// GoesOnFrom checks that a publication is an older copy with more behind it, so that nothing that was said was changed or taken back.
func (p Publication) GoesOnFrom(older Publication) error {
	if err := older.Verify(); err != nil {
		return fmt.Errorf("the older copy: %w", err)
	}
	if p.Incident != older.Incident {
		return fmt.Errorf("%w: the copy is of %s", ErrInvalid, older.Incident)
	}
	for i, e := range older.Entries {
		if i >= len(p.Entries) || p.Entries[i].Hash != e.Hash {
			return fmt.Errorf("%w: entry %d of the copy is not in the publication any more", ErrInvalid, i+1)
		}
	}
	return p.Verify()
}
