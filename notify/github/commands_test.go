package github_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/notify/github"
)

// TestOrders: only lines at the beginning of a comment count, and only words of ours.
func TestOrders(t *testing.T) {
	for body, want := range map[string]string{
		"/ack":                                 "/ack",
		"/ACK  I am on it \r\n/note x\r\nrest": "/ack I am on it|/note x",
		"\r\n\n/ack":                           "/ack",
		"\uFEFF/ack":                           "/ack",
		"/ack\n\n/note x":                      "/ack", // one paragraph
		"/retest\n/ack":                        "/ack", // somebody else's word, and ours
		"/ack/note":                            "",
		"/ack: x":                              "",
		" /ack":                                "",
		"\t/ack":                               "",
		"> /ack":                               "",
		"```\n/ack\n```":                       "",
		"~~~\n/ack\n~~~":                       "",
		"text\n/ack":                           "",
		"`/ack`":                               "",
		"<details>\n\n/ack":                    "",
		"<!--\n/ack\n-->":                      "",
		"//ack":                                "",
		"/":                                    "",
		"/ ack":                                "",
		"":                                     "",
		"/etc/passwd":                          "",
		"／ack":                                 "", // another slash
		"/aсk":                                 "", // a Cyrillic letter
		"/note @everyone <b>x</b>\x00\u202e":   "/note @everyone <b>x</b>",
		strings.Repeat("/note x\n", 9):         "/note x|/note x|/note x|/note x|/note x",
	} {
		var got []string
		for _, o := range github.Orders(body) {
			got = append(got, o.String())
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
	if got := github.Orders("/note " + strings.Repeat("x", 1<<20)); len(got) != 1 || len(got[0].Rest) > 3000 {
		t.Errorf("a megabyte: %d orders", len(got))
	}
}

// TestOrderCommands: what orders mean, and what is wrong with those that mean nothing.
func TestOrderCommands(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ada := tocsin.Actor{ID: "p-ada", Name: "ada"}
	who := func(login string) (tocsin.Actor, bool) { return ada, login == "ada-l" }
	for text, want := range map[string]any{
		"/ack on it":                             tocsin.Command{Do: tocsin.DoAck, Reason: "on it"},
		"/snooze 7d waiting for upstream":        tocsin.Command{Do: tocsin.DoSnooze, Until: now.Add(7 * tocsin.Day), Reason: "waiting for upstream"},
		"/snooze 2026-03-02 x":                   tocsin.Command{Do: tocsin.DoSnooze, Until: time.Date(2026, 3, 2, 23, 59, 59, 0, time.UTC), Reason: "x"},
		"/take Incident Commander":               tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander},
		"/accept release-manager":                tocsin.Command{Do: tocsin.DoAccept, Role: tocsin.RoleRelease},
		"/assign communications liaison @ada-l":  tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleLiaison, To: ada},
		"/escalate":                              tocsin.Command{Do: tocsin.DoEscalate},
		"/note a b":                              tocsin.Command{Do: tocsin.DoNote, Text: "a b"},
		"/fixed 1.2.3":                           tocsin.Command{Do: tocsin.DoNote, Text: "says that 1.2.3 repairs it"},
		"/accept-risk 2w behind a proxy":         tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"shop"}, Status: tocsin.ProjectAccepted, Until: now.Add(14 * tocsin.Day), Reason: "behind a proxy"},
		"/not-affected component_not_present":    tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"shop"}, Status: tocsin.ProjectUnaffected, Justification: tocsin.NoComponent, Reason: "component_not_present"},
		"/not-affected Component_Not_Present no": tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"shop"}, Status: tocsin.ProjectUnaffected, Justification: tocsin.NoComponent, Reason: "no"},
		"/take lead":                             "is no role",
		"/take incident commander now":           "is no role",
		"/assign incident commander":             "not one person",
		"/assign incident commander @ada-l @bea": "not one person",
		"/assign incident commander @../x":       "not one person",
		"/assign incident commander @bea":        "nobody with the login bea",
		"/snooze x y":                            "`/snooze TIME reason`",
		"/snooze 7d":                             "and a reason",
		"/snooze 99999999d x":                    "want a time",
		"/accept-risk":                           "want a time",
		"/not-affected because":                  "is no justification",
		"/fixed":                                 "one version",
		"/fixed 1 2":                             "one version",
	} {
		c, err := github.Orders(text)[0].Command("shop", who, now)
		if says, bad := want.(string); bad {
			if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", text, err, says)
			}
			continue
		}
		if d := cmp.Diff(want, c); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got)\n%s", text, err, d)
		}
	}
	if _, err := github.Orders("/accept-risk 1d x")[0].Command("", who, now); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("about no project: %v", err)
	}
}

// FuzzOrders: no comment makes more orders than there are lines at its beginning, none has more than a line, and none panics.
func FuzzOrders(f *testing.F) {
	for _, s := range []string{"/ack", "/assign role @x\n/snooze 7d x", "> /ack", "/take incident commander\r\n", "/not-affected x y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for i, o := range github.Orders(body) {
			if i >= 5 || strings.ContainsAny(o.String(), "\r\n\x00") || !utf8.ValidString(o.Rest) {
				t.Fatalf("%q: %q", body, o)
			}
			c, err := o.Command("shop", func(string) (tocsin.Actor, bool) { return tocsin.Actor{ID: "x"}, true }, time.Unix(0, 0))
			if err == nil && o.Word != "help" && c.Do == "" || err != nil && !errors.Is(err, tocsin.ErrInvalid) {
				t.Fatalf("%q: %+v, %v", o, c, err)
			}
		}
	})
}

// TestOrdersPage: docs/responders.md has the commands, as they are.
func TestOrdersPage(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash("../../docs/responders.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range github.Words() {
		if row := fmt.Sprintf("| %s | `%s` |", w.About, strings.TrimSpace("/"+w.Name+" "+w.Takes)); !strings.Contains(string(text), row) {
			t.Errorf("docs/responders.md has no row\n%s", row)
		}
	}
}
