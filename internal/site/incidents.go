package site

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// An incidentRow is one of a list.
type incidentRow struct {
	tocsin.Incident
	Lead  string
	Clear int
	// Left is how many tasks are not done.
	Left int
}

func newRow(inc tocsin.Incident) incidentRow {
	r := incidentRow{Incident: inc}
	if role := inc.Role(tocsin.RoleCommander); role != nil {
		r.Lead = role.Holder.Name
	}
	for _, p := range inc.Projects {
		if !p.Status.Harmed() {
			r.Clear++
		}
	}
	for _, t := range inc.Tasks {
		if !t.Done {
			r.Left++
		}
	}
	return r
}

// Name is what people call it: the id that is best known, or the title.
func (r incidentRow) Name() string { return incidentName(r.Incident) }

func incidentName(inc tocsin.Incident) string {
	return cmp.Or(inc.Class.ID, inc.Class.Summary, inc.Key)
}

// listing is what every list that is cut into pages has: the filters as they are, and where to go on.
type listing struct {
	Q           map[string]string
	First, Next string
	// JSON is where the API has the same list; empty: it is a part of another.
	JSON string
}

// listed takes the filters of a list from the address.
func (v *visit) listed(names ...string) listing {
	l := listing{Q: map[string]string{}}
	for _, name := range append(names, "cursor") {
		l.Q[name] = strings.TrimSpace(v.q(name))
	}
	return l
}

// page says where the list goes on.
func (l *listing) page(path, next string) {
	at := func(cursor string) string {
		values := url.Values{}
		for name, value := range l.Q {
			if value != "" && name != "cursor" {
				values.Set(name, value)
			}
		}
		if cursor != "" {
			values.Set("cursor", cursor)
		}
		if len(values) == 0 {
			return path
		}
		return path + "?" + values.Encode()
	}
	if strings.LastIndex(path, "/") == 0 {
		l.JSON = "/v1" + at(l.Q["cursor"])
	}
	if l.Q["cursor"] != "" {
		l.First = at("")
	}
	if next != "" {
		l.Next = at(next)
	}
}

func (v *visit) incidents() (shown, error) {
	body := struct {
		listing
		Rows            []incidentRow
		States          []tocsin.IncidentState
		Urgencies, Open []string
		MayDeclare      bool
	}{
		listing: v.listed("state", "urgency", "open", "group", "class", "project"), MayDeclare: v.May(tocsin.MayManage), Open: []string{"true", "false"},
		Urgencies: []string{string(tocsin.UrgencyEmergency), string(tocsin.UrgencyHold), string(tocsin.UrgencyRoutine)},
		States: []tocsin.IncidentState{tocsin.StateHold, tocsin.StateDetected, tocsin.StateMobilised, tocsin.StateContained, tocsin.StateFixValidated,
			tocsin.StateReopened, tocsin.StateResolved, tocsin.StateReviewed, tocsin.StateStoodDown, tocsin.StateMerged},
	}
	live, err := v.followAll()
	if err != nil {
		return shown{}, err
	}
	got, err := web.Get[web.Page[tocsin.Incident]](v.Client, "listIncidents", web.Ask{Query: body.Q})
	if err != nil {
		return shown{}, err
	}
	for _, inc := range got.Items {
		body.Rows = append(body.Rows, newRow(inc))
	}
	body.page("/incidents", got.Next)
	return shown{title: "Incidents", body: body, live: live}, nil
}

func (v *visit) declaring() (shown, error) {
	if !v.May(tocsin.MayManage) {
		return shown{}, tocsin.ErrForbidden
	}
	books, err := web.Get[web.Playbooks](v.Client, "listPlaybooks", web.Ask{})
	if err != nil {
		return shown{}, err
	}
	body := struct {
		Playbooks []web.PlaybookTitle
		Levels    []tocsin.Level
		Tried     url.Values
	}{books.Items, levels(), v.tried}
	return shown{title: "Declare an emergency", body: body}, nil
}

func levels() []tocsin.Level {
	return []tocsin.Level{tocsin.LevelLow, tocsin.LevelMedium, tocsin.LevelHigh, tocsin.LevelCritical}
}

func (v *visit) declare() (string, error) {
	f := v.r.PostForm
	d := tocsin.Declaration{
		Playbook: f.Get("playbook"), Title: strings.TrimSpace(f.Get("title")), Reason: strings.TrimSpace(f.Get("reason")), Severity: tocsin.Level(f.Get("severity")),
		Group: strings.TrimSpace(f.Get("group")), Projects: strings.Fields(f.Get("projects")), Private: f.Get("private") == "true",
	}
	slices.Sort(d.Projects)
	inc, err := web.Get[tocsin.Incident](v.Client, "postIncident", web.Ask{Body: d})
	if err != nil {
		return "", err
	}
	return "/incidents/" + url.PathEscape(inc.Key) + "?done=declare", nil
}
