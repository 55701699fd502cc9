package site

import (
	"net/url"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// A policyRow is one of the list, with how it fares if it is in the shadow.
type policyRow struct {
	web.Policy
	agreement
	To string
}

// An agreement is on how many of the findings that a policy in the shadow was asked about it said what was decided without it.
type agreement struct{ Findings, Agreed int }

func (v *visit) policies() (shown, error) {
	got, err := web.Get[web.Policies](v.Client, "listPolicies", web.Ask{})
	if err != nil {
		return shown{}, err
	}
	var rows []policyRow
	for _, p := range got.Items {
		row := policyRow{Policy: p, To: "/policies/" + url.PathEscape(p.Name)}
		if p.Mode != "enforce" {
			row.To += "?mode=" + p.Mode
		}
		if p.Mode == "shadow" {
			shadow, err := v.shadow(p.Name)
			if err != nil {
				return shown{}, err
			}
			if len(shadow.Items) > 0 {
				row.agreement = agreement{shadow.Items[0].Findings, shadow.Items[0].Agreed}
			}
		}
		rows = append(rows, row)
	}
	return shown{title: "Policies", body: struct {
		Rows             []policyRow
		Replays, Manages bool
	}{rows, v.MayEverywhere(tocsin.MayRead), v.MayEverywhere(tocsin.MayManage)}}, nil
}

func (v *visit) shadow(name string) (web.PolicyShadow, error) {
	return web.Get[web.PolicyShadow](v.Client, "getPolicyShadow", web.Ask{Path: map[string]string{"name": name}})
}

// A line of a text.
type line struct {
	N    int
	Text string
	// Faults are what is wrong in it.
	Faults []web.Fault
}

const (
	// maxLines bounds the lines of a text that a page shows, maxWide their length, and maxText all of it.
	maxLines, maxWide, maxText = 400, 300, 24 << 10
	// around is how many lines before and after a faulty one are shown with it.
	around = 2
)

// numbered takes a text apart into lines that are wanted. left is how many of them are not there, since the page would be too large.
func numbered(text string, wanted func(n int) bool) (out []line, left int) {
	n, size := 0, 0
	for one := range strings.Lines(text) {
		if n++; !wanted(n) {
			continue
		}
		one = strings.TrimRight(one, "\r\n")
		if r := []rune(one); len(r) > maxWide {
			one = string(r[:maxWide]) + "…"
		}
		if size += len(one); len(out) == maxLines || size > maxText {
			left++
			continue
		}
		out = append(out, line{N: n, Text: one})
	}
	return out, left
}

func every(int) bool { return true }

// faulty are the lines of a text in which something is wrong, with those around them.
func faulty(text string, faults []web.Fault) []line {
	by := map[int][]web.Fault{}
	for _, f := range faults {
		by[f.Line] = append(by[f.Line], f)
	}
	out, _ := numbered(text, func(n int) bool {
		for near := n - around; near <= n+around; near++ {
			if by[near] != nil && near > 0 {
				return true
			}
		}
		return false
	})
	for i := range out {
		out[i].Faults = by[out[i].N]
	}
	return out
}

// examples bounds the findings of the shadow that a page shows.
const examples = 30

func (v *visit) policy() (shown, error) {
	name := v.r.PathValue("name")
	got, err := web.Get[web.PolicyText](v.Client, "getPolicy", web.Ask{Path: map[string]string{"name": name}, Query: map[string]string{"mode": v.q("mode")}})
	if err != nil {
		return shown{}, err
	}
	body := struct {
		web.PolicyText
		Lines, CaseLines []line
		Left, CasesLeft  int
		Shadow           web.PolicyShadow
		Examples         int
		Edit, Replay     string
		Manages          bool
	}{PolicyText: got, Examples: examples, Edit: "/policies/" + url.PathEscape(name) + "/edit", Manages: v.MayEverywhere(tocsin.MayManage)}
	body.Lines, body.Left = numbered(got.Text, every)
	body.CaseLines, body.CasesLeft = numbered(got.Cases, every)
	if got.Mode != "enforce" {
		body.Edit += "?mode=" + got.Mode
	}
	if v.MayEverywhere(tocsin.MayRead) {
		body.Replay = "/replays?" + url.Values{"policy": {name}, "mode": {got.Mode}}.Encode()
	}
	if got.Mode == "shadow" {
		if body.Shadow, err = v.shadow(name); err != nil {
			return shown{}, err
		}
	}
	return shown{title: got.Name, body: body}, nil
}
