package tocsin

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Notice tells one receiver what is new in incidents. It is the payload of an [ActionNotice], whose key names the receiver and what it
// tells of: "notice/pager/INC-CVE-2021-44228/7".
type Notice struct {
	// Receiver by name; "person:ada/mail" is a person by the contact that the governance has of them.
	Receiver string `json:"receiver"`
	// Subject is one line, Text plain text of several. Neither has control characters, but names in them may say anything: whoever writes
	// them in a language with markup escapes them.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// URL is where there is more; empty: nowhere.
	URL string `json:"url,omitempty"`
	// Thread is the same for all notices that belong together.
	Thread string `json:"thread"`
	// Items are what it tells of.
	Items []NoticeItem `json:"items"`
	// Urgent is set where somebody must act now.
	Urgent bool `json:"urgent,omitempty"`
	// Embargoed is set where something in it is under embargo.
	Embargoed bool `json:"embargoed,omitempty"`
	// Why it is sent.
	Why string `json:"why"`
}

// A NoticeItem is what a [Notice] tells of one incident.
type NoticeItem struct {
	Incident string `json:"incident"`
	// Upto is the number of the last event that it tells of; for a public receiver, of the last public entry.
	Upto int    `json:"upto"`
	News []News `json:"news"`
}

// News is a kind of thing that people want to hear of.
type News string

// The kinds of news.
const (
	NewsOpened     News = "opened"      // it was opened or declared, or split off
	NewsGrew       News = "grew"        // a project or version joined
	NewsWorse      News = "worse"       // severity or urgency changed
	NewsReopened   News = "reopened"    // it came back, as a whole or in one project
	NewsFixed      News = "fixed"       // the fix is validated
	NewsOver       News = "over"        // resolved, or goes on in another incident
	NewsStoodDown  News = "stood down"  // it was none
	NewsCorrected  News = "corrected"   // something that was told was wrong
	NewsMessage    News = "message"     // a message went out
	NewsLate       News = "late"        // an update that was promised is late
	NewsCall       News = "call"        // somebody is called for help
	NewsUnanswered News = "no response" // nobody has acknowledged it yet
)

// AllNews lists the kinds.
func AllNews() []News {
	return []News{NewsOpened, NewsGrew, NewsWorse, NewsReopened, NewsFixed, NewsOver, NewsStoodDown, NewsCorrected, NewsMessage, NewsLate, NewsCall, NewsUnanswered}
}

// A NoticeMatch selects incidents, and news of them. Of each field one must fit; an empty one fits all.
type NoticeMatch struct {
	Urgency  []Urgency `json:"urgency,omitempty"`
	Severity []Level   `json:"severity,omitempty"`
	Group    []string  `json:"group,omitempty"`
	Project  []string  `json:"project,omitempty"`
	Playbook []string  `json:"playbook,omitempty"`
	Incident []string  `json:"incident,omitempty"`
	News     []News    `json:"news,omitempty"`
	Receiver []string  `json:"receiver,omitempty"`
}

// Fits says whether an incident is selected, whatever the news and the receiver.
func (m NoticeMatch) Fits(inc Incident) bool {
	return in(m.Urgency, inc.Urgency) && in(m.Severity, inc.Severity) && in(m.Group, inc.Group) && in(m.Playbook, inc.Playbook) && in(m.Incident, inc.Key) &&
		(len(m.Project) == 0 || slices.ContainsFunc(inc.Projects, func(p IncidentProject) bool { return slices.Contains(m.Project, p.Slug) }))
}

// Tells says whether news for a receiver is selected.
func (m NoticeMatch) Tells(n News, receiver string) bool {
	return in(m.News, n) && in(m.Receiver, receiver)
}

// String writes it as [ParseMatch] reads it.
func (m NoticeMatch) String() string {
	var out []string
	say := func(key string, values []string) {
		if len(values) > 0 {
			out = append(out, key+"="+strings.Join(values, "|"))
		}
	}
	say("urgency", words(m.Urgency))
	say("severity", words(m.Severity))
	say("group", m.Group)
	say("project", m.Project)
	say("playbook", m.Playbook)
	say("incident", m.Incident)
	say("news", words(m.News))
	say("receiver", m.Receiver)
	return strings.Join(out, ",")
}

func words[T ~string](list []T) []string {
	var out []string
	for _, one := range list {
		out = append(out, string(one))
	}
	return out
}

// maxMatch bounds a text that selects, in bytes.
const maxMatch = 2000

// ParseMatch reads "group=payments,severity=low|medium": all of the keys, and of each key one of the values.
func ParseMatch(text string) (m NoticeMatch, err error) {
	if strings.TrimSpace(text) == "" || len(text) > maxMatch {
		return m, fmt.Errorf("%w: match: want 1 to %d bytes such as group=payments,severity=low|medium", ErrInvalid, maxMatch)
	}
	for _, part := range strings.Split(text, ",") {
		key, list, ok := strings.Cut(strings.TrimSpace(part), "=")
		values := strings.Split(list, "|")
		if !ok || slices.Contains(values, "") {
			return m, fmt.Errorf("%w: match: %q: want key=value or key=one|other", ErrInvalid, part)
		}
		if err := m.Add(key, values); err != nil {
			return m, err
		}
	}
	return m, nil
}

// Add selects by one more key.
func (m *NoticeMatch) Add(key string, values []string) error {
	text := map[string]*[]string{"group": &m.Group, "project": &m.Project, "playbook": &m.Playbook, "incident": &m.Incident, "receiver": &m.Receiver}
	if to := text[key]; to != nil {
		*to = append(*to, values...)
		return nil
	}
	for _, v := range values {
		var err error
		switch key {
		case "urgency":
			m.Urgency = append(m.Urgency, Urgency(v))
			err = oneOf("match: urgency", Urgency(v), UrgencyEmergency, UrgencyHold, UrgencyRoutine)
		case "severity":
			m.Severity = append(m.Severity, Level(v))
			err = Level(v).Validate()
		case "news":
			m.News = append(m.News, News(v))
			err = oneOf("match: news", News(v), AllNews()...)
		default:
			err = fmt.Errorf("%w: match: there is no %q: want urgency, severity, group, project, playbook, incident, news or receiver", ErrInvalid, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A Silence keeps news from being told for a while. An emergency that nobody acknowledged is told all the same.
type Silence struct {
	ID    string      `json:"id"`
	Match NoticeMatch `json:"match"`
	// By is who made it, by name, and Reason why.
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	// EndedBy ended it before its time; then Until is when.
	EndedBy string `json:"ended_by,omitempty"`
}

// MaxSilence is how long something may be kept quiet at a time.
const MaxSilence = 90 * Day

// Validate refuses a silence that is over before it begins, is too long, or does not say who made it and why.
func (s Silence) Validate() error {
	switch {
	case !s.Until.After(s.From) || s.Until.Sub(s.From) > MaxSilence:
		return fmt.Errorf("%w: until: want a time in the next 90 days", ErrInvalid)
	case strings.TrimSpace(s.Reason) == "" || len(s.Reason) > 1000:
		return fmt.Errorf("%w: reason: it is missing or long, and others will read why it is quiet", ErrInvalid)
	case strings.TrimSpace(s.By) == "" || len(s.By) > 200:
		return fmt.Errorf("%w: by: it is missing or long: say who you are", ErrInvalid)
	}
	return nil
}

// Holds says whether it is in force.
func (s Silence) Holds(now time.Time) bool { return !now.Before(s.From) && now.Before(s.Until) }

// A NoticeRecord says that a receiver was told of an incident, or why not: one line of the log by which nobody is told twice.
type NoticeRecord struct {
	Receiver string    `json:"receiver"`
	Incident string    `json:"incident"`
	Upto     int       `json:"upto"`
	At       time.Time `json:"at"`
	// Notice is the key of the action; empty: it was passed over, for good.
	Notice string `json:"notice,omitempty"`
	News   []News `json:"news"`
	// Route by name; empty for a call.
	Route string `json:"route,omitempty"`
	Why   string `json:"why"`
}
