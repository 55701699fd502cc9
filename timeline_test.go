package tocsin_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

func TestVerifyTimeline(t *testing.T) {
	var list []tocsin.IncidentEvent
	before := ""
	for i, text := range []string{"opened", "took the role", "did it", "it is over"} {
		e := tocsin.IncidentEvent{Incident: "INC-1", Seq: i + 1, At: time.Unix(int64(i), 123456789), Kind: tocsin.EventNote, Actor: "ada", Text: text, TLP: tocsin.TLPAmber}
		e.Hash = e.Chain(before)
		before = e.Hash
		e.At = e.At.In(time.FixedZone("x", 3600)).Truncate(time.Microsecond) // as a store may give it back
		list = append(list, e)
	}
	if bare, err := tocsin.VerifyTimeline(list); err != nil || bare != 0 {
		t.Fatal(bare, err)
	}
	for name, change := range map[string]func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent{
		"text":     func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent { l[1].Text = "took another role"; return l },
		"label":    func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent { l[2].TLP = tocsin.TLPClear; return l },
		"left out": func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent { return slices.Delete(l, 1, 2) },
		"left out and numbered anew": func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent {
			l = slices.Delete(l, 1, 2)
			for i := range l {
				l[i].Seq = i + 1
			}
			return l
		},
		"rehashed alone": func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent {
			l[1].Text = "x"
			l[1].Hash = l[1].Chain(l[0].Hash)
			return l
		},
		"hash taken away":     func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent { l[2].Hash = ""; return l },
		"of another incident": func(l []tocsin.IncidentEvent) []tocsin.IncidentEvent { l[3].Incident = "INC-2"; return l },
	} {
		if _, err := tocsin.VerifyTimeline(change(slices.Clone(list))); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	old := slices.Clone(list[:2])
	old[0].Hash, old[1].Hash = "", ""
	if bare, err := tocsin.VerifyTimeline(old); err != nil || bare != 2 {
		t.Error(bare, err)
	}
}
