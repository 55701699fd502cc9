package routes

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestRefused: each slip is an error that says where it is and what to do, and none shows what may be a secret.
func TestRefused(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"notify: shop\n", "", "notify: is missing"},
		{"version: 1", "version: 0", "notify.yaml:2:10: version: want a number from 1"},
		{"Europe/Berlin", "Mars/Base", `zone: "Mars/Base": want a name`},
		{"smtp.example.com:587", "smtp.example.com", "mail: server: want host:port"},
		{"Tocsin <tocsin@example.com>", "Tocsin", "mail: from: want an address"},
		{"chat: {env: CHAT}", "chat: {env: slack://hunter2}", "receiver chat: chat: want the name of a file or of an environment variable"},
		{"chat: {env: CHAT}", "chat: slack://hunter2", "give file: or env:"},
		{"chat: {env: CHAT}", "chat: {env: CHAT}, pager: {env: X}", "want one of chat:, pager:, mail: and webhook:"},
		{", key: {env: HOOK_KEY}", "", "receiver world: key: signs"},
		{"audience: public", "audience: everybody", `audience: "everybody": want private or public`},
		{"audience: public", "audience: public, embargoed: true", "not for the public"},
		{"receiver: pager", "receiver: chat", "receiver: chat stands twice"},
		{"hour: 2", "hour: 0", "limits: hour: want 1 to"},
		{"mon-fri 09:00-17:00", "nine to five", "hours: \"nine to five\""},
		{"to: [chat, pager]", "to: [chat, pagre]", `route emergencies: to: there is no receiver "pagre"`},
		{"urgency: [emergency]}, to", "urgency: [dire]}, to", `urgency "dire": want one of`},
		{"urgency: [emergency]}, to", "mood: [bad]}, to", `there is no "mood"`},
		{"wait: 1m", "wait: 30d", "route rest: wait:"},
		{`"mon-fri 09:00"`, "nightly", `digest: "nightly": want days and a time`},
		{"same: group", "same: moon", `same: "moon": want group, class or project`},
	} {
		changed := strings.Replace(text, tt.old, tt.new, 1)
		if changed == text {
			t.Fatalf("%q is not there", tt.old)
		}
		_, err := Load("notify.yaml", []byte(changed))
		if err == nil || !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q for %q: want %s\n%v", tt.new, tt.old, tt.want, err)
		}
	}
}

// TestCheck: what is allowed and may leave people unheard is said.
func TestCheck(t *testing.T) {
	ada := tocsin.Responder{Name: "ada", ID: "7", Zone: time.UTC, Contacts: map[tocsin.ContactKind]string{tocsin.ContactPager: "pager"}}
	for name, tt := range map[string]struct {
		old, new string
		want     []string
	}{
		"sound":        {"notify: shop", "notify: shop", nil},
		"no route":     {"to: [world]", "to: [chat]", []string{"receiver world: no route leads there, and it is nobody's contact", "route told: never leads to chat: route rest comes first and is for every incident"}},
		"embargo":      {", embargoed: true", "", []string{"routes: outside the groups, projects and playbooks that routes name, an emergency under embargo of severity critical, high, medium, low reaches nobody"}},
		"slow":         {"repeat: 30m", "wait: 1h", []string{"route emergencies: an emergency waits 1h0m0s before anybody hears of it"}},
		"nobody calls": {"receiver: pager", "receiver: beeper", nil},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(text, tt.old, tt.new, 1)
			if name == "nobody calls" {
				changed = strings.ReplaceAll(strings.ReplaceAll(changed, ", pager]", ", beeper]"), "[pager]", "[beeper]")
				tt.want = []string{"person ada: a call reaches them by GitHub alone: their pager is no private receiver"}
			}
			r, err := Load("notify.yaml", []byte(changed))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, Check(r, tocsin.Governance{People: []tocsin.Responder{ada}})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(text))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Load("notify.yaml", data)
		if err != nil || len(r.Receivers) > 20 {
			return
		}
		Check(r, tocsin.Governance{})
		in := Input{Routes: r, Now: monday, Told: []Told{{Incident: incident("INC-1", tocsin.UrgencyEmergency, tocsin.LevelHigh),
			Events: []tocsin.IncidentEvent{{Seq: 1, At: monday, Kind: tocsin.EventOpened}}}}}
		out := Plan(in)
		for _, h := range out.Held {
			if !h.Until.IsZero() && !h.Until.After(monday) {
				t.Errorf("%+v waits for what has been", h)
			}
		}
	})
}
