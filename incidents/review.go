package incidents

import (
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// learn begins the review of an emergency that is over.
func (r Rules) learn(d *draft) {
	if d.inc.Urgency != tocsin.UrgencyEmergency {
		return
	}
	if d.inc.Review == nil {
		d.inc.Review = &tocsin.Review{}
	}
	if after := r.Governance.Reviews[d.inc.Severity]; after > 0 && d.inc.Review.Due.IsZero() {
		d.inc.Review.Due = d.inc.ResolvedAt.Add(after)
	}
}

func (a *act) review() *tocsin.Review {
	if a.inc.Review == nil {
		a.inc.Review = &tocsin.Review{}
	}
	return a.inc.Review
}

// write sets a section of the review.
func (a *act) write() error {
	text := a.review().Section(a.c.Section)
	if text == nil {
		return fmt.Errorf("%w: section: %q: want one of %q", tocsin.ErrInvalid, a.c.Section, tocsin.Sections())
	}
	*text = a.c.Text
	a.say(tocsin.EventNote, "wrote of the review: %s", a.c.Section)
	return nil
}

func (a *act) addAction() error {
	r := a.review()
	if len(r.Actions) >= maxMany {
		return fmt.Errorf("%w: there are %d actions", tocsin.ErrConflict, maxMany)
	}
	if !a.c.Until.After(a.now) {
		return fmt.Errorf("%w: until: an action of a review is due in the future", tocsin.ErrInvalid)
	}
	one := tocsin.ReviewAction{ID: fmt.Sprintf("a%d", len(r.Actions)+1), Title: a.c.Text, Owner: a.c.To, Due: a.c.Until}
	r.Actions = append(r.Actions, one)
	a.say(tocsin.EventTask, "the review asks %s for %s until %s: %s", one.Owner.Name, one.ID, moment(one.Due), one.Title)
	return nil
}

// finishAction is for the owner, and for who leads the review.
func (a *act) finishAction() error {
	r := a.review()
	i := slices.IndexFunc(r.Actions, func(one tocsin.ReviewAction) bool { return one.ID == a.c.Task })
	if i < 0 {
		return fmt.Errorf("action %q of the review: %w", a.c.Task, tocsin.ErrNotFound)
	}
	one := &r.Actions[i]
	if one.Owner.ID != a.c.By.ID {
		if err := a.must(tocsin.RightReview); err != nil {
			return err
		}
	}
	if !one.DoneAt.IsZero() {
		return fmt.Errorf("%w: %s is done since %s", tocsin.ErrConflict, one.ID, moment(one.DoneAt))
	}
	one.DoneAt, one.Evidence = a.now, a.c.Text
	a.say(tocsin.EventTask, "did what the review asked for, %s: %s", one.ID, a.c.Text)
	return nil
}

func (a *act) credit() error {
	if err := a.c.Credit.Validate(); err != nil {
		return err
	}
	r, one := a.review(), tocsin.Credit{Who: a.c.Text, Type: a.c.Credit}
	switch {
	case len(one.Who) > maxShort:
		return fmt.Errorf("%w: text: want a name of up to %d bytes", tocsin.ErrInvalid, maxShort)
	case slices.Contains(r.Credits, one):
		return fmt.Errorf("%w: %s has that credit", tocsin.ErrConflict, one.Who)
	case len(r.Credits) >= maxMany:
		return fmt.Errorf("%w: there are %d credits", tocsin.ErrConflict, maxMany)
	}
	r.Credits = append(r.Credits, one)
	a.say(tocsin.EventNote, "thanks %s (%s)", one.Who, one.Type)
	return nil
}

func (a *act) effort() error {
	r := a.review()
	if a.c.Minutes < 1 || a.c.Minutes > 24*60 {
		return fmt.Errorf("%w: minutes: want 1 to %d", tocsin.ErrInvalid, 24*60)
	}
	if len(r.Effort) >= maxMany {
		return fmt.Errorf("%w: there are %d notes of effort", tocsin.ErrConflict, maxMany)
	}
	r.Effort = append(r.Effort, tocsin.Effort{Who: a.c.By, Minutes: a.c.Minutes, At: a.now})
	a.say(tocsin.EventNote, "gave %d minutes", a.c.Minutes)
	return nil
}

// closeReview ends an emergency for good. What it asks for goes on to be asked for.
func (a *act) closeReview() error {
	r := a.review()
	for _, must := range []tocsin.Section{tocsin.SectionSummary, tocsin.SectionCauses} {
		if *r.Section(must) == "" {
			return fmt.Errorf("%w: the review has no %s yet", tocsin.ErrConflict, must)
		}
	}
	a.inc.State, r.ClosedAt, r.ClosedBy = tocsin.StateReviewed, a.now, a.c.By
	open := 0
	for _, one := range r.Actions {
		if one.DoneAt.IsZero() {
			open++
		}
	}
	a.say(tocsin.EventReviewed, "closed the review; %s still to be done%s", count(open, "action"), a.because())
	return nil
}
