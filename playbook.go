package tocsin

import "time"

// A Role in an incident. Its holder is nobody until a person takes it.
type Role struct {
	Name   RoleName  `json:"name"`
	Holder Actor     `json:"holder,omitzero"`
	Since  time.Time `json:"since,omitzero"`
	// Offered is who was asked to take it over. Until they accept, the holder holds it.
	Offered   Actor     `json:"offered,omitzero"`
	OfferedAt time.Time `json:"offered_at,omitzero"`
	// OfferedBy is who asked, and OfferLate that they were told that nobody answered.
	OfferedBy Actor `json:"offered_by,omitzero"`
	OfferLate bool  `json:"offer_late,omitempty"`
	// Before are those who held it before, oldest first.
	Before []Tenure `json:"before,omitempty"`
}

// A Tenure is a time in which somebody held a role.
type Tenure struct {
	Holder Actor     `json:"holder"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// RoleName is one of the roles.
type RoleName string

// The roles of an emergency.
const (
	RoleCommander RoleName = "incident commander"
	RoleTechnical RoleName = "technical lead"
	RoleLiaison   RoleName = "communications liaison"
	RoleRelease   RoleName = "release manager"
	RoleScribe    RoleName = "scribe"
)

// Roles lists the roles that every emergency fills. A scribe is welcome and not needed.
func Roles() []RoleName { return []RoleName{RoleCommander, RoleTechnical, RoleLiaison, RoleRelease} }

// Known says whether there is such a role.
func (r RoleName) Known() bool {
	switch r {
	case RoleCommander, RoleTechnical, RoleLiaison, RoleRelease, RoleScribe:
		return true
	}
	return false
}

// A Task of an incident, from its playbook or added by a person.
type Task struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Role  RoleName  `json:"role"`
	Owner Actor     `json:"owner,omitzero"` // nobody: who holds the role
	Due   time.Time `json:"due"`
	// Needs are the tasks and decision points that come before it, by id.
	Needs []string `json:"needs,omitempty"`
	// Only is the answer, "point=answer", without which it is not to be done.
	Only string `json:"only,omitempty"`
	// Proof asks for evidence: it is done only with some.
	Proof  bool      `json:"proof,omitempty"`
	Done   bool      `json:"done,omitempty"`
	DoneAt time.Time `json:"done_at,omitzero"`
	DoneBy Actor     `json:"done_by,omitzero"`
	// Evidence is what whoever did it says of it.
	Evidence string `json:"evidence,omitempty"`
	// Reminded is when its owner was last told that it is late.
	Reminded time.Time `json:"reminded,omitzero"`
}

// An Answer is how a decision point of the playbook was decided.
type Answer struct {
	Point  string    `json:"point"`
	Answer string    `json:"answer"`
	By     Actor     `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// A Playbook is the versioned steps for one type of incident.
type Playbook struct {
	Name    string
	Version int
	Title   string
	About   string
	// Tasks are the first steps, with their due time counted from the opening.
	Tasks []PlaybookTask
	// Decisions are the points where the way forks.
	Decisions []DecisionPoint
	// Advice is what a project's maintainers are told to do.
	Advice []string
	// Acceptance says in words when a project counts as fixed.
	Acceptance string
	// Criteria are what must hold before the fix counts as validated, besides that every project is clear; Soak is how long it must hold
	// before the incident is over.
	Criteria []Criterion
	Soak     time.Duration
	// Messages are first drafts by audience and stage.
	Messages []MessageTemplate
}

// A PlaybookTask is a step of a [Playbook].
type PlaybookTask struct {
	ID    string
	Title string
	Role  RoleName
	Due   time.Duration
	// Needs, Only and Proof are those of the [Task].
	Needs []string
	Only  string
	Proof bool
}

// A DecisionPoint is a question of a [Playbook] with the answers that there are.
type DecisionPoint struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Role     RoleName `json:"role"`
	// Answers by name, with what follows from each.
	Answers []PointAnswer `json:"answers"`
	// Needs are as those of a [Task].
	Needs []string `json:"needs,omitempty"`
}

// A PointAnswer is one answer of a [DecisionPoint].
type PointAnswer struct {
	Name  string `json:"name"`
	Means string `json:"means"`
}

// A MessageTemplate is the first draft of a message. In its text {{.What}} stands for that field of [Blanks], and so do the others.
type MessageTemplate struct {
	Audience Audience `json:"audience"`
	Stage    Stage    `json:"stage"`
	Text     string   `json:"text"`
}

// Blanks are what a [MessageTemplate] can fill in, as Markdown that is safe to show.
type Blanks struct {
	What       string // the ids of the class, or the title
	Summary    string
	Packages   string // affected, name@version, each once
	Fixed      string // name@version that fixes it
	Severity   string
	State      string
	Leads      string // the incident commander
	Projects   int    // affected or not yet clear
	Clear      int
	Opened     string
	NextUpdate string
}

// Task gives a task by its id; nil if there is none.
func (i *Incident) Task(id string) *Task {
	for n := range i.Tasks {
		if i.Tasks[n].ID == id {
			return &i.Tasks[n]
		}
	}
	return nil
}

// Role gives a role by its name; nil if the incident has none such.
func (i *Incident) Role(name RoleName) *Role {
	for n := range i.Roles {
		if i.Roles[n].Name == name {
			return &i.Roles[n]
		}
	}
	return nil
}
