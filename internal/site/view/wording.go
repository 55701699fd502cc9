package view

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Wording is what an action says to those who read it, or asks for, so that whoever agrees to it knows to what.
type Wording struct{ Title, Text string }

func wording(a tocsin.Action) (w Wording) {
	var err error
	read := func(p any) { err = json.Unmarshal(a.Payload, p) }
	switch a.Kind {
	case tocsin.ActionIssue:
		var p tocsin.IssuePayload
		read(&p)
		w = Wording{p.Title, p.Body}
	case tocsin.ActionComment:
		var p tocsin.CommentPayload
		read(&p)
		w = Wording{p.News, p.Body}
	case tocsin.ActionDraft:
		var p tocsin.DraftPayload
		read(&p)
		var of []string
		for _, v := range p.Vulnerabilities {
			of = append(of, strings.TrimSpace(fmt.Sprintf("%s/%s %s, fixed in %s", v.Ecosystem, v.Name, v.Range, orNone(v.Patched))))
		}
		w = Wording{p.Summary, strings.Join(of, "\n") + "\n\n" + p.Description}
	case tocsin.ActionReport:
		var p tocsin.ReportPayload
		read(&p)
		w = Wording{p.Summary, p.Description}
	case tocsin.ActionRequest:
		var p tocsin.RequestPayload
		read(&p)
		w = Wording{map[tocsin.AdvisoryRequest]string{
			tocsin.RequestCVE:         "GitHub is asked for a CVE id. It cannot be taken back.",
			tocsin.RequestFork:        "GitHub makes a private fork, for those who see the draft.",
			tocsin.RequestPublication: "The advisory draft is published. It cannot be taken back.",
		}[p.Request], ""}
	}
	if err != nil {
		return Wording{Title: "What it says cannot be read: do not agree to it."}
	}
	w.Text = cut(maxWording, w.Text)
	return w
}

// maxWording bounds a text, in characters.
const maxWording = 20_000

func orNone(s string) string {
	if s == "" {
		return "no version yet"
	}
	return s
}
