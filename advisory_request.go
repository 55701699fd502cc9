package tocsin

import "time"

// An AdvisoryRequest is what a forge is asked for the advisory draft of a project.
// https://docs.github.com/rest/security-advisories/repository-advisories
type AdvisoryRequest string

// The requests. None can be taken back.
const (
	RequestCVE         AdvisoryRequest = "cve"          // an id for the flaw, from the forge's CVE numbering authority
	RequestFork        AdvisoryRequest = "private-fork" // a fork where the fix is made out of sight
	RequestPublication AdvisoryRequest = "publication"  // everybody who may read the repository reads the advisory
)

// AdvisoryRequests lists all requests.
func AdvisoryRequests() []AdvisoryRequest {
	return []AdvisoryRequest{RequestCVE, RequestFork, RequestPublication}
}

// Final says whether the request needs two people: others see what comes of it.
func (r AdvisoryRequest) Final() bool { return r != RequestFork }

// An AskedFor is a request that somebody wants made for a project.
type AskedFor struct {
	Request AdvisoryRequest `json:"request"`
	By      Actor           `json:"by"`
	At      time.Time       `json:"at"`
}

// RequestPayload is a request for the draft that the action of After made.
type RequestPayload struct {
	Request AdvisoryRequest `json:"request"`
}
