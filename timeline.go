package tocsin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Chain gives the hash of an event of a timeline from the hash of the event before it, "" for the first: SHA-256 over the JSON of all
// that the event says. So no event can be changed, left out or put in between without every later hash being another.
func (e IncidentEvent) Chain(before string) string {
	e.Hash, e.At = "", e.At.UTC().Truncate(time.Microsecond)
	text, err := json.Marshal(struct {
		Before string        `json:"before"`
		Event  IncidentEvent `json:"event"`
	}{before, e})
	if err != nil { // strings, numbers and a time: it cannot fail but for a year beyond 9999
		text = fmt.Appendf(nil, "%q %+v", before, e)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// VerifyTimeline checks that the events of one incident, oldest first, are a chain without a gap. Those from before there were hashes may
// come first; bare is how many they are. The error is an [ErrInvalid] and names the first event that does not fit.
func VerifyTimeline(events []IncidentEvent) (bare int, err error) {
	before := ""
	for i, e := range events {
		switch {
		case e.Seq != i+1:
			return bare, fmt.Errorf("%w: event %d of %s is missing: %d follows %d", ErrInvalid, i+1, e.Incident, e.Seq, i)
		case e.Incident != events[0].Incident:
			return bare, fmt.Errorf("%w: event %d is of %s, not of %s", ErrInvalid, e.Seq, e.Incident, events[0].Incident)
		case e.Hash == "" && before == "":
			bare++
			continue
		case e.Hash != e.Chain(before):
			return bare, fmt.Errorf("%w: event %d of %s, or one before it, is not what was written then: its hash does not fit", ErrInvalid, e.Seq, e.Incident)
		}
		before = e.Hash
	}
	return bare, nil
}
