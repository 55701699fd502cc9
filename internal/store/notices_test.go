package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestNoticeLog: who was told what is kept with the action, is found by time or incident, and is forgotten after a year.
func TestNoticeLog(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		told := tocsin.NoticeRecord{Receiver: hostile, Incident: "INC-1", Upto: 3, At: day, Notice: "notice/chat/INC-1/3", News: []tocsin.News{tocsin.NewsOpened}, Why: hostile}
		passed := tocsin.NoticeRecord{Receiver: "chat", Incident: "INC-2", Upto: 4, At: day.Add(time.Hour), News: []tocsin.News{tocsin.NewsGrew}, Why: "inhibited"}
		for range 2 {
			if err := s.Commit(ctx, Outcome{Notices: []tocsin.NoticeRecord{told, passed}}); err != nil {
				t.Fatal(err)
			}
		}
		want := func(since time.Time, keys []string, want ...string) {
			t.Helper()
			got, err := s.NoticeLog(ctx, since, keys)
			var names []string
			for _, r := range got {
				names = append(names, r.Incident)
			}
			if diff := cmp.Diff(want, names); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		}
		want(day, nil, "INC-1", "INC-2")
		want(day.Add(time.Second), nil, "INC-2")
		want(day.Add(2*time.Hour), nil)
		want(day.Add(2*time.Hour), []string{"INC-1", "INC-3"}, "INC-1")
		if n, err := s.Prune(ctx, day.Add(noticesKept+time.Minute), Retention{}); err != nil || n != 1 {
			t.Errorf("%d forgotten, %v", n, err)
		}
		want(day, nil, "INC-2")
	})
}

// TestSilences: a silence holds until its end, or until somebody ends it.
func TestSilences(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		one := tocsin.Silence{Match: tocsin.NoticeMatch{Group: []string{"payments"}}, By: "ada", Reason: hostile, From: day, Until: day.Add(time.Hour)}
		first, err := s.AddSilence(ctx, one)
		if err != nil || first.ID != "s1" {
			t.Fatal(first, err)
		}
		second, err := s.AddSilence(ctx, one)
		if err != nil || second.ID != "s2" {
			t.Fatal(second, err)
		}
		if err := s.EndSilence(ctx, "s1", "bea", day.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"s1", "s3", hostile} {
			if err := s.EndSilence(ctx, id, "bea", day.Add(2*time.Minute)); !errors.Is(err, tocsin.ErrNotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
		list, err := s.Silences(ctx, day.Add(2*time.Minute))
		if err != nil || len(list) != 1 || list[0].ID != "s2" || list[0].Match.Group[0] != "payments" {
			t.Errorf("%+v %v", list, err)
		}
		if list, err := s.Silences(ctx, day); err != nil || len(list) != 2 || list[0].EndedBy != "bea" {
			t.Errorf("%+v %v", list, err)
		}
	})
}
