package incidents

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Lessons are the sections of closed reviews, the newest review first. With words it is those that have all of them, in the text or in the title,
// whatever the case.
func Lessons(known []tocsin.Incident, words string) []tocsin.Lesson {
	want := strings.Fields(strings.ToLower(words))
	var out []tocsin.Lesson
	for _, inc := range known {
		for _, l := range lessonsOf(inc) {
			text := strings.ToLower(l.Title + "\n" + l.Incident + "\n" + l.Text)
			if !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(text, w) }) {
				out = append(out, l)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b tocsin.Lesson) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Incident, b.Incident))
	})
	return out
}

func lessonsOf(inc tocsin.Incident) []tocsin.Lesson {
	if inc.Review == nil || inc.Review.ClosedAt.IsZero() {
		return nil
	}
	var out []tocsin.Lesson
	for _, s := range tocsin.Sections() {
		if text := *inc.Review.Section(s); text != "" {
			out = append(out, tocsin.Lesson{Incident: inc.Key, Title: titleOf(inc), At: inc.Review.ClosedAt, Section: s, Text: text})
		}
	}
	return out
}

func titleOf(inc tocsin.Incident) string {
	if inc.Class.ID == "" {
		return inc.Class.Summary
	}
	return strings.TrimSuffix(inc.Class.ID+": "+inc.Class.Summary, ": ")
}

// likenesses are what two incidents can have in common, and how much that weighs.
const (
	alikePackage  = 8
	alikeWeakness = 4
	alikePlaybook = 3
	alikeProject  = 2
	// likeEnough is the least for one to be named: a common project alone says nothing.
	likeEnough = 3
	// maxAlike bounds those that are named.
	maxAlike = 3
)

// Similar lists the incidents with a closed review that one is most like, the most alike first. Incidents under embargo are not compared with others.
func Similar(inc tocsin.Incident, known []tocsin.Incident) []tocsin.Likeness {
	type scored struct {
		tocsin.Likeness
		score int
	}
	var all []scored
	for _, o := range known {
		lessons := lessonsOf(o)
		if o.Key == inc.Key || len(lessons) == 0 || o.Private() || inc.Private() {
			continue
		}
		score, why := inCommon(inc, o)
		if score < likeEnough {
			continue
		}
		l := tocsin.Likeness{Incident: o.Key, Title: titleOf(o), Why: why, Lesson: lessons[0]}
		for _, s := range []tocsin.Section{tocsin.SectionCauses, tocsin.SectionHelped, tocsin.SectionHindered} {
			if i := slices.IndexFunc(lessons, func(x tocsin.Lesson) bool { return x.Section == s }); i >= 0 {
				l.Lesson = lessons[i]
			}
		}
		all = append(all, scored{l, score})
	}
	slices.SortFunc(all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), b.Lesson.At.Compare(a.Lesson.At), strings.Compare(a.Incident, b.Incident))
	})
	var out []tocsin.Likeness
	for _, s := range all[:min(len(all), maxAlike)] {
		out = append(out, s.Likeness)
	}
	return out
}

func inCommon(a, b tocsin.Incident) (score int, why []string) {
	add := func(n int, format string, args ...any) {
		score += n
		why = append(why, fmt.Sprintf(format, args...))
	}
	if list := both(packagesOf(a), packagesOf(b)); len(list) > 0 {
		add(alikePackage, "the same package: %s", named(list))
	}
	if list := both(weaknesses(a), weaknesses(b)); len(list) > 0 {
		add(alikeWeakness, "the same weakness: %s", named(list))
	}
	if a.Playbook == b.Playbook && a.Playbook != defaultPlaybook { // which is that of most
		add(alikePlaybook, "the same kind: %s", a.Playbook)
	}
	if list := both(slugsOf(a), slugsOf(b)); len(list) > 0 {
		add(alikeProject, "the same projects: %s", named(list))
	}
	return score, why
}

func packagesOf(inc tocsin.Incident) []string {
	var out []string
	for _, p := range inc.Projects {
		for _, pkg := range p.Packages {
			out = append(out, pkg.Ecosystem+"/"+pkg.Name)
		}
	}
	return out
}

func slugsOf(inc tocsin.Incident) []string {
	var out []string
	for _, p := range inc.Projects {
		out = append(out, p.Slug)
	}
	return out
}

func weaknesses(inc tocsin.Incident) []string {
	out := slices.Clone(inc.Class.CWEs)
	for _, c := range inc.Also {
		out = append(out, c.CWEs...)
	}
	return out
}

// both are what two lists have in common, sorted, each once.
func both(a, b []string) []string {
	in := map[string]bool{}
	for _, s := range a {
		in[s] = true
	}
	out := slices.DeleteFunc(slices.Clone(b), func(s string) bool { return !in[s] })
	slices.Sort(out)
	return slices.Compact(out)
}

func named(list []string) string {
	out := strings.Join(list[:min(len(list), maxNamed)], ", ")
	if n := len(list) - maxNamed; n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}
