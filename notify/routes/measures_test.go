package routes

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestMeasure: how much each receiver is told, what came of it, and what is too much.
func TestMeasure(t *testing.T) {
	var log []tocsin.NoticeRecord
	var told []Told
	for n := range 40 {
		inc := incident(fmt.Sprintf("INC-%d", n%4), tocsin.UrgencyRoutine, tocsin.LevelLow)
		inc.Projects[0].Rule = "noisy"
		one := Told{Incident: inc}
		if n%4 == 3 {
			one.Incident.Projects = []tocsin.IncidentProject{{Slug: "shop", Status: tocsin.ProjectPatched, Rule: "good"}}
			one.Events = []tocsin.IncidentEvent{{Kind: tocsin.EventAcknowledged}}
		}
		if n < 4 {
			told = append(told, one)
		}
		log = append(log, tocsin.NoticeRecord{Receiver: "chat", Incident: inc.Key, At: monday, Notice: fmt.Sprintf("n%d", n)})
	}
	log = append(log, tocsin.NoticeRecord{Receiver: "chat", Incident: "INC-0", At: monday}, tocsin.NoticeRecord{Receiver: "chat", Incident: "INC-0", At: monday.Add(-tocsin.Day), Notice: "old"})
	want := Measures{From: monday, To: monday.Add(14 * tocsin.Day),
		Receivers: []ReceiverMeasures{{Receiver: "chat", Notices: 40, PerWeek: 20, Passed: 1, Incidents: 4, Acknowledged: 1, Worked: 1}},
		Rules:     []RuleMeasures{{"noisy", 30, 3, 0}, {"good", 10, 1, 1}},
		Suggest: []string{"receiver chat: 20.0 notices a week: give its routes a digest:, every: or a narrower match:",
			"rule noisy: 30 notices of 3 incidents, and 0 led to work: narrow it (tocsin policy sweep), or gather it in a digest"}}
	if diff := cmp.Diff(want, Measure(log, told, want.From, want.To)); diff != "" {
		t.Error(diff)
	}
}
