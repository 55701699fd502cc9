package pipeline

import (
	"context"
	"maps"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
)

// A census is how far the classes reach that some projects have, or had until now.
type census struct {
	// standing counts all that stands, elsewhere what was not looked at.
	standing, elsewhere policies.Reach
	// here is what was looked at, by project.
	here map[string]store.Judged
	// besides are projects that were looked at and have a class through a package that was not: they count elsewhere. By class.
	besides map[string]map[string]bool
	// name is that of the counts; see [store.Store.Counts].
	name string
}

// census asks the store, if any policy wants to know.
func (p Portfolio) census(ctx context.Context, list []found) (census, error) {
	empty := func() policies.Reach { return policies.Reach{Projects: map[string]int{}, Critical: map[string]int{}} }
	c := census{standing: empty(), elsewhere: empty(), here: map[string]store.Judged{}, besides: map[string]map[string]bool{}}
	if !p.reads("portfolio") {
		return c, nil
	}
	var err error
	if c.name, err = p.Store.Counts(ctx); err != nil { // first, so that what changes while they are read is noticed
		return c, err
	}
	classes := map[string]bool{}
	for _, f := range list {
		c.here[f.source.Project.Slug] = store.Judged{Names: f.judged()}
		for _, one := range f.findings {
			classes[one.Class.ID] = true
		}
	}
	had, err := p.Store.AffectedIn(ctx, slices.Collect(maps.Keys(c.here)))
	if err != nil {
		return c, err
	}
	for _, a := range had {
		if c.looked(a) {
			classes[a.Class] = true
		}
	}
	if c.standing.Total, _, err = p.Store.Census(ctx); err != nil {
		return c, err
	}
	c.elsewhere.Total = c.standing.Total
	for _, f := range list {
		if f.watched {
			c.elsewhere.Total--
		}
	}
	for class := range classes {
		if err := p.count(ctx, class, c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// looked says whether what stands was looked at again.
func (c census) looked(a store.AffectedBy) bool {
	j, ok := c.here[a.Project]
	return ok && j.SpeaksOf(a.Ecosystem, a.Name)
}

// count adds the projects that a class affects to the census.
func (p Portfolio) count(ctx context.Context, class string, c census) error {
	affected, err := p.Store.Affected(ctx, class)
	if err != nil {
		return err
	}
	standing, elsewhere := map[string]bool{}, map[string]bool{}
	for _, a := range affected {
		standing[a.Project] = a.Critical
		if c.looked(a) {
			continue
		}
		elsewhere[a.Project] = a.Critical
		if _, ok := c.here[a.Project]; ok {
			if c.besides[class] == nil {
				c.besides[class] = map[string]bool{}
			}
			c.besides[class][a.Project] = true
		}
	}
	for _, critical := range standing {
		add(c.standing, class, critical)
	}
	for _, critical := range elsewhere {
		add(c.elsewhere, class, critical)
	}
	return nil
}

func add(r policies.Reach, class string, critical bool) {
	r.Projects[class]++
	if critical {
		r.Critical[class]++
	}
}

// with counts what was found in projects too.
func (c census) with(scanned []Scanned, findings [][]tocsin.Finding) policies.Reach {
	r := policies.Reach{Total: c.elsewhere.Total + len(scanned), Projects: map[string]int{}, Critical: map[string]int{}}
	maps.Copy(r.Projects, c.elsewhere.Projects)
	maps.Copy(r.Critical, c.elsewhere.Critical)
	for i, list := range findings {
		project, counted := scanned[i].Project, map[string]bool{}
		for _, f := range list {
			if id := f.Class.ID; f.Status == tocsin.StatusAffected && !counted[id] && !c.besides[id][project.Slug] {
				counted[id] = true
				add(r, id, project.Criticality == tocsin.CriticalityHigh)
			}
		}
	}
	return r
}

// swayed are the projects about which a policy may decide otherwise by what was found in others: a class that they have reaches
// further now, or less far.
func (p Portfolio) swayed(ctx context.Context, was census, scanned []Scanned) ([]string, error) {
	if len(scanned) == 0 {
		return nil, nil
	}
	is := scanned[0].Context.Reach
	sets := []policies.Set{p.Policies, policies.NewSet(p.Shadow...)}
	out := map[string]bool{}
	for class := range was.elsewhere.Projects {
		before, now := was.standing.Of(class), is.Of(class)
		if !slices.ContainsFunc(sets, func(s policies.Set) bool { return s.Distinguishes(before, now) }) {
			continue
		}
		affected, err := p.Store.Affected(ctx, class)
		if err != nil {
			return nil, err
		}
		for _, a := range affected {
			if !was.looked(a) {
				out[a.Project] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(out)), nil
}

// Recount decides anew about the projects of which a [Result.Recount] asked, of this run or of one that was ended early.
func (p Portfolio) Recount(ctx context.Context, x ClassIndex, excused []tocsin.Exception) (Result, error) {
	p.Index = x
	return p.everyone(ctx, store.ProjectQuery{Recount: true}, excused, p.again(x))
}
