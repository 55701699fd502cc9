package view

import (
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestWording: whoever agrees to an action reads what it says, or what it asks for.
func TestWording(t *testing.T) {
	for _, c := range []struct {
		kind    tocsin.ActionKind
		payload any
		want    []string
	}{
		{tocsin.ActionIssue, tocsin.IssuePayload{Title: "an issue", Body: "its body"}, []string{"an issue", "its body"}},
		{tocsin.ActionComment, tocsin.CommentPayload{News: "fixed", Body: "in 2.0"}, []string{"fixed", "in 2.0"}},
		{tocsin.ActionDraft, tocsin.DraftPayload{Summary: "a draft", Description: "of it", Vulnerabilities: []tocsin.DraftVulnerability{{Ecosystem: "npm", Name: "left", Range: "< 2"}}},
			[]string{"a draft", "of it", "npm/left < 2, fixed in no version yet"}},
		{tocsin.ActionReport, tocsin.ReportPayload{Summary: "a report", Description: "to them"}, []string{"a report", "to them"}},
		{tocsin.ActionRequest, tocsin.RequestPayload{Request: tocsin.RequestPublication}, []string{"publication"}},
		{tocsin.ActionRequest, tocsin.RequestPayload{Request: tocsin.RequestCVE}, []string{"the cve"}},
	} {
		a, err := tocsin.NewAction(c.kind, "k", c.payload)
		if err != nil {
			t.Fatal(err)
		}
		got := wording(a)
		for _, want := range c.want {
			if !strings.Contains(got.Title+"\n"+got.Text, want) {
				t.Errorf("%s: %+v lacks %q", c.kind, got, want)
			}
		}
	}
	if got := wording(tocsin.Action{Kind: tocsin.ActionDraft, Payload: []byte("{")}); !strings.Contains(got.Title, "do not agree") {
		t.Errorf("%+v", got)
	}
}
