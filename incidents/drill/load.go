package drill

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

//go:embed scenarios/*.yaml
var shipped embed.FS

// Names of the shipped scenarios, sorted.
func Names() []string {
	entries, _ := shipped.ReadDir("scenarios") // an embedded folder can be read
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return out
}

// Read gives the text of a shipped scenario, or [tocsin.ErrNotFound] with the names there are.
func Read(name string) ([]byte, error) {
	text, err := shipped.ReadFile("scenarios/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("drill %.60q: %w: there are %s; or name a file that ends in .yaml", name, tocsin.ErrNotFound, strings.Join(Names(), ", "))
	}
	return text, nil
}

// Load reads and checks a scenario. The error joins everything that is wrong, each with file, line and column.
func Load(name string, data []byte) (Scenario, error) {
	var f file
	l := loader{name: name, problems: yamlfile.Decode(name, data, &f), people: map[string]bool{}, projects: map[string]bool{}}
	s := Scenario{
		Name: l.must(f.Drill, str{}, "drill", maxShort), Version: f.Version.V, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(data)),
		Title: l.must(f.Title, str{}, "title", maxShort), Story: l.must(f.Story, str{}, "story", maxText),
		Goals: l.texts(f.Goals, "goals"), Sources: l.texts(f.Sources, "sources"), Kind: of(&l, f.Kind, "kind", KindReplay, KindTabletop),
	}
	if f.Drill.V != "" && !matches(nameForm, f.Drill.V, maxShort) {
		l.fault(f.Drill, "drill: %.60q: want small letters, digits and hyphens", f.Drill.V)
	}
	if f.Version.V < 1 {
		l.fault(f.Version, "version: want a number from 1")
	}
	l.period(f, &s)
	l.cast(f, &s)
	for i, v := range f.Injects {
		if l.many(i, v.At, "injects") {
			break
		}
		s.Injects = append(s.Injects, l.inject(v))
	}
	slices.SortStableFunc(s.Injects, func(a, b Inject) int { return a.At.Compare(b.At) })
	s.Moves = l.moves(f.Moves)
	total := 0
	for i, v := range f.Expect {
		if l.many(i, v.See, "expect") {
			break
		}
		e := l.expectation(v)
		total += e.Points
		s.Expect = append(s.Expect, e)
	}
	if len(s.Expect) == 0 || total == 0 {
		l.fault(str{}, "expect: is missing: a drill that expects nothing cannot be scored")
	}
	return s, yamlfile.Join(l.problems)
}

// LoadMoves reads what a team did in a scenario, in place of its own moves.
func LoadMoves(name string, data []byte, s Scenario) (Moves, error) {
	var f fileMoves
	l := loader{name: name, problems: yamlfile.Decode(name, data, &f), start: s.Start, end: s.End, people: map[string]bool{}, projects: map[string]bool{}}
	for _, p := range s.Projects {
		l.projects[p.Slug] = true
	}
	l.people = nil // whoever came
	m := Moves{Drill: f.Drill.V, Team: l.text(f.Team, "team", maxShort)}
	if f.Drill.V != s.Name {
		l.fault(f.Drill, "drill: %.60q: these moves are played in %s: say drill: %s", f.Drill.V, s.Name, s.Name)
	}
	if f.Held.IsSet() {
		t, err := time.Parse(time.DateOnly, f.Held.V)
		if err != nil {
			l.fault(f.Held, "held: %.40q: want the day of the drill, such as 2026-07-01", f.Held.V)
		}
		m.Held = t
	}
	m.List = l.moves(f.Moves)
	return m, yamlfile.Join(l.problems)
}

func (l *loader) period(f file, s *Scenario) {
	start, ok := instant(f.Start.V)
	if !ok {
		l.fault(f.Start, "start: want a time with its zone, such as 2025-09-08T13:00Z")
	}
	length := time.Duration(f.Length.V)
	if length < time.Hour || length > maxLength {
		l.fault(f.Length, "length: want a time from 1h to %dd", maxLength/tocsin.Day)
	}
	l.start, l.end = start, start.Add(length)
	s.Start, s.End = l.start, l.end
	for _, one := range []struct {
		name string
		v    str
		to   *time.Time
	}{
		{"began", f.Real.Began, &s.Real.Began}, {"known", f.Real.Known, &s.Real.Known}, {"contained", f.Real.Contained, &s.Real.Contained},
		{"fixed", f.Real.Fixed, &s.Real.Fixed}, {"over", f.Real.Over, &s.Real.Over},
	} {
		if *one.to = l.when(one.v, "real: "+one.name); one.name != "began" && !one.to.IsZero() && one.to.Before(s.Real.Began) {
			l.fault(one.v, "real: %s lies before it began", one.name)
		}
	}
	s.Real.Began = cmp.Or(s.Real.Began, s.Start)
}

// cast reads people and projects.
func (l *loader) cast(f file, s *Scenario) {
	for i, p := range f.People {
		if l.many(i, p.Person, "people") {
			break
		}
		who := l.must(p.Person, p.About, "person", maxShort)
		if l.people[who] {
			l.fault(p.Person, "people: %s stands twice", who)
		}
		l.people[who] = true
		s.People = append(s.People, Person{who, l.text(p.About, "about", maxShort)})
	}
	if len(s.People) == 0 {
		l.fault(str{}, "people: is missing: who is on duty?")
	}
	for i, p := range f.Projects {
		if l.many(i, p.Project, "projects") {
			break
		}
		slug := l.must(p.Project, p.Criticality, "project", maxShort)
		if l.projects[slug] {
			l.fault(p.Project, "projects: %s stands twice", slug)
		}
		l.projects[slug] = true
		one := Project{Slug: slug, Criticality: tocsin.Criticality(cmp.Or(p.Criticality.V, string(tocsin.CriticalityMedium))),
			Exposure: tocsin.Exposure(cmp.Or(p.Exposure.V, string(tocsin.ExposureInternal))), Packages: l.pins(p.Packages, "packages")}
		check := tocsin.Project{Slug: slug, Criticality: one.Criticality, Exposure: one.Exposure, Visibility: tocsin.VisibilityPrivate}
		if err := check.Validate(); err != nil {
			l.fault(p.Project, "projects: %v", err)
		}
		s.Projects = append(s.Projects, one)
	}
}

func (l *loader) known(v str, what string, list map[string]bool) string {
	if list != nil && !list[v.V] {
		l.fault(v, "%s: there is no %.60q in this drill", what, v.V)
	}
	return l.text(v, what, maxShort)
}

func (l *loader) each(vs []str, what string, list map[string]bool) []string {
	var out []string
	for i, v := range vs {
		if l.many(i, v, what) {
			break
		}
		out = append(out, l.known(v, what, list))
	}
	return out
}

func (l *loader) inject(f fileInject) Inject {
	at := f.At
	out := Inject{
		At: l.within(f.At, f.Says, "inject: at"), Says: l.must(f.Says, f.At, "inject: says", maxText), Withdraw: l.text(f.Withdraw, "withdraw", maxShort),
		KEV: l.text(f.KEV, "kev", maxShort), Leaves: l.each(f.Leaves, "leaves", l.people), Returns: l.each(f.Returns, "returns", l.people), Line: at.Line,
	}
	if a := f.Advisory; a != nil {
		out.Advisory = l.advisory(*a, at)
	}
	for _, slug := range sorted(f.Pins) {
		if !l.projects[slug] {
			l.fault(at, "pins: there is no project %.60q in this drill", slug)
		}
		if out.Pins == nil {
			out.Pins = map[string][]Pin{}
		}
		out.Pins[slug] = l.pins(f.Pins[slug], "pins")
	}
	for _, name := range sorted(f.Registry) {
		v := f.Registry[name]
		p := l.pin(str{V: name, Line: v.Line, Column: v.Column}, "registry")
		if out.Registry == nil {
			out.Registry = map[string]tocsin.RegistryState{}
		}
		out.Registry[p.String()] = of(l, v, "registry: "+name, tocsin.RegistryExists, tocsin.RegistryYanked, tocsin.RegistryMissing, tocsin.RegistryUnknown)
	}
	return out
}

// String is ecosystem/name@version, without a version where the package is taken out.
func (p Pin) String() string {
	if p.Version == "" {
		return p.Ecosystem + "/" + p.Name
	}
	return p.Ecosystem + "/" + p.Name + "@" + p.Version
}

func (l *loader) advisory(f fileAdvisory, at place) *Advisory {
	a := &Advisory{
		Record: l.text(f.Record, "record", maxShort), ID: l.text(f.ID, "id", maxShort), Summary: l.text(f.Summary, "summary", maxShort), CVSS: l.text(f.CVSS, "cvss", maxShort),
		Aliases: l.texts(f.Aliases, "aliases"), CWEs: l.texts(f.CWEs, "cwes"), Reporters: l.texts(f.Reporters, "reporters"), Private: f.Private.V,
	}
	switch {
	case (a.Record == "") == (a.ID == ""):
		l.fault(at, "advisory: want either record: with the id of an embedded record, or id: of one that is written here")
	case a.ID != "" && (a.Summary == "" || len(f.Affects) == 0):
		l.fault(f.ID, "advisory %s: summary: and affects: are missing", a.ID)
	}
	for i, v := range f.Affects {
		if l.many(i, v.Package, "affects") {
			break
		}
		p := l.pin(v.Package, "affects: package")
		if p.Version != "" {
			l.fault(v.Package, "affects: package: want ecosystem/name; versions: and from: say which")
		}
		if len(v.Versions) == 0 && v.From.V == "" {
			l.fault(v.Package, "affects: want versions: or from: (0 for all)")
		}
		a.Affects = append(a.Affects, Affects{p.Ecosystem, p.Name, l.texts(v.Versions, "versions"), l.text(v.From, "from", maxShort), l.text(v.Fixed, "fixed", maxShort)})
	}
	return a
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
