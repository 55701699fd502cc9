package tocsin

import (
	"errors"
	"testing"
)

// TestMatch: a text that selects reads as it is written.
func TestMatch(t *testing.T) {
	const text = "urgency=routine|hold,severity=low,group=payments,project=shop,playbook=leak,incident=INC-1,news=late,receiver=chat"
	m, err := ParseMatch(text)
	if err != nil || m.String() != text {
		t.Errorf("%s, %v", m, err)
	}
	inc := Incident{Key: "INC-1", Urgency: UrgencyHold, Severity: LevelLow, Group: "payments", Playbook: "leak", Projects: []IncidentProject{{Slug: "other"}, {Slug: "shop"}}}
	if !m.Fits(inc) || !m.Tells(NewsLate, "chat") || m.Tells(NewsLate, "mail") || m.Tells(NewsGrew, "chat") {
		t.Error(m)
	}
	inc.Projects = inc.Projects[:1]
	if m.Fits(inc) {
		t.Error("it is another project's")
	}
	for _, bad := range []string{"", "group", "group=", "group=a|", "urgency=soon", "mood=bad", "news=good"} {
		if _, err := ParseMatch(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
