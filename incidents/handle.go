package incidents

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Rules are what people wrote down before anything happened.
type Rules struct {
	Playbooks  map[string]tocsin.Playbook // by name
	Governance tocsin.Governance
	// Accept asks the acceptance criteria of an incident's playbook; nil: there are none.
	Accept func(inc tocsin.Incident, now time.Time) []tocsin.Check
	// Asks says whether a registry is asked for the packages of an ecosystem. What one is asked for counts as a fix once it has answered, or
	// could not; nil: none is asked.
	Asks func(ecosystem string) bool
	// AsksChecks says that the forge is asked for the checks of commits, and counts like Asks.
	AsksChecks bool
	// Publisher is who advisories are by; empty: none can be published.
	Publisher tocsin.Publisher
	// Projects are those of the incident that is handled, by slug: an advisory says of them no more than they opted in to.
	Projects map[string]tocsin.Project
	// Exercise says that they are of a drill: what they open has keys of its own and is marked, and they touch nothing that is live, nor
	// live rules anything of theirs.
	Exercise bool
}

// Handle does what somebody wants in the incident with the key. It gives the incidents that changed, sorted by key; for merge and split
// there are two. What may not be is an [tocsin.ErrForbidden], what cannot be now an [tocsin.ErrConflict], and what makes no sense an
// [tocsin.ErrInvalid]; then nothing changed. known are all incidents, in any order.
func (r Rules) Handle(known []tocsin.Incident, key string, c tocsin.Command, now time.Time) ([]Change, error) {
	if err := r.theirs(key); err != nil {
		return nil, err
	}
	a := act{rules: r, c: c, now: now}
	for _, inc := range known {
		if r.theirs(inc.Key) != nil {
			continue
		}
		d := &draft{inc: clone(inc)}
		a.all = append(a.all, d)
		if inc.Key == key {
			a.draft = d
		}
	}
	if a.draft == nil {
		return nil, fmt.Errorf("incident %s: %w", key, tocsin.ErrNotFound)
	}
	v, ok := verbs()[c.Do]
	if !ok {
		return nil, fmt.Errorf("%w: do: %q is no verb: want one of %q", tocsin.ErrInvalid, c.Do, slices.Sorted(maps.Keys(verbs())))
	}
	if c.By.ID == "" {
		return nil, fmt.Errorf("%w: %s: nobody says who does it", tocsin.ErrForbidden, c.Do)
	}
	if err := v.check(&a); err != nil {
		return nil, err
	}
	if err := v.do(&a); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Do, err)
	}
	for _, d := range a.all {
		if d.changed {
			r.settle(d, now, byScan)
			if over(d.inc.State) && !d.inc.ResolvedAt.IsZero() {
				r.learn(d)
			}
		}
	}
	return changes(a.all), nil
}

// changes gives what changed, with the next version.
func changes(list []*draft) []Change {
	var out []Change
	for _, d := range list {
		if d.changed {
			d.inc.Version++
			out = append(out, Change{Incident: d.inc, Events: d.events})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Incident.Key, b.Incident.Key) })
	return out
}

// An act is a command being carried out.
type act struct {
	*draft
	all   []*draft
	rules Rules
	c     tocsin.Command
	now   time.Time
}

// say adds an event of the one who acts.
func (a *act) say(kind tocsin.EventKind, format string, args ...any) *tocsin.IncidentEvent {
	return a.on(a.draft, kind, format, args...)
}

func (a *act) on(d *draft, kind tocsin.EventKind, format string, args ...any) *tocsin.IncidentEvent {
	d.changed = true
	text := fmt.Sprintf(format, args...)
	d.events = append(d.events, tocsin.IncidentEvent{
		Incident: d.inc.Key, At: a.now, Kind: kind, Actor: a.c.By.Name, ActorID: a.c.By.ID, Source: a.c.Source, Text: text, TLP: tocsin.TLPAmber,
	})
	return &d.events[len(d.events)-1]
}

// because is the reason, as it stands behind a sentence.
func (a *act) because() string {
	if a.c.Reason == "" {
		return ""
	}
	return ": " + a.c.Reason
}

// A verb is how a command is done.
type verb struct {
	in    func(tocsin.IncidentState) bool
	right tocsin.Right // empty: everybody who may work on incidents
	needs string       // fields that must be there, apart by spaces
	do    func(*act) error
	takes string // fields that may be there besides
	about string
	// owned says that whoever answers for a project may do it too, for that project alone.
	owned bool
}

// owned has a verb done by whoever answers for a project, too.
func owned(v verb) verb {
	v.owned = true
	return v
}

// A VerbDoc describes a verb to people.
type VerbDoc struct {
	Do    tocsin.Verb
	Right tocsin.Right // empty: everybody who may work on incidents
	// Needs and Takes are fields of [tocsin.Command], by their names in JSON: those that must and those that may be there.
	Needs, Takes []string
	About        string
	// Owned says that whoever answers for a project may do it too, for that project alone.
	Owned bool
}

// Verbs lists all verbs, sorted by name.
func Verbs() []VerbDoc {
	var out []VerbDoc
	all := verbs()
	for _, name := range sorted(all) {
		v := all[name]
		out = append(out, VerbDoc{Do: name, Right: v.right, Needs: strings.Fields(v.needs), Takes: strings.Fields(v.takes), About: v.about, Owned: v.owned})
	}
	return out
}

// verbs is the one place that says what may be done when, by whom.
func verbs() map[tocsin.Verb]verb {
	led := in(tocsin.StateMobilised, tocsin.StateContained)
	return map[tocsin.Verb]verb{
		tocsin.DoConfirm:         {in(tocsin.StateHold), tocsin.RightConfirm, "reason", (*act).confirm, "", "Say that a hold is an emergency", false},
		tocsin.DoTake:            {staffed, "", "role", (*act).take, "", "Take a role that nobody holds", false},
		tocsin.DoOffer:           {staffed, "", "role to", (*act).offer, "reason", "Hand a role over; it is done when the other accepts", false},
		tocsin.DoAccept:          {staffed, "", "role", (*act).accept, "", "Accept a role that was offered to you", false},
		tocsin.DoDecline:         {staffed, "", "role", (*act).decline, "reason", "Say no to an offer, or take it back", false},
		tocsin.DoRenounce:        {whenever, "", "role", (*act).renounce, "reason", "Give up a role", false},
		tocsin.DoDelegate:        {open, "", "right to until reason", (*act).delegate, "", "Lend a right that a role gives you, for a while", false},
		tocsin.DoAck:             owned(verb{open, "", "", (*act).acknowledge, "reason", "Say that you are on it: nobody else is called", false}),
		tocsin.DoSnooze:          {open, "", "until reason", (*act).snooze, "", "Say that you are on it, and want to be asked again at a time", false},
		tocsin.DoEscalate:        owned(verb{open, "", "", (*act).hurry, "reason", "Call for help now, without waiting for the next step", false}),
		tocsin.DoContain:         {in(tocsin.StateMobilised), tocsin.RightContain, "reason", (*act).contain, "", "Say that it does not grow any more", false},
		tocsin.DoSeverity:        {open, tocsin.RightSeverity, "severity reason", (*act).severity, "", "Say how bad it is", false},
		tocsin.DoAddTask:         {whenever, tocsin.RightAssign, "text role", (*act).addTask, "until", "Add a task", false},
		tocsin.DoAssign:          {whenever, tocsin.RightAssign, "task to", (*act).assignTask, "", "Give a task to somebody", false},
		tocsin.DoFinish:          {whenever, "", "task", (*act).finish, "text", "Say that a task is done, with evidence", false},
		tocsin.DoUndo:            {whenever, "", "task reason", (*act).undo, "", "Say that a task is not done after all", false},
		tocsin.DoAnswer:          {open, "", "point answer", (*act).answer, "reason", "Decide at a decision point of the playbook", false},
		tocsin.DoNote:            owned(verb{whenever, "", "text", (*act).note, "tlp", "Write down what you saw or did", false}),
		tocsin.DoCorrect:         {whenever, "", "number text", (*act).correct, "", "Set an event of the timeline right; what it said stays", false},
		tocsin.DoDraft:           {whenever, tocsin.RightDraft, "audience stage", (*act).draftMessage, "text", "Write a message, by the playbook's template if without text", false},
		tocsin.DoApprove:         {whenever, tocsin.RightPublish, "message", (*act).approve, "", "Agree to a message that another wrote; it goes out", false},
		tocsin.DoWithdraw:        {whenever, tocsin.RightDraft, "message reason", (*act).withdraw, "", "Take back a message that did not go out", false},
		tocsin.DoEmbargo:         {open, tocsin.RightEmbargo, "until reason", (*act).embargo, "", "Propose an embargo, or another end of it", false},
		tocsin.DoAgree:           {open, tocsin.RightEmbargo, "", (*act).agree, "", "Agree to an embargo that another proposed", false},
		tocsin.DoDisclose:        {whenever, tocsin.RightEmbargo, "reason", (*act).disclose, "", "End the embargo", false},
		tocsin.DoRollBack:        {active, tocsin.RightRollBack, "package version until reason", (*act).rollBack, "projects", "Propose to go back to a version, or to stay with it", false},
		tocsin.DoApproveRollback: {active, tocsin.RightRollBack, "number", (*act).approveRollback, "", "Agree to a rollback that another proposed", false},
		tocsin.DoEndRollback:     {whenever, tocsin.RightRollBack, "number reason", (*act).endRollback, "", "End a rollback", false},
		tocsin.DoStatus:          owned(verb{active, tocsin.RightValidate, "projects status reason", (*act).setStatus, "until justification", "Say that projects are mitigated, accepted, unaffected or unreachable, which no scan can see", false}),
		tocsin.DoStandDown:       {open, tocsin.RightStandDown, "reason", (*act).standDown, "", "Say that it was no emergency; everybody who was told gets a correction", false},
		tocsin.DoResolve: {func(s tocsin.IncidentState) bool {
			return led(s) || s == tocsin.StateFixValidated || s == tocsin.StateReopened
		}, tocsin.RightResolve, "reason", (*act).resolve, "", "Say that it is over", false},
		tocsin.DoReopen:       {over, tocsin.RightReopen, "reason", (*act).reopen, "", "Say that it is not over", false},
		tocsin.DoWrite:        {whenever, tocsin.RightReview, "section text", (*act).write, "", "Write a section of the review", false},
		tocsin.DoAddAction:    {whenever, tocsin.RightReview, "text to until", (*act).addAction, "", "Have the review ask somebody for something", false},
		tocsin.DoFinishAction: {whenever, "", "task text", (*act).finishAction, "", "Say that what the review asked for is done", false},
		tocsin.DoCredit:       {whenever, tocsin.RightReview, "text credit", (*act).credit, "", "Thank somebody for what they contributed", false},
		tocsin.DoEffort:       {whenever, "", "minutes", (*act).effort, "", "Say how long you worked on it", false},
		tocsin.DoCloseReview:  {in(tocsin.StateResolved, tocsin.StateStoodDown), tocsin.RightReview, "", (*act).closeReview, "reason", "Close the review", false},
		tocsin.DoAdvise:       {whenever, tocsin.RightDraft, "section text", (*act).advise, "", "Write a section of the advisory to those downstream", false},
		tocsin.DoProduct:      {whenever, tocsin.RightValidate, "projects product", (*act).product, "range justification text", "Say which versions of what projects publish are affected, or why none is", false},
		tocsin.DoRevise:       {whenever, tocsin.RightDraft, "text", (*act).revise, "", "Propose to publish the advisory as it is now; another approves the message", false},
		tocsin.DoRequest:      {whenever, tocsin.RightPublish, "projects request reason", (*act).request, "", "Ask the forge for a CVE id, a private fork or the publication of projects' advisory drafts", false},
		tocsin.DoReport:       {open, tocsin.RightPublish, "repository text", (*act).report, "reason", "Report privately to the maintainers of another project; two people agree before it leaves", false},
		tocsin.DoMerge:        {open, tocsin.RightJoin, "into reason", (*act).merge, "", "Go on with it as another incident", false},
		tocsin.DoSplit:        {open, tocsin.RightJoin, "projects reason", (*act).split, "", "Move projects to an incident of their own", false},
	}
}

// check is the one place where authority is asked for.
func (v verb) check(a *act) error {
	for _, field := range strings.Fields(v.needs) {
		if missing(a.c, field) {
			return fmt.Errorf("%w: %s: %s is missing", tocsin.ErrInvalid, a.c.Do, field)
		}
	}
	if err := bounds(a.c); err != nil {
		return err
	}
	if !v.in(a.inc.State) {
		return fmt.Errorf("%w: %s: the incident is %s", tocsin.ErrConflict, a.c.Do, a.inc.State)
	}
	switch {
	case v.owned && a.own():
		return nil
	case a.c.Outside:
		return fmt.Errorf("%w: to %s is for those whom the governance names", tocsin.ErrForbidden, a.c.Do)
	case v.right == "":
		return nil
	}
	return a.must(v.right)
}

// own says whether the command is about the one project that the one who acts answers for, and nothing else.
func (a *act) own() bool {
	return a.c.Owns != "" && slices.ContainsFunc(a.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == a.c.Owns }) &&
		!slices.ContainsFunc(a.c.Projects, func(slug string) bool { return slug != a.c.Owns })
}

// must asks for a right, or breaks the glass.
func (a *act) must(right tocsin.Right) error {
	if a.rules.may(a.inc, a.c.By, right, a.now) {
		return nil
	}
	if !a.c.BreakGlass {
		return fmt.Errorf("%w: to %s is for %s; take or be given the role, have the right delegated, or break the glass with a reason",
			tocsin.ErrForbidden, right, cmp.Or(roleList(a.rules.Governance.Rights[right]), "nobody"))
	}
	if a.c.Reason == "" {
		return fmt.Errorf("%w: reason is missing: whoever breaks the glass says why", tocsin.ErrInvalid)
	}
	a.say(tocsin.EventBrokeGlass, "did without the right to %s what they thought could not wait: %s%s", right, a.c.Do, a.because())
	return nil
}

// may says whether somebody has a right in an incident: by a role or a delegation.
func (r Rules) may(inc tocsin.Incident, who tocsin.Actor, right tocsin.Right, now time.Time) bool {
	if r.Governance.May(right, roles(inc, who)) {
		return true
	}
	return slices.ContainsFunc(inc.Delegations, func(d tocsin.Delegation) bool {
		return d.Right == right && d.To.ID == who.ID && now.Before(d.Until)
	})
}

// roles are those that somebody holds.
func roles(inc tocsin.Incident, who tocsin.Actor) []tocsin.RoleName {
	var out []tocsin.RoleName
	for _, r := range inc.Roles {
		if r.Holder.ID != "" && r.Holder.ID == who.ID {
			out = append(out, r.Name)
		}
	}
	return out
}

func roleList(list []tocsin.RoleName) string {
	var out []string
	for _, r := range list {
		out = append(out, string(r))
	}
	return strings.Join(out, ", ")
}

func missing(c tocsin.Command, field string) bool {
	switch field {
	case "role":
		return c.Role == ""
	case "to":
		return c.To.ID == ""
	case "right":
		return c.Right == ""
	case "until":
		return c.Until.IsZero()
	case "reason":
		return c.Reason == ""
	case "severity":
		return c.Severity == ""
	case "task":
		return c.Task == ""
	case "point":
		return c.Point == ""
	case "answer":
		return c.Answer == ""
	case "text":
		return c.Text == ""
	case "number":
		return c.Number == 0
	case "audience":
		return c.Audience == ""
	case "stage":
		return c.Stage == ""
	case "message":
		return c.Message == ""
	case "package":
		return c.Package == ""
	case "version":
		return c.Version == ""
	case "projects":
		return len(c.Projects) == 0
	case "status":
		return c.Status == ""
	case "product":
		return c.Product == ""
	case "repository":
		return c.Repository == ""
	case "request":
		return c.Request == ""
	case "section":
		return c.Section == ""
	case "credit":
		return c.Credit == ""
	case "minutes":
		return c.Minutes == 0
	case "into":
		return c.Into == ""
	}
	return true
}

// What people write is bounded, far above what is sensible.
const (
	maxText   = 20_000
	maxReason = 2_000
	maxShort  = 200
	maxMany   = 1_000 // tasks, messages, rollbacks, projects of a command
)

func bounds(c tocsin.Command) error {
	for _, f := range []struct {
		name, text string
		most       int
	}{
		{"text", c.Text, maxText}, {"reason", c.Reason, maxReason}, {"task", c.Task, maxShort}, {"point", c.Point, maxShort},
		{"answer", c.Answer, maxShort}, {"package", c.Package, maxShort}, {"version", c.Version, maxShort}, {"by", c.By.Name, maxShort},
		{"to", c.To.Name, maxShort}, {"to.id", c.To.ID, maxShort}, {"range", c.Range, maxReason}, {"into", c.Into, maxShort}, {"repository", c.Repository, maxShort}, {"message", c.Message, maxShort},
	} {
		if len(f.text) > f.most {
			return fmt.Errorf("%w: %s: %s is longer than %d bytes", tocsin.ErrInvalid, c.Do, f.name, f.most)
		}
	}
	if len(c.Projects) > maxMany {
		return fmt.Errorf("%w: %s: more than %d projects", tocsin.ErrInvalid, c.Do, maxMany)
	}
	return nil
}
