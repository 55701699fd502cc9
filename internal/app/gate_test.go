package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// TestTheGateHonoursRollbacks: what two people decided of a version holds for releases of the project, and for nobody else's.
func TestTheGateHonoursRollbacks(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		s := &served{t: t, dir: t.TempDir()}
		if err := os.Mkdir(filepath.Join(s.dir, "feed"), 0o755); err != nil {
			t.Fatal(err)
		}
		s.record("GHSA-aaaa-aaaa-aaaa", "lodash", "4.17.21")
		s.lock("shop", "lodash 4.17.20")
		s.start(database)
		defer s.stop()
		eventually(t, "the folder is judged", func() bool { return s.standing("shop") != "" })
		ctx := t.Context()
		ada, bea := tocsin.Actor{ID: "a", Name: "ada"}, tocsin.Actor{ID: "b", Name: "bea"}
		inc, err := s.app.Declare(ctx, tocsin.Declaration{By: ada, Playbook: "vulnerable-dependency", Title: "4.17.21 loses data", Reason: "seen", Projects: []string{"shop"}, Severity: tocsin.LevelHigh})
		if err != nil {
			t.Fatal(err)
		}
		do := func(by tocsin.Actor, c tocsin.Command) {
			t.Helper()
			c.By, c.Source = by, "test"
			if _, err := s.app.Handle(ctx, inc.Key, c); err != nil {
				t.Fatal(err)
			}
		}
		has := func(version string) tocsin.Inventory {
			inv := tocsin.Inventory{Source: "lock", TakenAt: time.Now().UTC(), Packages: []tocsin.Package{{Ecosystem: "npm", Name: "lodash", Version: version}}}
			inv.Coverage.Files = []tocsin.FileCoverage{{Path: "package-lock.json", Status: tocsin.FileRead, Packages: 1}}
			inv.Seal()
			return inv
		}
		shop := &tocsin.Project{Slug: "shop", Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic}
		asks := func(g web.GateRequest, want tocsin.Gate, why string) report.Report {
			t.Helper()
			r, err := s.app.Gate(ctx, g)
			if err != nil {
				t.Fatal(err)
			}
			if said := strings.Join(r.Targets[0].Why, "\n"); r.Gate != want || !strings.Contains(said, why) {
				t.Errorf("%s: %s", r.Gate, said)
			}
			return r
		}
		bad, good := web.GateRequest{Project: shop, Inventory: has("4.17.20"), Embargoed: true}, web.GateRequest{Project: shop, Inventory: has("4.17.21"), Embargoed: true}
		asks(bad, tocsin.GateFail, "1 must not be released")
		asks(good, tocsin.GatePass, "")

		do(ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
		do(bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleRelease})
		do(ada, tocsin.Command{Do: tocsin.DoRollBack, Package: "npm/lodash", Version: "4.17.20", Until: time.Now().Add(time.Hour), Reason: "it loses data"})
		asks(good, tocsin.GatePass, "") // one person decides nothing
		do(bea, tocsin.Command{Do: tocsin.DoApproveRollback, Number: 1})

		r := asks(bad, tocsin.GateWarn, "1 to be warned of")
		if x := r.Targets[0].Decisions[0].Finding.Exception; x == nil || x.Owner != "bea" || !strings.Contains(x.Reason, "rollback 1 of "+inc.Key) {
			t.Errorf("%+v", x)
		}
		asks(good, tocsin.GateFail, "npm/lodash stays at 4.17.20 until")
		asks(good, tocsin.GateFail, "this has 4.17.21")
		based := good
		based.Base = &web.GateBase{Name: "main", At: time.Now(), Inventory: has("4.17.21")}
		asks(based, tocsin.GatePass, "this has 4.17.21") // the change did not bring it
		based.Base.Inventory = has("4.17.20")
		asks(based, tocsin.GateFail, "this has 4.17.21")
		asks(web.GateRequest{Inventory: has("4.17.20")}, tocsin.GateFail, "1 must not be released")
		asks(web.GateRequest{Project: &tocsin.Project{Slug: "other"}, Inventory: has("4.17.21")}, tocsin.GatePass, "")

		do(ada, tocsin.Command{Do: tocsin.DoEndRollback, Number: 1, Reason: "4.17.22 is good"})
		asks(bad, tocsin.GateFail, "1 must not be released")
		asks(good, tocsin.GatePass, "")
	})
}
