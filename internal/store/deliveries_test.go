package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A delivery is known by its id and by its body, for a week.
func TestDeliveries(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		known := func(id, body string, want bool) {
			t.Helper()
			if got, err := s.Delivered(ctx, id, body); err != nil || got != want {
				t.Errorf("delivery %q of %q: %t, %v, want %t", id, body, got, err, want)
			}
		}
		known("1", "a", false)
		for range 2 {
			if err := s.NoteDelivery(ctx, "1", "a", day); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.NoteDelivery(ctx, hostile, hostile, day.Add(2*deliveriesKept)); err != nil {
			t.Fatal(err)
		}
		known("1", "b", true)
		known("2", "a", true)
		known("2", "b", false)
		known(hostile, "", true)
		if n, err := s.Prune(ctx, day.Add(deliveriesKept), Retention{}); err != nil || n != 0 {
			t.Errorf("%d forgotten, %v", n, err)
		}
		if n, err := s.Prune(ctx, day.Add(deliveriesKept+time.Second), Retention{}); err != nil || n != 1 {
			t.Errorf("%d forgotten, %v", n, err)
		}
		known("1", "a", false)
		known("", hostile, true)
	})
}

func TestProjectsOfARepository(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		for slug, w := range map[string]tocsin.Watched{
			"a": {Source: tocsin.ProjectSource{Kind: tocsin.SourceGitHub, Location: "Acme/Shop"}},
			"b": {Source: tocsin.ProjectSource{Kind: tocsin.SourceGit, Location: "https://GitHub.com/acme/shop.git"}},
			"c": {Project: tocsin.Project{Repository: "acme/SHOP"}},
			"d": {Source: tocsin.ProjectSource{Kind: tocsin.SourceGitHub, Location: "acme/shop-2"}},
			"e": {Source: tocsin.ProjectSource{Kind: tocsin.SourceGit, Location: "https://github.com/notacme/shop"}},
			"f": {Project: tocsin.Project{Publishes: "acme/shop"}},
			"g": {Source: tocsin.ProjectSource{Kind: tocsin.SourceGitHub, Location: "acmeXshop/shop"}},
			"h": {Source: tocsin.ProjectSource{Kind: tocsin.SourceGitHub, Location: "acme/shop"}},
		} {
			w.Slug = slug
			if err := s.PutProject(ctx, w, day); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RemoveProject(ctx, "h", day); err != nil {
			t.Fatal(err)
		}
		for repository, want := range map[string]string{"ACME/shop": "a b c", "acme/shop-2": "d", "%/%": "", "acme_shop/shop": "", "": ""} {
			list, err := s.OfRepository(ctx, repository)
			var got []string
			for _, w := range list {
				got = append(got, w.Slug)
			}
			if err != nil || !slices.Equal(got, strings.Fields(want)) {
				t.Errorf("%q: %v, %v, want %s", repository, got, err, want)
			}
		}
	})
}
