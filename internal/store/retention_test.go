package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// TestPrune: what ended long ago is forgotten, and what stands is kept, however old.
func TestPrune(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		for n := range 4 { // a new inventory each month, with a package of its own and one that stays
			at := day.AddDate(0, n, 0)
			inv := tocsin.Inventory{Project: "p", TakenAt: at, Packages: []tocsin.Package{{Ecosystem: "npm", Name: "old", Version: "1"}, {Ecosystem: "npm", Name: "p", Version: fmt.Sprint(n)}}}
			inv.Seal()
			decide := func(version string) tocsin.Decision {
				return tocsin.Decision{Project: "p", At: at, Finding: tocsin.Finding{Package: tocsin.Package{Ecosystem: "npm", Name: "p", Version: version}}}
			}
			j := Judged{Project: "p", Version: int64(n), At: at, Inventory: &inv, Build: &tocsin.Build{Project: "p", At: at, Inventory: inv.Digest}, Decisions: []tocsin.Decision{decide(fmt.Sprint(n)), decide("stands")}}
			if err := s.Commit(ctx, Outcome{Judged: []Judged{j}}); err != nil {
				t.Fatal(err)
			}
			if err := s.Audit(ctx, tocsin.AuditEntry{At: at, Who: "ada", What: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		now := day.AddDate(0, 3, 1)
		if n, err := s.Prune(ctx, now, Retention{}); n != 0 || err != nil {
			t.Errorf("%d rows went without being told to: %v", n, err)
		}
		keep := 40 * tocsin.Day // the last two months
		n, err := s.Prune(ctx, now, Retention{Decisions: keep, Builds: keep, Inventories: keep, Audit: keep})
		if err != nil {
			t.Fatal(err)
		}
		count := func(table string) (n int) {
			t.Helper()
			if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		// Of the decisions two ended before the 40 days, of the inventories two were followed, and of the packages two were left.
		want := map[string]int{"decisions": 5 - 1, "builds": 2, "inventories": 2, "resolutions": 5 - 1, "audit": 2}
		got := map[string]int{}
		for table := range want {
			got[table] = count(table)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || n != 1+2+2+1+2 {
			t.Errorf("%d rows went, left %v, want %v", n, got, want)
		}
		if again, err := s.Prune(ctx, now, Retention{Decisions: keep, Builds: keep, Inventories: keep, Audit: keep}); again != 0 || err != nil {
			t.Errorf("%d more: %v", again, err)
		}
		if _, err := s.Prune(ctx, now.AddDate(9, 0, 0), Retention{Inventories: keep, Decisions: keep}); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Standing(ctx, "p"); err != nil || len(list) != 2 {
			t.Errorf("%d decisions stand, %v", len(list), err)
		}
		if inv, err := s.Newest(ctx, "p"); err != nil || inv.Packages[1].Version != "3" {
			t.Errorf("%+v, %v", inv, err)
		}
		who, err := s.Who(ctx, WhoQuery{Sight: Sight{All: true}, Ecosystem: "npm", Name: "old", To: now.Add(time.Hour)})
		if err != nil || len(who) != 1 || !who[0].Since.Equal(day) {
			t.Errorf("%+v, %v", who, err)
		}
	})
}

// TestPruneScores: of old EPSS scores one a week stays, and all by which trends are told: from the newest ones, however long ago
// those came. Other catalogues stay whole.
func TestPruneScores(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		const days = 200
		for n := range days {
			for _, feed := range []string{"epss", "kev"} {
				u := FeedUpdate{State: tocsin.FeedState{Name: feed}, At: day.AddDate(0, 0, n), Document: fmt.Append(nil, n), Digest: fmt.Sprint(n)}
				if err := s.UpdateFeed(ctx, u); err != nil {
					t.Fatal(err)
				}
			}
		}
		newest := day.AddDate(0, 0, days-1)
		left := func(feed string) (ages []int) {
			t.Helper()
			list, err := s.Documents(ctx, feed)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range list {
				ages = append(ages, int(newest.Sub(d.SeenAt)/tocsin.Day))
			}
			return ages
		}
		prune := func(now time.Time, keep time.Duration, want int) {
			t.Helper()
			if n, err := s.Prune(ctx, now, Retention{Decisions: keep}); err != nil || n != int64(want) {
				t.Errorf("keeping %v: %d went, want %d: %v", keep, n, want, err)
			}
		}
		weeks := func(oldest, youngest int) (n int) { // those in which a day between two ages lies
			last := int64(-1)
			for age := oldest; age >= youngest; age-- {
				if w := newest.AddDate(0, 0, -age).UnixMicro() / (7 * tocsin.Day.Microseconds()); w != last {
					n, last = n+1, w
				}
			}
			return n
		}
		prune(newest, 0, 0)
		prune(newest, 150*tocsin.Day, days-1-150-weeks(days-1, 151))
		prune(newest, 150*tocsin.Day, 0)
		before := len(left("epss"))
		prune(newest.AddDate(1, 0, 0), tocsin.Day, before-61-1-weeks(days-1, 62))
		ages := left("epss")
		for i, age := range ages[:len(ages)-62] {
			if gap := age - ages[i+1]; gap > 7 {
				t.Errorf("%d days between the scores of %d days ago and the next", gap, age)
			}
		}
		for i, age := range ages[len(ages)-62:] {
			if age != 61-i {
				t.Errorf("of the last 61 days: %v", ages)
				break
			}
		}
		if n := len(left("kev")); n != days {
			t.Errorf("%d documents of KEV", n)
		}
	})
}
