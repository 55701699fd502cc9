package tocsin

import "time"

// A RiskDay is how many findings stood at the end of a day in UTC, by what was asked for; today's is as it is now.
type RiskDay struct {
	Day       time.Time `json:"day"`
	Issue     int       `json:"issue"`
	Hold      int       `json:"hold"`
	Emergency int       `json:"emergency"`
}
