package tocsin

import (
	"errors"
	"strings"
	"testing"
)

func TestProjectValidate(t *testing.T) {
	good := Project{Slug: "a/b-1._x", Repository: "Owner-1/na.me_-", Criticality: CriticalityLow, Exposure: ExposureInternal, Visibility: VisibilityPublic}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Project){
		"no slug":             func(p *Project) { p.Slug = "" },
		"upper case slug":     func(p *Project) { p.Slug = "A" },
		"slug with a dot":     func(p *Project) { p.Slug = ".." },
		"slug too long":       func(p *Project) { p.Slug = strings.Repeat("a", 101) },
		"slug with a line":    func(p *Project) { p.Slug = "a\nb" },
		"repository path":     func(p *Project) { p.Repository = "a/b/c" },
		"repository dots":     func(p *Project) { p.Repository = "a/.." },
		"repository query":    func(p *Project) { p.Repository = "a/b?c" },
		"repository owner":    func(p *Project) { p.Repository = "-a/b" },
		"no owner":            func(p *Project) { p.Repository = "/b" },
		"no such criticality": func(p *Project) { p.Criticality = "huge" },
		"no exposure":         func(p *Project) { p.Exposure = "" },
		"no such mission":     func(p *Project) { p.Mission = "impossible" },
		"no such safety":      func(p *Project) { p.Safety = "safe" },
		"no such density":     func(p *Project) { p.ValueDensity = "dense" },
		"no visibility":       func(p *Project) { p.Visibility = "" },
	} {
		p := good
		change(&p)
		if err := p.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}

func TestTLP(t *testing.T) {
	for label, want := range map[TLP][2]bool{ // public, private
		TLPClear: {true, true}, TLPGreen: {false, true}, TLPAmber: {false, true}, TLPAmberStrict: {false, true},
		TLPRed: {false, false}, "": {false, false}, "WHITE": {false, false},
	} {
		if got := [2]bool{label.Allows(VisibilityPublic), label.Allows(VisibilityPrivate)}; got != want {
			t.Errorf("%q allows public, private = %v, want %v", label, got, want)
		}
	}
	if TLPClear.Allows("") {
		t.Error("an unknown audience is allowed")
	}
	if TLPRed.Validate() != nil || TLP("x").Validate() == nil {
		t.Error("Validate")
	}
}

func TestOrders(t *testing.T) {
	if GatePass.Worse(GateFail) != GateFail || GateFail.Worse(GateUndecided) != GateFail || GateWarn.Worse(GateUndecided) != GateUndecided {
		t.Error("gates")
	}
	if CompareResponses(ResponseEmergency, ResponseHold) <= 0 || CompareLevels("", LevelLow) >= 0 || CompareLevels(LevelCritical, LevelHigh) <= 0 {
		t.Error("orders")
	}
}

func TestRating(t *testing.T) {
	for score, want := range map[float64]string{0: "none", 0.1: "low", 3.9: "low", 4: "medium", 6.9: "medium", 7: "high", 8.9: "high", 9: "critical", 10: "critical"} {
		if got := (&CVSS{Score: score}).Rating(); got != want {
			t.Errorf("%.1f is %s, want %s", score, got, want)
		}
	}
	if got := (*CVSS)(nil).Rating(); got != "unscored" {
		t.Errorf("no score is %s: no score is not zero", got)
	}
}
