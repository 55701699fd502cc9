package incidents

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// maxReports bounds the reports of an incident.
const maxReports = 20

// report has the maintainers of another project told privately. Two people agree to it before it leaves.
func (a *act) report() error {
	repo := a.c.Repository
	switch {
	case !tocsin.ValidRepository(repo):
		return fmt.Errorf("%w: repository: %.100q: want owner/name", tocsin.ErrInvalid, repo)
	case len(a.inc.Reports) >= maxReports:
		return fmt.Errorf("%w: the incident has %d reports already", tocsin.ErrConflict, maxReports)
	case slices.ContainsFunc(a.inc.Reports, func(r tocsin.UpstreamReport) bool { return strings.EqualFold(r.Repository, repo) }):
		return fmt.Errorf("%w: a report to %s is written already: go on there", tocsin.ErrConflict, repo)
	}
	text := markdown.Lines(a.c.Text, maxText)
	if text == "" {
		return fmt.Errorf("%w: text: has nothing in it that can be read", tocsin.ErrInvalid)
	}
	a.inc.Reports = append(slices.Clone(a.inc.Reports), tocsin.UpstreamReport{Repository: repo, Text: text, By: a.c.By, At: a.now})
	a.say(tocsin.EventNote, "wrote a private report to %s; two people have to agree before it leaves", repo)
	return nil
}

// reports are what the maintainers of others are told. Only they and the account that writes see it.
func reports(inc tocsin.Incident) ([]tocsin.Action, error) {
	var out []tocsin.Action
	for _, r := range inc.Reports {
		summary, _, _ := strings.Cut(r.Text, "\n")
		a, err := tocsin.NewAction(tocsin.ActionReport, "report/"+inc.Key+"/"+r.Repository, tocsin.ReportPayload{
			Summary: title(summary), Description: r.Text, Severity: string(inc.Severity),
		})
		if err != nil {
			return nil, err
		}
		a.Repository, a.Audience, a.TLP, a.Approvals = r.Repository, tocsin.VisibilityPrivate, tocsin.TLPAmber, draftApprovals
		out = append(out, a)
	}
	return out, nil
}
