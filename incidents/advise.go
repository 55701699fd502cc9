package incidents

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// The advisory to those downstream is derived, see [Rules.Document]. People say what nothing else says, and two of them publish each revision,
// as a message that has the document with it. What was published stays.

var cvePattern = pattern.Lazy(`^CVE-[0-9]{4}-[0-9]{4,19}$`)

func (a *act) advice() *tocsin.Advice {
	if a.inc.Advice == nil {
		a.inc.Advice = &tocsin.Advice{}
	}
	return a.inc.Advice
}

// advise sets a section of the advisory.
func (a *act) advise() error {
	var next tocsin.Advice
	if a.inc.Advice != nil {
		next = *a.inc.Advice
	}
	to := next.Section(a.c.Section)
	if to == nil {
		return fmt.Errorf("%w: section: %q: want one of %q", tocsin.ErrInvalid, a.c.Section, tocsin.AdviceSections())
	}
	text := markdown.Lines(a.c.Text, maxText)
	switch a.c.Section {
	case tocsin.SectionTitle:
		text = line(text)
	case tocsin.SectionCVE:
		if !cvePattern().MatchString(text) {
			return fmt.Errorf("%w: text: %.40q is no CVE id: want CVE-2026-12345", tocsin.ErrInvalid, text)
		}
	case tocsin.SectionReferences:
		if err := validReferences(text); err != nil {
			return err
		}
	}
	if text == "" {
		return fmt.Errorf("%w: text: has nothing in it that can be read", tocsin.ErrInvalid)
	}
	*to = text
	a.inc.Advice = &next
	a.say(tocsin.EventNote, "wrote of the advisory: %s", a.c.Section)
	return nil
}

func validReferences(text string) error {
	list := references(text)
	if len(list) > maxLinks {
		return fmt.Errorf("%w: text: %d references, at most %d", tocsin.ErrInvalid, len(list), maxLinks)
	}
	for _, r := range list {
		u, err := url.Parse(r.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(r.URL) > maxURL || strings.ContainsAny(r.URL, " <>\"\\^`{|}") {
			return fmt.Errorf("%w: text: %.100q: want one https address a line, without a password", tocsin.ErrInvalid, r.URL)
		}
	}
	return nil
}

// product states what is affected of what projects publish.
func (a *act) product() error {
	said := tocsin.ProductAdvice{Status: a.c.Product, Justification: a.c.Justification, Impact: markdown.Lines(a.c.Text, maxReason)}
	switch said.Status {
	case tocsin.ProductAffected, tocsin.ProductUnknown, tocsin.ProductNotAffected:
	default:
		return fmt.Errorf("%w: product: %q: want affected, not_affected or under_investigation; fixed follows from the range", tocsin.ErrInvalid, said.Status)
	}
	switch negative := said.Status == tocsin.ProductNotAffected; {
	case negative && said.Justification == "" && said.Impact == "":
		return fmt.Errorf("%w: justification: is missing: what is not affected needs one, or a text that says why", tocsin.ErrInvalid)
	case !negative && (said.Justification != "" || said.Impact != ""):
		return fmt.Errorf("%w: justification and text are for what is not affected", tocsin.ErrInvalid)
	case said.Status != tocsin.ProductAffected && a.c.Range != "":
		return fmt.Errorf("%w: range: is for what is affected", tocsin.ErrInvalid)
	case said.Justification != "":
		if err := said.Justification.Validate(); err != nil {
			return err
		}
	}
	projects := slices.Compact(slices.Sorted(slices.Values(a.c.Projects)))
	next := *a.advice()
	for _, slug := range projects {
		if !slices.ContainsFunc(a.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug }) {
			return fmt.Errorf("%w: projects: %s is not in the incident", tocsin.ErrInvalid, slug)
		}
		p := a.rules.Projects[slug]
		if !p.OptIn.AdvisoryDraft || published(p) == "" {
			return fmt.Errorf("%w: projects: %s has no product in the advisory: it needs publishes and opt_in: advisory_draft", tocsin.ErrConflict, slug)
		}
		ref, _ := purl.Parse(published(p))
		one := said
		var err error
		if one.Versions, err = intervals(a.c.Range, ref.Ecosystem); err != nil {
			return err
		}
		if one.Status == tocsin.ProductAffected && len(one.Versions) > 0 && !slices.ContainsFunc(one.Versions, func(v tocsin.Interval) bool { return v.Before == "" }) {
			one.Status = tocsin.ProductFixed
		}
		one.Project = slug
		next.Products = append(slices.DeleteFunc(slices.Clone(next.Products), func(was tocsin.ProductAdvice) bool { return was.Project == slug }), one)
	}
	slices.SortFunc(next.Products, func(a, b tocsin.ProductAdvice) int { return strings.Compare(a.Project, b.Project) })
	a.inc.Advice = &next
	for _, slug := range projects {
		e := a.say(tocsin.EventNote, "said for the advisory that what %s publishes is %s%s", slug, said.Status, behind(a.c.Range))
		e.Project = slug
	}
	return nil
}

// behind writes what there is behind a sentence.
func behind(s string) string {
	if s == "" {
		return ""
	}
	return ": " + line(s)
}

// revise proposes to publish the advisory as it is.
func (a *act) revise() error {
	if a.rules.Publisher.Name == "" || a.rules.Publisher.URL == "" {
		return fmt.Errorf("%w: nobody is named as who publishes advisories: set publisher: {name: …, url: …} in the configuration", tocsin.ErrConflict)
	}
	if slices.ContainsFunc(a.inc.Messages, func(m tocsin.Message) bool { return m.Document != nil && m.SentAt.IsZero() && m.WithdrawnAt.IsZero() }) {
		return fmt.Errorf("%w: a revision waits for approval already: approve or withdraw its message first", tocsin.ErrConflict)
	}
	before := Revisions(a.inc)
	d := a.rules.Document(a.inc, a.rules.Projects, a.now)
	switch {
	case d.Status != tocsin.DocumentDraft:
		return fmt.Errorf("%w: nothing that readers see has changed since revision %d", tocsin.ErrConflict, d.Last().Number)
	case len(before) == 0 && a.inc.State == tocsin.StateStoodDown:
		return fmt.Errorf("%w: it was no emergency, and no advisory was published that could be withdrawn", tocsin.ErrConflict)
	case len(before) >= maxRevisions, len(a.inc.Messages) >= maxMany:
		return fmt.Errorf("%w: there are %d revisions and %d messages", tocsin.ErrConflict, len(before), len(a.inc.Messages))
	case len(d.Products) == 0 && !d.Declared:
		return fmt.Errorf("%w: no project of the incident has a product that may be named: it needs publishes and opt_in: advisory_draft and public_exposure", tocsin.ErrConflict)
	}
	m := tocsin.Message{
		ID: fmt.Sprintf("m%d", len(a.inc.Messages)+1), Audience: tocsin.AudienceDownstream, Stage: stageOf(d), Text: markdown.Lines(a.c.Text, maxReason), Author: a.c.By,
		At: a.now, TLP: tocsin.TLPClear, Document: &d,
	}
	if m.Text == "" {
		return fmt.Errorf("%w: text: has nothing in it that can be read", tocsin.ErrInvalid)
	}
	a.inc.Messages = append(a.inc.Messages, m)
	a.say(tocsin.EventMessage, "drafted message %s (revision %d of the advisory): %s", m.ID, d.Last().Number, m.Text)
	return nil
}

// stageOf is the stage of the message that publishes an advisory.
func stageOf(d tocsin.Document) tocsin.Stage {
	fixed := len(d.Products) > 0
	for _, p := range d.Products {
		fixed = fixed && (p.Status == tocsin.ProductFixed || p.Status == tocsin.ProductNotAffected)
	}
	switch {
	case !d.Withdrawn.IsZero():
		return tocsin.StageCorrection
	case fixed:
		return tocsin.StageFixed
	case d.Last().Number == 1:
		return tocsin.StageFirst
	}
	return tocsin.StageUpdate
}

// stillOpen refuses to publish what names a product that may not be named any more.
func (a *act) stillOpen(d tocsin.Document) error {
	for _, p := range d.Products {
		if !slices.ContainsFunc(a.inc.Projects, func(ip tocsin.IncidentProject) bool {
			now, ok := a.rules.Projects[ip.Slug]
			return ok && exposed(now) && published(now) == p.PURL
		}) {
			return fmt.Errorf("%w: %s may not be named any more: withdraw the message and revise again", tocsin.ErrConflict, p.Name)
		}
	}
	return nil
}

// published is a document as readers get it.
func (a *act) published(d tocsin.Document, news string) *tocsin.Document {
	d.TLP, d.Status = tocsin.TLPClear, tocsin.DocumentInterim
	if a.inc.State.Over() {
		d.Status = tocsin.DocumentFinal
	}
	if before := Revisions(a.inc); !d.Withdrawn.IsZero() && before[len(before)-1].Withdrawn.IsZero() {
		d.Withdrawn = a.now.UTC()
	}
	d.Revisions = slices.Clone(d.Revisions)
	d.Revisions[len(d.Revisions)-1] = tocsin.Revision{Number: len(d.Revisions), At: a.now.UTC(), Summary: news}
	return &d
}
