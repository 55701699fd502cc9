package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestRequest: the commander has GitHub asked for a fork of the draft at once, and for its publication once two people agreed; each is on the timeline.
func TestRequest(t *testing.T) {
	f := newForum(t)
	ada := tocsin.Actor{ID: "p-ada", Name: "ada"}
	do := func(c tocsin.Command) {
		t.Helper()
		c.By, c.Source = ada, "test"
		if _, err := f.s.Handle(t.Context(), forumKey, c); err != nil {
			t.Fatal(err)
		}
	}
	deliver := func() {
		t.Helper()
		if _, err := f.s.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	do(tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	ask := func(what tocsin.AdvisoryRequest) {
		t.Helper()
		do(tocsin.Command{Do: tocsin.DoRequest, Projects: []string{"api"}, Request: what, Reason: "it is time"})
	}
	ask(tocsin.RequestFork)
	deliver()
	if n := len(f.gh.Advisories("acme/api")); n != 0 {
		t.Fatalf("%d drafts that nobody agreed to", n)
	}
	if err := approve(t.Context(), f.s, f.clock()); err != nil {
		t.Fatal(err)
	}
	deliver()
	draft := f.gh.Advisories("acme/api")[0]
	if draft.Fork == "" || draft.State != "draft" {
		t.Fatalf("%+v", draft)
	}
	ask(tocsin.RequestPublication)
	deliver()
	if draft = f.gh.Advisories("acme/api")[0]; draft.State != "draft" {
		t.Fatal("it was published, and nobody agreed")
	}
	if err := approve(t.Context(), f.s, f.clock()); err != nil {
		t.Fatal(err)
	}
	if draft = f.gh.Advisories("acme/api")[0]; draft.State != "published" {
		t.Errorf("%+v", draft)
	}
	events, err := f.s.Store().Timeline(t.Context(), forumKey)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range events {
		if strings.Contains(e.Text, "request/") || strings.Contains(e.Text, "has the forge asked") {
			text, _, _ := strings.Cut(e.Text, " (revision")
			said = append(said, text)
		}
	}
	want := []string{
		"has the forge asked for the private-fork of the advisory draft: it is time", "request/" + forumKey + "/api/private-fork",
		"has the forge asked for the publication of the advisory draft: it is time", "request/" + forumKey + "/api/publication",
	}
	said = slices.Compact(said) // the approvals name it too
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", said)
	}
}
