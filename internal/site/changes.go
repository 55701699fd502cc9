package site

import (
	"net/url"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// changes are the policies that somebody wants in force or taken back.
func (v *visit) changes() (shown, error) {
	got, err := web.Get[web.PolicyChanges](v.Client, "listPolicyChanges", web.Ask{})
	return shown{title: "Changes of policies", body: got.Items}, err
}

// A changedLine is one of two texts that are laid beside each other.
type changedLine struct {
	// Sign is + for what comes, - for what goes, a space for what stays, and … for what is left out.
	Sign, Text string
}

// change is one, with what it changes.
func (v *visit) change() (shown, error) {
	got, err := web.Get[web.PolicyChangeText](v.Client, "getPolicyChange", web.Ask{Path: map[string]string{"id": v.r.PathValue("id")}})
	if err != nil {
		return shown{}, err
	}
	body := struct {
		web.PolicyChangeText
		Lines     []changedLine
		CaseLines []line
		Left      int
		// Replays says that they may replay it.
		Replays bool
		Tried   url.Values
	}{PolicyChangeText: got, Tried: v.tried, Replays: v.MayEverywhere(tocsin.MayRead)}
	body.Lines, body.Left = difference(got.Before, got.Text+got.After) // one of which it has
	body.CaseLines, _ = numbered(got.Cases, every)
	return shown{title: "Change of " + got.Policy, body: body}, nil
}

// difference is what changes between two texts, with the lines around it. left is how many lines of it are not there, since the page would
// be too large.
func difference(before, after string) (out []changedLine, left int) {
	d := diffmatchpatch.New()
	a, b, lines := d.DiffLinesToRunes(before, after)
	size := 0
	add := func(sign, text string) {
		if text, _ = strings.CutSuffix(text, "\n"); len([]rune(text)) > maxWide {
			text = string([]rune(text)[:maxWide]) + "…"
		}
		if size += len(text); len(out) == maxLines || size > maxText {
			left++
			return
		}
		out = append(out, changedLine{sign, text})
	}
	parts := d.DiffCharsToLines(d.DiffMainRunes(a, b, false), lines)
	for i, part := range parts {
		text := strings.SplitAfter(part.Text, "\n")
		if text[len(text)-1] == "" {
			text = text[:len(text)-1]
		}
		from, to := 0, 0 // the lines that stand between two changes and far from both
		switch {
		case part.Type != diffmatchpatch.DiffEqual:
		case i == 0:
			to = len(text) - around
		case i == len(parts)-1:
			from, to = around, len(text)
		default:
			from, to = around, len(text)-around
		}
		for n, one := range text {
			switch {
			case to-from > 1 && n == from:
				add("…", "")
			case to-from > 1 && n > from && n < to:
			default:
				add(map[diffmatchpatch.Operation]string{diffmatchpatch.DiffEqual: " ", diffmatchpatch.DiffInsert: "+", diffmatchpatch.DiffDelete: "-"}[part.Type], one)
			}
		}
	}
	return out, left
}

// propose has the text of the editor judged by a second person, or asks to have a policy taken back.
func (v *visit) propose() (string, error) {
	p := typed(v.r.PostForm)
	in := web.PolicyChangeInput{Off: v.r.PostForm.Get("off"), Reason: v.r.PostForm.Get("reason")}
	if in.Off == "" {
		in.Text, in.Cases = p.Text, p.Cases
	}
	made, err := web.Get[web.PolicyStanding](v.Client, "postPolicyChange", web.Ask{Body: in})
	return "/policy-changes/" + url.PathEscape(made.ID) + "?done=propose-policy", err
}

// judgeChange says what becomes of a change.
func (v *visit) judgeChange() (string, error) {
	id, f := v.r.PathValue("id"), v.r.PostForm
	in := web.PolicyVerdictInput{Verdict: tocsin.PolicyVerdict(f.Get("verdict")), Answer: f.Get("answer")}
	_, err := web.Get[web.PolicyStanding](v.Client, "judgePolicyChange", web.Ask{Path: map[string]string{"id": id}, Body: in})
	return "/policy-changes/" + url.PathEscape(id) + "?done=" + url.QueryEscape(string(in.Verdict)) + "-policy", err
}
