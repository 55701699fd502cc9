package tocsin

import (
	"encoding/json"
	"time"
)

// A DrillRun is a drill that was held through the service.
type DrillRun struct {
	ID string `json:"id"`
	// Drill is the name of the scenario, Title what it is about.
	Drill string    `json:"drill"`
	Title string    `json:"title"`
	At    time.Time `json:"at"`
	By    Actor     `json:"by"`
	// Reference says that it was played with the scenario's own moves: it says nothing of any team.
	Reference bool `json:"reference,omitempty"`
	Score     int  `json:"score"`
	Of        int  `json:"of"`
	// Result is how it went, as "tocsin drill run --format json" writes it.
	Result json.RawMessage `json:"result"`
}
