package exceptions

import (
	"bytes"
	"errors"
	"regexp"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// osvScannerConfig is osv-scanner.toml. https://google.github.io/osv-scanner/configuration/
type osvScannerConfig struct {
	IgnoredVulns []struct {
		ID          string    `toml:"id"`
		IgnoreUntil time.Time `toml:"ignoreUntil"`
		Reason      string    `toml:"reason"`
	} `toml:"IgnoredVulns"`
	PackageOverrides []osvScannerOverride `toml:"PackageOverrides"`
}

type osvScannerOverride struct {
	Name          string `toml:"name"`
	NameIsRegex   bool   `toml:"nameIsRegex"`
	Version       string `toml:"version"`
	Ecosystem     string `toml:"ecosystem"`
	Group         string `toml:"group"`
	Ignore        bool   `toml:"ignore"`
	Vulnerability struct {
		Ignore bool `toml:"ignore"`
	} `toml:"vulnerability"`
	EffectiveUntil time.Time `toml:"effectiveUntil"`
	Reason         string    `toml:"reason"`
}

// osvScanner reads osv-scanner.toml, which speaks for the lockfiles of its own folder and for no other, unless it is named.
func (r *reader) osvScanner() {
	if line := tooDeep(r.data); line > 0 {
		r.fault(line, "is nested too deeply: at most %d brackets or parts of a key are read", maxNesting)
		return
	}
	var c osvScannerConfig
	if _, err := toml.Decode(string(r.data), &c); err != nil {
		p := yamlfile.Problem{File: r.name, Text: clip(err.Error())}
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			p.Line, p.Column, p.Text = syntax.Position.Line, syntax.Position.Col, clip(syntax.Message)
			if syntax.LastKey != "" {
				p.Text = clip(syntax.LastKey) + ": " + p.Text
			}
		}
		r.faults = append(r.faults, p)
		return
	}
	ignored, overrides := r.headers("IgnoredVulns", len(c.IgnoredVulns)), r.headers("PackageOverrides", len(c.PackageOverrides))
	for i, e := range c.IgnoredVulns {
		if e.ID == "" {
			r.fault(ignored[i], "IgnoredVulns: id: is missing")
			continue
		}
		r.accept(ignored[i], e.ID, "", e.Reason, local(e.IgnoreUntil))
	}
	for i, o := range c.PackageOverrides {
		r.osvScannerOverride(overrides[i], o)
	}
}

func (r *reader) osvScannerOverride(line int, o osvScannerOverride) {
	pkg := o.Name
	switch {
	case !o.Ignore && !o.Vulnerability.Ignore:
		return // about licences
	case o.Name == "":
		r.unused(line, "PackageOverrides: name: is missing: packages cannot be ignored by the dozen")
		return
	case o.NameIsRegex:
		r.unused(line, "PackageOverrides: nameIsRegex: patterns of names cannot be used: name the packages")
		return
	case o.Group != "":
		r.unused(line, "PackageOverrides: group: cannot be used")
		return
	case o.Ecosystem != "":
		if pkg = purl.Make(o.Ecosystem, o.Name, o.Version); pkg == "" {
			r.unused(line, "PackageOverrides: ecosystem: %q is none whose packages have purls", clip(o.Ecosystem))
			return
		}
	case o.Version != "":
		pkg += "@" + o.Version
	}
	r.accept(line, "", pkg, o.Reason, local(o.EffectiveUntil))
}

// headers are the lines of n tables of one name; zeros if they are not written as such. The library does not tell. A
// header within a string of several lines only misplaces a line number.
func (r *reader) headers(name string, n int) []int {
	var out []int
	at := newLines(r.data)
	for _, m := range regexp.MustCompile(`(?m)^[ \t]*\[\[[ \t]*`+name+`[ \t]*\]\]`).FindAllIndex(r.data, -1) {
		out = append(out, at.of(int64(m[0])))
	}
	if len(out) != n {
		return make([]int, n)
	}
	return out
}

// local takes a date without a zone as UTC; the library gives it the zone of the machine.
func local(t time.Time) time.Time {
	switch t.Location().String() {
	case "date-local", "datetime-local", "time-local":
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	}
	return t.UTC()
}

// tooDeep is the line where brackets are nested deeper than may be, or a key has more parts; 0 if nowhere. The library
// descends by recursion, and takes time and space by the square of the parts. What stands in strings and comments is text.
func tooDeep(data []byte) int {
	depth, dots := 0, 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '.':
			dots++
		case '\n':
			dots = 0
		case '#':
			for i+1 < len(data) && data[i+1] != '\n' {
				i++
			}
		case '"', '\'':
			i = endOfString(data, i)
		}
		if depth > maxNesting || dots > maxNesting {
			return newLines(data).of(int64(i))
		}
	}
	return 0
}

// endOfString is the place of the last character of the string that begins at i; of the line, if it never ends there.
func endOfString(data []byte, i int) int {
	quote := data[i : i+1]
	long := bytes.HasPrefix(data[i:], bytes.Repeat(quote, 3))
	if long {
		quote = data[i : i+3]
	}
	for i += len(quote); i < len(data); i++ {
		switch {
		case data[i] == '\n' && !long:
			return i - 1
		case data[i] == '\\' && quote[0] == '"':
			i++
		case bytes.HasPrefix(data[i:], quote):
			return i + len(quote) - 1
		}
	}
	return i
}
