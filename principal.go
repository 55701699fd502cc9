package tocsin

import "slices"

// A Principal is who asks: a person who signed in, a machine with a token, or a pipeline that its platform vouches for.
type Principal struct {
	Kind PrincipalKind `json:"kind"`
	// ID stays when the name changes: a person's or a token's in the store, or what a pipeline's platform calls its subject.
	// Where two must differ, such as those who approve, it is the ids that do.
	ID string `json:"id,omitempty"`
	// Name is what the audit log calls it: a login, a token's name, or a pipeline's repository.
	Name string `json:"name"`
	// Grants are what it may do and where; none: nothing.
	Grants []Grant `json:"grants"`
}

// PrincipalKind says how a [Principal] proved who it is.
type PrincipalKind string

// The kinds of principal.
const (
	PrincipalPerson   PrincipalKind = "person"
	PrincipalToken    PrincipalKind = "token"
	PrincipalPipeline PrincipalKind = "pipeline"
	PrincipalSystem   PrincipalKind = "system" // tocsin itself
)

// A Grant is an access in a place.
type Grant struct {
	Access Access `json:"access"`
	// Group of projects; empty: all groups. Project narrows it to one project, by slug; empty: all of the group.
	Group   string `json:"group,omitempty"`
	Project string `json:"project,omitempty"`
}

// Access is how much somebody may do.
type Access string

// The accesses. Each of a person's may all that those before it may; gate and sender are for machines and show nothing but what
// was sent.
const (
	AccessGate      Access = "gate"   // ask for a verdict
	AccessSender    Access = "sender" // send inventories too
	AccessViewer    Access = "viewer"
	AccessResponder Access = "responder"
	AccessSecurity  Access = "security"
	AccessAdmin     Access = "admin"
)

// A Permission is one thing that somebody may do.
type Permission string

// The permissions.
const (
	MayGate    Permission = "gate"    // have an inventory judged
	MaySend    Permission = "send"    // add an inventory to a project
	MayRead    Permission = "read"    // projects, findings, decisions, incidents, actions
	MayRespond Permission = "respond" // acknowledge, judge actions, work on incidents
	MayManage  Permission = "manage"  // projects, policies, exceptions, feeds; and see what is under embargo
	MayRule    Permission = "rule"    // people, tokens, jobs, the audit log
)

// permissions of each access.
var permissions = map[Access][]Permission{
	AccessGate:      {MayGate},
	AccessSender:    {MayGate, MaySend},
	AccessViewer:    {MayGate, MayRead},
	AccessResponder: {MayGate, MayRead, MaySend, MayRespond},
	AccessSecurity:  {MayGate, MayRead, MaySend, MayRespond, MayManage},
	AccessAdmin:     {MayGate, MayRead, MaySend, MayRespond, MayManage, MayRule},
}

// May says whether somebody may do something to a project. The zero project stands for all projects and for what belongs to none:
// only a grant without group and project reaches that.
func (p Principal) May(what Permission, project Project) bool {
	for _, g := range p.Grants {
		if (g.Group == "" || g.Group == project.Group) && (g.Project == "" || g.Project == project.Slug) && slices.Contains(permissions[g.Access], what) {
			return true
		}
	}
	return false
}

// MaySomewhere says whether there is any project to which somebody may do something.
func (p Principal) MaySomewhere(what Permission) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return slices.Contains(permissions[g.Access], what) })
}

// MayGive says whether somebody may give a grant to another: who rules a place may, in that place and within it.
func (p Principal) MayGive(g Grant) bool {
	return slices.ContainsFunc(p.Grants, func(own Grant) bool {
		return slices.Contains(permissions[own.Access], MayRule) && (own.Group == "" || own.Group == g.Group) && (own.Project == "" || own.Project == g.Project)
	})
}

// MayKnow says whether somebody may see what is said of a project about a class: what is known from private feeds only is under
// embargo, and for those who manage the project.
func (p Principal) MayKnow(project Project, private bool) bool {
	return p.May(MayRead, project) && (!private || p.May(MayManage, project))
}

// Validate reports the first thing that is wrong with the grant, as an [ErrInvalid].
func (g Grant) Validate() error {
	return oneOf("access", g.Access, AccessGate, AccessSender, AccessViewer, AccessResponder, AccessSecurity, AccessAdmin)
}
