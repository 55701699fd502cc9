package tocsin

import "time"

// A Ruling is what a decision says, without its reason.
type Ruling struct {
	Gate     Gate     `json:"gate"`
	Response Response `json:"response"`
	// GateRule and ResponseRule are as in [Decision].
	GateRule     string `json:"gate_rule,omitempty"`
	ResponseRule string `json:"response_rule,omitempty"`
}

// Ruling gives what the decision says.
func (d Decision) Ruling() Ruling { return Ruling{d.Gate, d.Response, d.GateRule, d.ResponseRule} }

// A Shadowed is one finding as the policies in force judged it, and as they would have with a shadow policy among them, for
// the time that both said so. Nothing follows from it.
type Shadowed struct {
	Policy  string `json:"policy"` // digest of the shadow policy
	Project string `json:"project"`
	Class   string `json:"class"`
	// The package, without what differs from place to place.
	Ecosystem string `json:"ecosystem"`
	Package   string `json:"package"`
	Version   string `json:"version"`
	Origin    string `json:"origin"` // kind and address
	// Inventory, Snapshot and InForce are the digests and the id that the first decision of the time was derived from; InForce is
	// of the policies in force.
	Inventory string `json:"inventory"`
	Snapshot  string `json:"snapshot"`
	InForce   string `json:"in_force"`
	Live      Ruling `json:"live"`
	Shadow    Ruling `json:"shadow"`
	// Since is when they first said so, Until when they said otherwise or the finding was gone; zero if it stands.
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
}

// A ShadowRun says how long a shadow policy was evaluated.
type ShadowRun struct {
	Policy string    `json:"policy"` // digest
	Name   string    `json:"name"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Runs   int       `json:"runs"`
}
