package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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

// TestFiledAnew: an issue that somebody deleted stays away until a person has it filed anew, and then it is kept up to date as before.
func TestFiledAnew(t *testing.T) {
	f := newForum(t)
	const key = "issue/" + forumKey + "/worker"
	deliver := func() {
		t.Helper()
		f.pass(time.Hour)
		if _, err := f.s.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	lower := func() {
		t.Helper()
		c := tocsin.Command{Do: tocsin.DoSeverity, Severity: tocsin.LevelMedium, Reason: "it is not that bad", By: tocsin.Actor{ID: "p-ada", Name: "ada"}, Source: "test"}
		if _, err := f.s.Handle(t.Context(), forumKey, c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.s.Handle(t.Context(), forumKey, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander, By: tocsin.Actor{ID: "p-ada", Name: "ada"}, Source: "test"}); err != nil {
		t.Fatal(err)
	}
	deliver()
	if err := f.gh.HumanDelete("acme/worker", 1); err != nil {
		t.Fatal(err)
	}
	lower()
	deliver()
	if list := f.gh.Issues("acme/worker"); len(list) != 0 {
		t.Fatalf("it came back by itself: %+v", list)
	}
	if _, err := f.s.Store().Retry(t.Context(), key, "ada", false, f.clock()); err != nil {
		t.Fatal(err)
	}
	deliver()
	if list := f.gh.Issues("acme/worker"); len(list) != 0 {
		t.Fatalf("tried again, it came back: %+v", list)
	}
	if _, err := f.s.Store().Retry(t.Context(), key, "ada", true, f.clock()); err != nil {
		t.Fatal(err)
	}
	deliver()
	deliver()
	list := f.gh.Issues("acme/worker")
	if len(list) != 1 || list[0].Number != 2 || !slices.Contains(list[0].Labels, "severity: medium") {
		t.Errorf("%+v", list)
	}
}
