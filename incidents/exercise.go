package incidents

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Keys of live incidents and of those of drills begin differently, so that none is ever taken for the other.
const (
	livePrefix  = "INC-"
	drillPrefix = "DRILL-"
)

// ExerciseMark stands at the front of everything that a drill writes.
const ExerciseMark = "EXERCISE"

// exercised says whether a key is that of a drill's incident.
func exercised(key string) bool { return strings.HasPrefix(key, drillPrefix) }

// prefix is how the keys begin of what these rules open.
func (r Rules) prefix() string {
	if r.Exercise {
		return drillPrefix
	}
	return livePrefix
}

// theirs refuses an incident of a drill to live rules, and one that is live to a drill's.
func (r Rules) theirs(key string) error {
	switch {
	case exercised(key) && !r.Exercise:
		return fmt.Errorf("%w: %s is of a drill, which ends with its report: nothing is done in it here", tocsin.ErrForbidden, key)
	case r.Exercise && !exercised(key):
		return fmt.Errorf("%w: %s is no incident of this drill: a drill touches nothing that is live", tocsin.ErrForbidden, key)
	}
	return nil
}

// marked puts the mark at the front of a text.
func marked(s string) string {
	if strings.HasPrefix(s, ExerciseMark) {
		return s
	}
	return ExerciseMark + ": " + s
}

// notice is the first line of what a drill writes.
const notice = ExerciseMark + ": this is a drill. Nothing in it is happening, and nothing is to be done outside the drill.\n\n"

// exercise marks an action of a drill: its title and its body, and with a label where it has some.
func exercise(a tocsin.Action) (tocsin.Action, error) {
	var payload any
	var err error
	switch a.Kind {
	case tocsin.ActionIssue:
		var p tocsin.IssuePayload
		err = json.Unmarshal(a.Payload, &p)
		p.Title, p.Body, p.Labels = title(marked(p.Title)), notice+p.Body, append(p.Labels, "exercise")
		payload = p
	case tocsin.ActionComment:
		var p tocsin.CommentPayload
		err = json.Unmarshal(a.Payload, &p)
		p.Body = notice + p.Body
		payload = p
	case tocsin.ActionDraft:
		var p tocsin.DraftPayload
		err = json.Unmarshal(a.Payload, &p)
		p.Summary, p.Description = title(marked(p.Summary)), notice+p.Description
		payload = p
	case tocsin.ActionReport:
		var p tocsin.ReportPayload
		err = json.Unmarshal(a.Payload, &p)
		p.Summary, p.Description = title(marked(p.Summary)), notice+p.Description
		payload = p
	case tocsin.ActionRequest: // which has no text, and the drill keeps it to itself
		return a, nil
	default:
		return tocsin.Action{}, fmt.Errorf("%w: nobody says how an action of kind %q is marked as an exercise", tocsin.ErrInvalid, a.Kind)
	}
	out, bad := tocsin.NewAction(a.Kind, a.Key, payload)
	a.Payload = out.Payload
	return a, cmp.Or(err, bad)
}
