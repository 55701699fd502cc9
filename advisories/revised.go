package advisories

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// maxRevised bounds what is told of one revision.
const maxRevised = 12

// Revised tells in a few words each what a revision of a record has otherwise than the one before, as far as it can change who is affected,
// how bad it is, or what it is the same as. Texts of the record are in it as they are.
func Revised(before, after tocsin.Advisory) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch was, is := before.Withdrawn.IsZero(), after.Withdrawn.IsZero(); {
	case was && !is:
		say("it was withdrawn")
	case !was && is:
		say("it stands again")
	}
	if before.Summary != after.Summary {
		say("summary: %s", after.Summary)
	}
	if a, b := scores(before), scores(after); a != b {
		say("severity: %s, before %s", b, a)
	}
	if before.Unmaintained != after.Unmaintained {
		say("whether it is about a package that nobody maintains")
	}
	came, went := difference(before.Aliases, after.Aliases)
	listed(say, "is the same as", came)
	listed(say, "is no longer the same as", went)
	a, b := packages(before), packages(after)
	came, went = difference(concerned(before), concerned(after))
	listed(say, "affects", came)
	listed(say, "no longer affects", went)
	for _, name := range concerned(after) {
		if was, ok := a[name]; ok && was != b[name] {
			say("other versions of %s: %s", name, b[name])
		}
	}
	if n := len(out) - maxRevised; n > 0 {
		out = append(out[:maxRevised], fmt.Sprintf("and %d more", n))
	}
	return out
}

func listed(say func(string, ...any), what string, names []string) {
	if n := len(names) - maxRevised; n > 0 {
		names = append(slices.Clone(names[:maxRevised]), fmt.Sprintf("and %d more", n))
	}
	if len(names) > 0 {
		say("%s %s", what, strings.Join(names, ", "))
	}
}

// difference is what came to a list and what went from it, sorted.
func difference(before, after []string) (came, went []string) {
	lacks := func(from []string) func(string) bool { return func(s string) bool { return slices.Contains(from, s) } }
	came, went = slices.DeleteFunc(slices.Clone(after), lacks(before)), slices.DeleteFunc(slices.Clone(before), lacks(after))
	slices.Sort(came)
	slices.Sort(went)
	return slices.Compact(came), slices.Compact(went)
}

func scores(a tocsin.Advisory) string {
	var out []string
	for _, s := range a.Severity {
		out = append(out, s.Score)
	}
	for _, f := range a.Affected {
		for _, s := range f.Severity {
			out = append(out, s.Score)
		}
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

func name(f tocsin.Affected) string { return f.Package.Ecosystem + " " + f.Package.Name }

func concerned(a tocsin.Advisory) []string {
	var out []string
	for _, f := range a.Affected {
		out = append(out, name(f))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// packages are the affected versions of each package, in words.
func packages(a tocsin.Advisory) map[string]string {
	parts := map[string][]string{}
	for _, f := range a.Affected {
		var lines []string
		for _, r := range f.Ranges {
			if r.Type != tocsin.RangeGit {
				lines = append(lines, words(r))
			}
		}
		slices.Sort(lines)
		if n := len(f.Versions); n > 0 {
			sorted := slices.Sorted(slices.Values(f.Versions))
			text := strings.Join(sorted[:min(n, maxRevised)], ", ")
			if n > maxRevised {
				text += fmt.Sprintf(" and %d more", n-maxRevised)
			}
			lines = append(lines, text)
		}
		parts[name(f)] = append(parts[name(f)], lines...)
	}
	out := map[string]string{}
	for k, v := range parts {
		out[k] = strings.Join(v, "; ")
	}
	return out
}

func words(r tocsin.Range) string {
	var out []string
	for _, e := range r.Events {
		switch {
		case e.Introduced == "0":
			out = append(out, "from the first")
		case e.Introduced != "":
			out = append(out, "from "+e.Introduced)
		case e.Fixed != "":
			out = append(out, "before "+e.Fixed)
		case e.LastAffected != "":
			out = append(out, "to "+e.LastAffected)
		case e.Limit != "":
			out = append(out, "within "+e.Limit)
		}
	}
	return strings.Join(out, " ")
}
