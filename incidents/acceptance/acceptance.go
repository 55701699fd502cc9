// Package acceptance asks whether a fix is one: the criteria of playbooks, as CEL over what is known of an incident and its projects.
package acceptance

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"github.com/tocsin-dev/tocsin"
)

// Project is what a criterion that is asked of each project sees as project.
type Project struct {
	Slug   string `cel:"slug"`
	Status string `cel:"status"`
	// Clear says that a scan found it so, ClearFor since how long.
	Clear    bool          `cel:"clear"`
	ClearFor time.Duration `cel:"clear_for"`
	// Round counts how often it became affected.
	Round int64 `cel:"round"`
	// Had is what was affected when it was last.
	Had []Affected `cel:"had"`
	// Resolves are the versions that it has now of what was affected.
	Resolves []Resolved `cel:"resolves"`
	// Checks are of the commit that shows it clear.
	Checks Checks `cel:"checks"`
}

// Checks are what ran on the forge for a commit.
type Checks struct {
	// State is passed, failed, pending or unknown, of what counts; unknown too where nobody asked.
	State  string `cel:"state"`
	Commit string `cel:"commit"`
	Runs   []Run  `cel:"runs"`
}

// Run is one of the checks.
type Run struct {
	Name string `cel:"name"`
	// State is passed, failed, pending, skipped or missing.
	State string `cel:"state"`
	// Required says that it counts.
	Required bool `cel:"required"`
}

// Affected is a package that was affected.
type Affected struct {
	Ecosystem string `cel:"ecosystem"`
	Name      string `cel:"name"`
	Version   string `cel:"version"`
	// Reach is called, imported, present or unknown, of the project's code to the flaw; unknown too where nobody looked.
	Reach string `cel:"reach"`
}

// Resolved is a version that a project has now.
type Resolved struct {
	Ecosystem string `cel:"ecosystem"`
	Name      string `cel:"name"`
	Version   string `cel:"version"`
	// Registry is exists, yanked, missing or unknown; unknown too where it was not asked.
	Registry string `cel:"registry"`
}

// Incident is what every criterion sees as incident.
type Incident struct {
	Severity string        `cel:"severity"`
	Age      time.Duration `cel:"age"`
	// Quiet is the time since the last project became clear.
	Quiet time.Duration `cel:"quiet"`
	// Done are the ids of the tasks that are done; Answers are the decisions by their point.
	Done     []string          `cel:"done"`
	Answers  map[string]string `cel:"answers"`
	Projects int64             `cel:"projects"`
}

const (
	maxExpression = 2_000  // characters
	maxCost       = 50_000 // in CEL's units
	// maxResolved bounds what one evaluation sees of a project.
	maxResolved = 200
)

// A Set is the criteria of all playbooks, ready to be asked. It is safe for concurrent use.
type Set struct{ books map[string][]program }

type program struct {
	tocsin.Criterion
	run cel.Program
}

// Compile checks the criteria of playbooks, by name. The error joins all that is wrong.
func Compile(books map[string]tocsin.Playbook) (*Set, error) {
	env, err := cel.NewEnv(
		ext.NativeTypes(ext.ParseStructTags(true), reflect.TypeFor[Project](), reflect.TypeFor[Affected](), reflect.TypeFor[Resolved](),
			reflect.TypeFor[Checks](), reflect.TypeFor[Run](), reflect.TypeFor[Incident]()),
		cel.Variable("incident", cel.ObjectType("acceptance.Incident")), cel.CrossTypeNumericComparisons(true), cel.ParserExpressionSizeLimit(maxExpression),
	)
	if err != nil {
		return nil, fmt.Errorf("declaring the inputs of acceptance criteria: %w", err)
	}
	each, err := env.Extend(cel.Variable("project", cel.ObjectType("acceptance.Project")))
	if err != nil {
		return nil, fmt.Errorf("declaring the inputs of acceptance criteria: %w", err)
	}
	s := &Set{books: map[string][]program{}}
	var errs []error
	for name, book := range books {
		for _, c := range book.Criteria {
			in := env
			if c.Each {
				in = each
			}
			p, err := compile(in, c)
			if err != nil {
				errs = append(errs, fmt.Errorf("playbook %s: criterion %s: %w", name, c.ID, err))
			}
			s.books[name] = append(s.books[name], p)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return s, errors.Join(errs...)
}

func compile(env *cel.Env, c tocsin.Criterion) (program, error) {
	ast, issues := env.Compile(c.When)
	if issues.Err() != nil {
		return program{}, fmt.Errorf("%w: %w", tocsin.ErrInvalid, issues.Err())
	}
	if ast.OutputType() != cel.BoolType {
		return program{}, fmt.Errorf("%w: %q is a %s: want a condition", tocsin.ErrInvalid, c.When, ast.OutputType())
	}
	run, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return program{}, fmt.Errorf("%w: %w", tocsin.ErrInvalid, err)
	}
	return program{c, run}, nil
}

// Checks asks all criteria of the incident's playbook, in the order of the playbook and of the projects. What cannot be asked does not hold.
func (s *Set) Checks(inc tocsin.Incident, now time.Time) []tocsin.Check {
	var out []tocsin.Check
	whole := incidentOf(inc, now)
	for _, p := range s.books[inc.Playbook] {
		if !p.Each {
			out = append(out, p.ask("", map[string]any{"incident": whole}))
			continue
		}
		for _, one := range inc.Projects {
			if one.Status.Told() || one.Status == tocsin.ProjectPatched {
				out = append(out, p.ask(one.Slug, map[string]any{"incident": whole, "project": projectOf(one, now)}))
			}
		}
	}
	return out
}

func (p program) ask(project string, in map[string]any) tocsin.Check {
	c := tocsin.Check{Criterion: p.ID, Project: project, Says: p.Says}
	v, _, err := p.run.Eval(in)
	if err != nil {
		c.Error = err.Error()
		return c
	}
	c.OK, _ = v.Value().(bool)
	return c
}

func projectOf(p tocsin.IncidentProject, now time.Time) Project {
	out := Project{Slug: p.Slug, Status: string(p.Status), Clear: !p.Status.Stated(), Round: int64(p.Round)}
	if out.Clear && !p.ClearedAt.IsZero() {
		out.ClearFor = max(now.Sub(p.ClearedAt), 0)
	}
	for _, a := range p.Packages[:min(len(p.Packages), maxResolved)] {
		out.Had = append(out.Had, Affected{a.Ecosystem, a.Name, a.Version, string(cmp.Or(a.Reach, tocsin.ReachUnknown))})
	}
	for _, r := range p.Resolved[:min(len(p.Resolved), maxResolved)] {
		state := string(r.Registry)
		if state == "" {
			state = string(tocsin.RegistryUnknown)
		}
		out.Resolves = append(out.Resolves, Resolved{Ecosystem: r.Ecosystem, Name: r.Name, Version: r.Version, Registry: state})
	}
	out.Checks = Checks{State: string(p.Checks.State()), Commit: p.Checks.Commit}
	for _, r := range p.Checks.Runs[:min(len(p.Checks.Runs), maxResolved)] {
		out.Checks.Runs = append(out.Checks.Runs, Run{Name: r.Name, State: string(r.State), Required: r.Required})
	}
	return out
}

func incidentOf(inc tocsin.Incident, now time.Time) Incident {
	out := Incident{Severity: string(inc.Severity), Age: max(now.Sub(inc.OpenedAt), 0), Answers: map[string]string{}, Projects: int64(len(inc.Projects))}
	for _, t := range inc.Tasks {
		if t.Done {
			out.Done = append(out.Done, t.ID)
		}
	}
	for _, a := range inc.Answers {
		out.Answers[a.Point] = a.Answer
	}
	last := inc.OpenedAt
	for _, p := range inc.Projects {
		if p.ClearedAt.After(last) {
			last = p.ClearedAt
		}
	}
	out.Quiet = max(now.Sub(last), 0)
	return out
}
