package tocsin

import "slices"

// A Reachability says how far the code of a project gets to the flaw of a [Finding]. It never changes what is affected: code
// that is not called today is called tomorrow, and no analysis sees a call by reflection, by linkname or from assembly.
type Reachability struct {
	Reach Reach `json:"reach"`
	// Advisory is the record whose functions were looked for.
	Advisory string `json:"advisory,omitempty"`
	// Trace is the shortest chain of calls that was found, from the project's own code to the flawed function.
	Trace []Call `json:"trace,omitempty"`
	// Reason says why it is not known, or what makes it less exact.
	Reason string `json:"reason,omitempty"`
}

// A Call is one function on a chain of calls.
type Call struct {
	// Function with the import path of its package and its receiver: "example.com/shop/cart.(*Cart).Add".
	Function string `json:"function"`
	// At is where it calls the next one; only in the project's own code, relative to what was scanned.
	At Location `json:"at,omitzero"`
}

// Reach is how far the code gets.
type Reach string

// The reaches, farthest first.
const (
	ReachCalled   Reach = "called"   // a function that is flawed may be called
	ReachImported Reach = "imported" // its package is compiled in, and no call was found
	ReachPresent  Reach = "present"  // its module is required, and its package is not compiled in
	ReachUnknown  Reach = "unknown"  // it could not be looked at; the reason says why
)

// Farther gives of two reaches the one that is nearer to the flaw. What is not known may be called, and what nobody looked at counts for nothing.
func (r Reach) Farther(other Reach) Reach {
	order := []Reach{"", ReachPresent, ReachImported, ReachUnknown, ReachCalled}
	if slices.Index(order, other) > slices.Index(order, r) {
		return other
	}
	return r
}
