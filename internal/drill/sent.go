package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// Sent is a text that a drill would have sent, had it not been one. It is all that is ever done with it.
type Sent struct {
	At    time.Time
	Kind  string // issue, comment, advisory-draft, advisory-request, vulnerability-report, message, public page
	To    string
	Title string
	Body  string
}

// coordination is where the incidents of a drill are led from.
var coordination = incidents.Coordination{Repository: nowhere + "/coordination", Visibility: tocsin.VisibilityPrivate}

// post keeps what an incident wants sent now and did not want before.
func (r *run) post(inc tocsin.Incident) error {
	actions, err := r.writer.Actions(inc, r.projects, r.rules.Playbooks, coordination)
	if err != nil {
		return err
	}
	for _, a := range actions {
		if r.wanted[a.Key] == string(a.Payload) {
			continue
		}
		r.wanted[a.Key] = string(a.Payload)
		title, text, err := a.Wording()
		if err != nil {
			return err
		}
		if !strings.HasPrefix(title, incidents.ExerciseMark) { // what has no title of its own
			title = incidents.ExerciseMark + ": " + title
		}
		r.keep(Sent{At: r.now, Kind: string(a.Kind), To: a.Repository, Title: title, Body: text})
	}
	for _, m := range inc.Messages {
		key := "message/" + inc.Key + "/" + m.ID
		if m.SentAt.IsZero() || r.wanted[key] != "" {
			continue
		}
		r.wanted[key] = m.Text
		r.keep(Sent{At: r.now, Kind: "message", To: string(m.Audience), Title: fmt.Sprintf("%s: %s message %s", incidents.ExerciseMark, m.Stage, m.ID), Body: m.Text})
	}
	if p, ok := incidents.Publish(inc); ok {
		page, key := incidents.PublicMarkdown(p), "public/"+inc.Key
		if r.wanted[key] != page {
			r.wanted[key] = page
			r.keep(Sent{At: r.now, Kind: "public page", To: "everybody", Title: p.Title, Body: incidents.ExerciseMark + "\n\n" + page})
		}
	}
	return nil
}

func (r *run) keep(s Sent) {
	r.out.Sent = append(r.out.Sent, s)
	line := s.Title
	if s.Kind == "comment" || s.Kind == "message" {
		line = s.Title + ": " + said(s.Body)
	}
	short := drill.SentShort{At: s.At, Kind: s.Kind, To: s.To, Line: markdown.Line(line, 160), Times: 1}
	list := r.out.Result.Sent
	if i := slices.IndexFunc(list, func(o drill.SentShort) bool { return o.Kind == short.Kind && o.To == short.To && o.Line == short.Line }); i >= 0 {
		list[i].Times++
		return
	}
	r.out.Result.Sent = append(list, short)
}

// said is the first line of a text that says something besides that it is an exercise.
func said(body string) string {
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, incidents.ExerciseMark+": "))
		if line != "" && !strings.HasPrefix(line, "this is a drill") {
			return line
		}
	}
	return ""
}
