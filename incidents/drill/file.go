package drill

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// Scalars with their place.
type (
	str   = yamlfile.Value[string]
	count = yamlfile.Value[int]
	flag  = yamlfile.Value[bool]
	span  = yamlfile.Value[yamlfile.Duration]
)

// file is the YAML form of a scenario.
type file struct {
	Drill    str           `yaml:"drill"`
	Version  count         `yaml:"version"`
	Kind     str           `yaml:"kind"`
	Title    str           `yaml:"title"`
	Story    str           `yaml:"story"`
	Goals    []str         `yaml:"goals"`
	Sources  []str         `yaml:"sources"`
	Start    str           `yaml:"start"`
	Length   span          `yaml:"length"`
	Real     fileReal      `yaml:"real"`
	People   []filePerson  `yaml:"people"`
	Projects []fileProject `yaml:"projects"`
	Injects  []fileInject  `yaml:"injects"`
	Moves    []fileMove    `yaml:"moves"`
	Expect   []fileExpect  `yaml:"expect"`
}

// fileMoves is the YAML form of what a team did.
type fileMoves struct {
	Drill str        `yaml:"drill"`
	Held  str        `yaml:"held"`
	Team  str        `yaml:"team"`
	Moves []fileMove `yaml:"moves"`
}

type fileReal struct {
	Began     str `yaml:"began"`
	Known     str `yaml:"known"`
	Contained str `yaml:"contained"`
	Fixed     str `yaml:"fixed"`
	Over      str `yaml:"over"`
}

type filePerson struct {
	Person str `yaml:"person"`
	About  str `yaml:"about"`
}

type fileProject struct {
	Project     str   `yaml:"project"`
	Criticality str   `yaml:"criticality"`
	Exposure    str   `yaml:"exposure"`
	Packages    []str `yaml:"packages"`
}

type fileInject struct {
	At       str              `yaml:"at"`
	Says     str              `yaml:"says"`
	Advisory *fileAdvisory    `yaml:"advisory"`
	Withdraw str              `yaml:"withdraw"`
	KEV      str              `yaml:"kev"`
	Pins     map[string][]str `yaml:"pins"`
	Registry map[string]str   `yaml:"registry"`
	Leaves   []str            `yaml:"leaves"`
	Returns  []str            `yaml:"returns"`
}

type fileAdvisory struct {
	Record    str           `yaml:"record"`
	ID        str           `yaml:"id"`
	Aliases   []str         `yaml:"aliases"`
	Summary   str           `yaml:"summary"`
	CVSS      str           `yaml:"cvss"`
	CWEs      []str         `yaml:"cwes"`
	Reporters []str         `yaml:"reporters"`
	Private   flag          `yaml:"private"`
	Affects   []fileAffects `yaml:"affects"`
}

type fileAffects struct {
	Package  str   `yaml:"package"`
	Versions []str `yaml:"versions"`
	From     str   `yaml:"from"`
	Fixed    str   `yaml:"fixed"`
}

type fileMove struct {
	At         str   `yaml:"at"`
	Who        str   `yaml:"who"`
	In         str   `yaml:"in"`
	Do         str   `yaml:"do"`
	Role       str   `yaml:"role"`
	To         str   `yaml:"to"`
	Right      str   `yaml:"right"`
	Task       str   `yaml:"task"`
	Point      str   `yaml:"point"`
	Answer     str   `yaml:"answer"`
	Message    str   `yaml:"message"`
	Audience   str   `yaml:"audience"`
	Stage      str   `yaml:"stage"`
	Section    str   `yaml:"section"`
	Credit     str   `yaml:"credit"`
	Minutes    count `yaml:"minutes"`
	Severity   str   `yaml:"severity"`
	Projects   []str `yaml:"projects"`
	Status     str   `yaml:"status"`
	Into       str   `yaml:"into"`
	Package    str   `yaml:"package"`
	Version    str   `yaml:"version"`
	Number     count `yaml:"number"`
	Until      str   `yaml:"until"`
	TLP        str   `yaml:"tlp"`
	Text       str   `yaml:"text"`
	Reason     str   `yaml:"reason"`
	BreakGlass flag  `yaml:"break_glass"`
	// Of declare and pin.
	Playbook str   `yaml:"playbook"`
	Title    str   `yaml:"title"`
	Private  flag  `yaml:"private"`
	Packages []str `yaml:"packages"`
}

type fileExpect struct {
	See    str   `yaml:"see"`
	Never  str   `yaml:"never"`
	In     str   `yaml:"in"`
	From   str   `yaml:"from"`
	By     str   `yaml:"by"`
	Points count `yaml:"points"`
	Why    str   `yaml:"why"`
}

// place is where something stands in the file.
type place interface{ Place() (line, column int) }

// A loader checks a file and keeps what is wrong with it.
type loader struct {
	name       string
	start, end time.Time
	people     map[string]bool
	projects   map[string]bool
	problems   []yamlfile.Problem
}

func (l *loader) fault(at place, format string, args ...any) {
	line, column := at.Place()
	l.problems = append(l.problems, yamlfile.Problem{File: l.name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

// What a file has is bounded, far above what can be played in a day.
const (
	maxMany   = 300 // injects, moves, expectations, of each list
	maxShort  = 200 // bytes of a name or value
	maxText   = 5_000
	maxLength = 180 * tocsin.Day
	maxPoints = 100
)

// text gives a text of bounded length.
func (l *loader) text(v str, what string, most int) string {
	if len(v.V) > most {
		l.fault(v, "%s: is longer than %d bytes", what, most)
		return ""
	}
	return strings.TrimSpace(v.V)
}

// must gives a text that has to be there.
func (l *loader) must(v str, at place, what string, most int) string {
	if v.V == "" {
		if v.IsSet() {
			at = v
		}
		l.fault(at, "%s: is missing", what)
	}
	return l.text(v, what, most)
}

func (l *loader) texts(list []str, what string) []string {
	var out []string
	for i, v := range list {
		if l.many(i, v, what) {
			break
		}
		out = append(out, l.must(v, v, what, maxText))
	}
	return out
}

// many says, and reports once, that a list is too long.
func (l *loader) many(i int, at place, what string) bool {
	if i == maxMany {
		l.fault(at, "%s: there are more than %d", what, maxMany)
	}
	return i >= maxMany
}

// when reads a time: with its zone, or counted from the start as in +90m or +2d4h. It is zero where the file has none.
func (l *loader) when(v str, what string) time.Time {
	if v.V == "" {
		return time.Time{}
	}
	if rest, ok := strings.CutPrefix(v.V, "+"); ok {
		if d, ok := offset(rest); ok && d <= 2*maxLength {
			return l.start.Add(d)
		}
	} else if t, ok := instant(v.V); ok {
		return t
	}
	l.fault(v, "%s: %.40q: want a time with its zone, such as 2025-09-08T13:16Z, or one counted from the start, such as +90m or +2d4h", what, v.V)
	return time.Time{}
}

// within is when, for what has to lie in the drill's time.
func (l *loader) within(v str, at place, what string) time.Time {
	t := l.when(v, what)
	switch {
	case v.V == "":
		l.fault(at, "%s: is missing", what)
	case !t.IsZero() && (t.Before(l.start) || t.After(l.end)):
		l.fault(v, "%s: %s lies outside the drill, which is from %s to %s", what, t.Format(time.RFC3339), l.start.Format(time.RFC3339), l.end.Format(time.RFC3339))
	}
	return t
}

func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1990 && t.Year() < 2200 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// offset reads 2d4h30m.
func offset(s string) (time.Duration, bool) {
	var out time.Duration
	if days, rest, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 10_000 {
			return 0, false
		}
		out, s = time.Duration(n)*tocsin.Day, rest
	}
	if s == "" {
		return out, out > 0
	}
	d, err := time.ParseDuration(s)
	return out + d, err == nil && d >= 0 && d < 10_000*time.Hour
}

var (
	pinForm  = pattern.Lazy(`^([A-Za-z][A-Za-z. :0-9]*)/([^\s]+?)(?:@([^@\s/]+))?(?: via ([^\s]+@[^@\s/]+))?$`)
	nameForm = pattern.Lazy(`^[a-z0-9][a-z0-9-]*$`)
)

// pin reads ecosystem/name@version, and through what it comes.
func (l *loader) pin(v str, what string) Pin {
	m := pinForm().FindStringSubmatch(v.V)
	if m == nil || len(v.V) > maxShort {
		l.fault(v, "%s: %.80q: want ecosystem/name@version, such as npm/debug@4.4.1, or npm/debug@4.4.1 via express@4.19.2; without a version it is taken out", what, v.V)
		return Pin{}
	}
	return Pin{Ecosystem: m[1], Name: m[2], Version: m[3], Via: m[4]}
}

func (l *loader) pins(list []str, what string) []Pin {
	var out []Pin
	for i, v := range list {
		if l.many(i, v, what) {
			break
		}
		out = append(out, l.pin(v, what))
	}
	return out
}

// of says whether a value is one of a list.
func of[T ~string](l *loader, v str, what string, list ...T) T {
	for _, one := range list {
		if v.V == string(one) {
			return one
		}
	}
	l.fault(v, "%s: %.40q: want one of %q", what, v.V, list)
	return ""
}

func matches(form func() *regexp.Regexp, s string, most int) bool {
	return len(s) <= most && form().MatchString(s)
}
