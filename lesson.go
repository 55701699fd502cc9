package tocsin

import "time"

// A Lesson is one section of a closed review.
type Lesson struct {
	Incident string `json:"incident"`
	// Title is what the incident was about.
	Title   string    `json:"title"`
	At      time.Time `json:"at"` // when the review was closed
	Section Section   `json:"section"`
	Text    string    `json:"text"`
}

// A Likeness is an incident with a closed review that another one is like.
type Likeness struct {
	Incident string `json:"incident"`
	Title    string `json:"title"`
	// Why says what the two have in common, the weightiest first.
	Why []string `json:"why"`
	// Lesson is what to read first: what hindered, or else what helped, or the causes.
	Lesson Lesson `json:"lesson"`
}

// A Retrospective is what emergencies and holds came to over a time: how long things took, what was news, who gave what.
type Retrospective struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"` // not included
	Periods []Period  `json:"periods"`
	// People gave time, most first; Minutes is the sum.
	People  []Share `json:"people"`
	Minutes int     `json:"minutes"`
	// Thanks are the credits, most contributions first.
	Thanks []Thanks `json:"thanks"`
	// Asked is how many actions the reviews asked for, Done how many of them are; Late are those that should be and are not.
	Asked int             `json:"asked"`
	Done  int             `json:"done"`
	Late  []LateAction    `json:"late"`
	Open  []OpenIncident  `json:"open"`
	All   []IncidentMarks `json:"incidents"`
}

// A Period is one part of the time of a [Retrospective].
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Alerts are the emergencies and holds that were opened in it; News those of them that turned out to be some, and False those that did not.
	Alerts int `json:"alerts"`
	News   int `json:"news"`
	False  int `json:"false"`
	// Half of the emergencies took at most so long, in seconds; -1 where none is known.
	Median MarksInSeconds `json:"median"`
}

// MarksInSeconds are [Measures] in seconds; -1 is not known.
type MarksInSeconds struct {
	Detect      int `json:"detect"`
	Acknowledge int `json:"acknowledge"`
	Mobilise    int `json:"mobilise"`
	Contain     int `json:"contain"`
	Fix         int `json:"fix"`
	Resolve     int `json:"resolve"`
	Review      int `json:"review"`
}

// IncidentMarks are the measures of one incident.
type IncidentMarks struct {
	Incident string         `json:"incident"`
	Title    string         `json:"title"`
	OpenedAt time.Time      `json:"opened_at"`
	State    IncidentState  `json:"state"`
	Marks    MarksInSeconds `json:"marks"`
	Minutes  int            `json:"minutes"`
}

// A Share is the time that somebody gave.
type Share struct {
	Who       Actor `json:"who"`
	Minutes   int   `json:"minutes"`
	Incidents int   `json:"incidents"`
}

// Thanks is what one person, or tool, contributed to incidents.
type Thanks struct {
	Who string `json:"who"`
	// For are the contributions: each type in each incident once, by incident.
	For []Contribution `json:"for"`
}

// A Contribution is what somebody is thanked for in an incident.
type Contribution struct {
	Incident string     `json:"incident"`
	Type     CreditType `json:"type"`
}

// A LateAction is what a review asked for and nobody has done in time.
type LateAction struct {
	Incident string       `json:"incident"`
	Action   ReviewAction `json:"action"`
}

// An OpenIncident is an emergency that is over and has no closed review.
type OpenIncident struct {
	Incident string    `json:"incident"`
	Title    string    `json:"title"`
	Due      time.Time `json:"review_due,omitzero"`
}
