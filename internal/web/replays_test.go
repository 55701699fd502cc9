package web

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/replay"
)

// Begin keeps what was asked; a third has no room.
func (w *world) Begin(q ReplayRequest) (Replay, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.replays) == 2 {
		return Replay{}, false
	}
	w.replays = append(w.replays, q)
	return Replay{ID: "REPLAY3", By: q.By, At: noon, Policy: q.Policy.Name, Digest: q.Policy.Digest, Since: q.Since, Until: q.Until, State: ReplayWaiting, Embargoed: q.Embargoed}, true
}

// Replays are one that is done, and one that tells of an embargo.
func (w *world) Replays() []Replay {
	inc := replay.Incident{Key: "INC-1", Class: "CVE-2026-1", Aliases: []string{"CVE-2026-1"}, Kind: tocsin.KindFlaw, Packages: []string{"npm left"}, Opened: noon, OpenedAs: tocsin.UrgencyEmergency,
		Urgency: tocsin.UrgencyEmergency, Rule: "quiet/all", Cause: "it is so", State: tocsin.StateDetected, Projects: []replay.Span{{Project: "pay/shop", From: noon, Status: tocsin.ProjectAffected}}}
	now := replay.Result{Since: noon.AddDate(-1, 0, 0), Until: noon, Policies: []string{"quiet", "release-gate"}, Digest: "sha256:n", Projects: []string{"pay/shop"}, Incidents: []replay.Incident{inc},
		Measures: replay.Measures{Incidents: 1, Emergencies: 1, PerWeek: 0.5, CallsPerWeek: 0.5, Weeks: []replay.Week{{Start: noon, Emergencies: 1}}}}
	was := replay.Result{Since: now.Since, Until: now.Until, Policies: []string{"release-gate"}, Digest: "sha256:o", Projects: now.Projects}
	diff := replay.Compare(was, now)
	one := Replay{ID: "REPLAY1", By: tocsin.Actor{Name: "all-viewer"}, At: noon, Policy: "quiet", Digest: "sha256:q", Since: now.Since, Until: noon, State: ReplayDone, EndedAt: noon, Diff: &diff}
	secret := one
	secret.ID, secret.Policy, secret.Embargoed, secret.By = "REPLAY2", "SECRET", true, tocsin.Actor{ID: "BEA", Name: "Bea"}
	return []Replay{secret, one}
}

func (w *world) Page(id string) string {
	if id != "REPLAY1" {
		return ""
	}
	return "<!DOCTYPE html><style>p {}</style>"
}

func (w *world) End(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, id)
}

func TestReplaysAreAskedFor(t *testing.T) {
	ask := func(w *world, as string, status int, body string, wants ...string) {
		t.Helper()
		w.wants(status, asked{as: as, method: "POST", path: "/v1/replays", body: body, header: asJSON}, wants...)
	}
	w := newWorld(t)
	ask(w, "all-viewer", 202, `{"policy":"quiet","since":"2026-01-01T00:00:00Z"}`, `"state":"waiting"`, `"yours":true`, `"since":"2026-01-01T00:00:00Z"`, `"until":"2026-03-01T12:00:00Z"`)
	ask(w, "all-security", 202, draftOf(map[string]string{"text": gateText}), `"policy":"release-gate"`, `"since":"2025-03-01T12:00:00Z"`)
	if a, b := w.replays[0], w.replays[1]; a.Embargoed || !b.Embargoed || a.Text != quietText || b.Policy.Name != "release-gate" || !a.Since.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", w.replays)
	}
	if len(w.entries) != 2 || w.entries[0].What != "postReplay" || w.entries[0].On != "quiet" {
		t.Errorf("%+v", w.entries)
	}
	ask(w, "all-viewer", 503, `{"policy":"quiet"}`, "as there is room for")

	w = newWorld(t)
	tuned := strings.Replace(gateText, "gate:\n", "let: [{name: floor, be: 0.5}]\ngate:\n", 1)
	tuned = strings.ReplaceAll(strings.Replace(tuned, "advisory.kev", "advisory.epss > floor()", 1), "\n", `\n`)
	tuned = strings.ReplaceAll(tuned, `"`, `\"`)
	ask(w, "all-viewer", 202, `{"text":"`+tuned+`","number":"floor","from":0.1,"to":0.9,"values":5}`)
	if v := w.replays[0].Values; len(v) != 5 || v[0] != 0.1 || v[4] != 0.9 {
		t.Errorf("%v", v)
	}
	for body, want := range map[string]string{
		`{}`: "/policy", `{"policy":"quiet","text":"x"}`: "/policy", `{"text":"policy: x"}`: "decides nothing",
		`{"policy":"quiet","since":"2027-01-01T00:00:00Z"}`: "/since", `{"policy":"quiet","since":"2020-01-01T00:00:00Z"}`: "three years", `{"policy":"quiet","number":"x","from":0,"to":1,"values":3}`: "/number",
		`{"text":"` + tuned + `","number":"floor","from":0.1,"to":0.9,"values":50}`: "/values", `{"text":"` + tuned + `","number":"floor","from":1,"to":1,"values":5}`: "/values",
	} {
		ask(w, "all-viewer", 400, body, want)
	}
	ask(w, "all-viewer", 404, `{"policy":"none"}`)
	ask(w, "all-viewer", 404, `{"policy":"quiet","mode":"enforce"}`)
	if len(w.replays) != 1 {
		t.Error(len(w.replays))
	}
}

// Who may not know what is under embargo sees no replay that is over it.
func TestReplaysAreSeen(t *testing.T) {
	w := newWorld(t)
	w.wants(200, asked{as: "all-viewer", path: "/v1/replays"}, "REPLAY1", "!REPLAY2", "!SECRET", `!"diff"`)
	w.wants(200, asked{as: "all-security", path: "/v1/replays"}, "REPLAY1", "REPLAY2")
	w.wants(404, asked{as: "all-viewer", path: "/v1/replays/REPLAY2"})
	w.wants(404, asked{as: "all-viewer", path: "/v1/replays/REPLAY2/page"})
	w.wants(404, asked{as: "all-security", path: "/v1/replays/REPLAY2/page"}) // which has none
	w.wants(200, asked{as: "all-viewer", path: "/v1/replays/REPLAY1"}, `"change":"gained"`, `"emergencies":1`)
	w.wants(204, asked{as: "all-viewer", method: "DELETE", path: "/v1/replays/REPLAY1"})
	w.wants(404, asked{as: "all-viewer", method: "DELETE", path: "/v1/replays/REPLAY2"})
	w.wants(403, asked{as: "bot-all-viewer", method: "DELETE", path: "/v1/replays/REPLAY1"}, "Somebody else began it")
	w.wants(204, asked{as: "bot-all-security", method: "DELETE", path: "/v1/replays/REPLAY2"})
	if strings.Join(w.ended, " ") != "REPLAY1 REPLAY2" {
		t.Error(w.ended)
	}
}
