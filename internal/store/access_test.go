package store

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

var (
	everything = []tocsin.Grant{{Access: tocsin.AccessAdmin}}
	hostile    = "a\x00b\xff" + strings.Repeat("ü", 400)
)

func session(person tocsin.Person) tocsin.Session {
	return tocsin.Session{Person: person, Grants: person.Claimed, CreatedAt: day, ExpiresAt: day.Add(time.Hour)}
}

func TestPeople(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		ada := tocsin.Person{ID: "p1", Issuer: "https://id.example", Subject: "ada", Name: "Ada", Claimed: []tocsin.Grant{{Access: tocsin.AccessViewer, Group: "web"}}}
		got, err := s.SignIn(ctx, session(ada), "h1", "", tocsin.AuditEntry{At: day, What: "in"})
		if err != nil {
			t.Fatal(err)
		}
		ada.CreatedAt, ada.SignedInAt, ada.Grants = day, day, []tocsin.Grant{}
		if d := cmp.Diff(ada, got); d != "" {
			t.Error(d)
		}
		given := []tocsin.Grant{{Access: tocsin.AccessSecurity}}
		if err := s.ChangePerson(ctx, "p1", given, false, tocsin.AuditEntry{At: day}); err != nil {
			t.Fatal(err)
		}
		// She comes again under another name: she is the same, and her session of before has ended.
		again := ada
		again.ID, again.Name, again.Grants, again.Claimed = "p2", hostile, nil, nil
		if got, err = s.SignIn(ctx, session(again), "h2", "h1", tocsin.AuditEntry{At: day, What: "in"}); err != nil || got.ID != "p1" || !cmp.Equal(got.Grants, given) || len(got.Claimed) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := s.Session(ctx, "h1"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("the session before: %v", err)
		}
		if v, err := s.Session(ctx, "h2"); err != nil || v.Person.ID != "p1" || !v.SeenAt.Equal(day) {
			t.Errorf("%+v, %v", v, err)
		}
		if err := s.SessionSeen(ctx, "h2", day.Add(time.Minute)); err != nil {
			t.Error(err)
		}
		if v, err := s.Session(ctx, "h2"); err != nil || !v.SeenAt.Equal(day.Add(time.Minute)) {
			t.Errorf("%+v, %v", v, err)
		}
		// The same subject of another issuer is somebody else.
		other := ada
		other.ID, other.Issuer = "p3", "https://other.example"
		if got, err := s.SignIn(ctx, session(other), "h3", "", tocsin.AuditEntry{At: day}); err != nil || got.ID != "p3" || len(got.Grants) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if err := s.ChangePerson(ctx, "p1", given, true, tocsin.AuditEntry{At: day}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Session(ctx, "h2"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("a session of a disabled person: %v", err)
		}
		if _, err := s.SignIn(ctx, session(ada), "h4", "h3", tocsin.AuditEntry{At: day}); !errors.Is(err, tocsin.ErrForbidden) {
			t.Errorf("a disabled person comes in: %v", err)
		}
		if err := s.DropSessions(ctx, day.Add(59*time.Minute), day); err != nil {
			t.Error(err)
		}
		if _, err := s.Session(ctx, "h3"); err != nil {
			t.Errorf("dropped too early, or by a sign-in that failed: %v", err)
		}
		if err := s.DropSessions(ctx, day.Add(time.Hour), day); err != nil {
			t.Error(err)
		}
		if _, err := s.Session(ctx, "h3"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("not dropped: %v", err)
		}
		if people, err := s.People(ctx); err != nil || len(people) != 2 {
			t.Errorf("%v, %v", people, err)
		}
		if err := s.ChangePerson(ctx, "nobody", nil, true, tocsin.AuditEntry{}); !errors.Is(err, tocsin.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestTokens(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		want := tocsin.APIToken{ID: "t1", Name: "ci", Grants: []tocsin.Grant{{Access: tocsin.AccessGate, Project: "api"}}, CreatedAt: day, CreatedBy: "ada", ExpiresAt: day.Add(time.Hour)}
		if err := s.AddToken(ctx, want, "hash", tocsin.AuditEntry{At: day, What: "token.created"}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddToken(ctx, want, "other", tocsin.AuditEntry{At: day}); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("the same id twice: %v", err)
		}
		if err := s.TokenUsed(ctx, "t1", day.Add(time.Minute)); err != nil {
			t.Error(err)
		}
		if err := s.TokenUsed(ctx, "t1", day); err != nil { // another process, whose clock is late
			t.Error(err)
		}
		for _, wanted := range []error{nil, tocsin.ErrNotFound} {
			if err := s.RevokeToken(ctx, "t1", tocsin.AuditEntry{At: day.Add(time.Hour)}); !errors.Is(err, wanted) {
				t.Error(err)
			}
		}
		want.UsedAt, want.RevokedAt = day.Add(time.Minute), day.Add(time.Hour)
		got, hash, err := s.Token(ctx, "t1")
		if d := cmp.Diff(want, got); d != "" || hash != "hash" || err != nil {
			t.Error(d, hash, err)
		}
		if all, err := s.Tokens(ctx); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
		if _, _, err := s.Token(ctx, hostile); !errors.Is(err, tocsin.ErrNotFound) {
			t.Error(err)
		}
		if log, err := s.AuditLog(ctx, AuditQuery{}); err != nil || len(log) != 2 {
			t.Errorf("what failed is in the log, or what did not is not: %v, %v", log, err)
		}
	})
}

// TestFirstLinkRace: of many who use the link at once, in several processes, one comes in.
func TestFirstLinkRace(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		list, ctx := db.processes(t), t.Context()
		if made, err := list[0].PutFirstLink(ctx, "link", day, day.Add(time.Hour)); err != nil || !made {
			t.Fatal(made, err)
		}
		var in atomic.Int64
		atOnce(9, func(i int) {
			first := tocsin.Session{Person: tocsin.Person{ID: fmt.Sprint("p", i), Issuer: "first-link", Subject: "admin"}, Grants: everything, CreatedAt: day, ExpiresAt: day.Add(time.Hour)}
			switch err := list[i%3].UseFirstLink(ctx, "link", first, fmt.Sprint("h", i), "", tocsin.AuditEntry{At: day, What: "first_link.used"}); {
			case err == nil:
				in.Add(1)
			case !errors.Is(err, tocsin.ErrNotFound):
				t.Error(err)
			}
		})
		log, err := list[0].AuditLog(ctx, AuditQuery{What: "first_link.used"})
		if in.Load() != 1 || len(log) != 1 || err != nil {
			t.Errorf("%d came in, %d are in the log, %v", in.Load(), len(log), err)
		}
	})
}

func TestFirstLink(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		put := func(hash string, want bool) {
			t.Helper()
			if made, err := s.PutFirstLink(ctx, hash, day, day.Add(time.Hour)); err != nil || made != want {
				t.Errorf("%s: made %v, %v", hash, made, err)
			}
		}
		use := func(hash string, at time.Time, want error) {
			t.Helper()
			first := tocsin.Session{Person: tocsin.Person{ID: "p0", Issuer: "first-link", Subject: "admin"}, Grants: everything, CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
			if err := s.UseFirstLink(ctx, hash, first, "h-"+hash, "", tocsin.AuditEntry{At: at}); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", hash, err, want)
			}
		}
		put("one", true)
		put("two", true)
		use("one", day, tocsin.ErrNotFound) // another took its place
		use("two", day.Add(time.Hour), tocsin.ErrNotFound)
		use("two", day.Add(time.Hour-1), nil)
		use("two", day, tocsin.ErrNotFound)
		put("three", true) // who came in by a link has not stayed
		if err := s.AddToken(ctx, tocsin.APIToken{ID: "t", Grants: everything, ExpiresAt: day.Add(time.Hour)}, "x", tocsin.AuditEntry{At: day}); err != nil {
			t.Fatal(err)
		}
		use("three", day, tocsin.ErrNotFound)
		put("four", false)
		if err := s.RevokeToken(ctx, "t", tocsin.AuditEntry{At: day}); err != nil {
			t.Fatal(err)
		}
		put("five", true)
		ada := tocsin.Person{ID: "p1", Issuer: "https://id.example", Subject: "ada", Claimed: everything}
		if _, err := s.SignIn(ctx, session(ada), "h", "", tocsin.AuditEntry{At: day}); err != nil {
			t.Fatal(err)
		}
		put("six", false)
		if err := s.ChangePerson(ctx, "p1", nil, true, tocsin.AuditEntry{At: day}); err != nil {
			t.Fatal(err)
		}
		put("seven", true) // a disabled admin is none
		if err := s.ChangePerson(ctx, "p0", []tocsin.Grant{{Access: tocsin.AccessAdmin, Group: "web"}}, false, tocsin.AuditEntry{At: day}); err != nil {
			t.Fatal(err)
		}
		put("eight", true) // nor is the admin of a group
	})
}

func TestAuditLog(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		for i := range 7 {
			e := tocsin.AuditEntry{At: day.Add(time.Duration(i/3) * time.Second), Kind: tocsin.PrincipalPerson, Who: "Ada", WhoID: "p1", What: fmt.Sprint("w", i), Project: "api", Detail: map[string]string{"n": "1"}}
			if i == 6 {
				e = tocsin.AuditEntry{At: e.At, Who: hostile, WhoID: hostile, What: hostile, Target: hostile, Project: hostile, Detail: map[string]string{hostile: hostile}, Request: hostile}
			}
			if err := s.Audit(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		q := AuditQuery{Limit: 2, WhoID: "p1", Project: "api"}
		for {
			page, err := s.AuditLog(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				got = append(got, e.What)
				q.Before, q.BeforeID = e.At, e.ID
			}
		}
		if d := cmp.Diff([]string{"w5", "w4", "w3", "w2", "w1", "w0"}, got); d != "" {
			t.Error(d)
		}
		for want, q := range map[int]AuditQuery{6: {Who: "Ada"}, 5: {Who: "p1", Only: []string{"api"}, Limit: 5}, 1: {Who: hostile}, 0: {Only: []string{}}, 7: {}} {
			if page, err := s.AuditLog(ctx, q); err != nil || len(page) != want {
				t.Errorf("%+v: %d, %v, want %d", q, len(page), err, want)
			}
		}
		if page, err := s.AuditLog(ctx, AuditQuery{Target: hostile}); err != nil || len(page) != 1 || page[0].Kind != "" {
			t.Errorf("%v, %v", page, err)
		}
		if page, err := s.AuditLog(ctx, AuditQuery{Since: day.Add(time.Second), What: "w3"}); err != nil || len(page) != 1 || page[0].Detail["n"] != "1" || page[0].Who != "Ada" {
			t.Errorf("%v, %v", page, err)
		}
	})
}
