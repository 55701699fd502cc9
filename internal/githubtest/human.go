package githubtest

import (
	"fmt"
	"slices"
	"time"
)

// HumanOpen lets a person write an issue on the web, and returns its number.
func (s *Server) HumanOpen(repo, login, title, body string, labels ...string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return 0, err
	}
	i := s.open(r, login, title, s.opts.Now().UTC())
	i.Body = body
	for _, l := range labels {
		i.Labels = append(i.Labels, s.ensureLabel(r, l).name)
	}
	return i.Number, nil
}

// HumanEdit lets a person change anything about an issue but its number.
func (s *Server) HumanEdit(repo string, number int, edit func(*Issue)) error {
	return s.withIssue(repo, number, func(_ *repository, i *issue, now time.Time) error {
		edit(&i.Issue)
		i.Number, i.Updated = number, now
		return nil
	})
}

// HumanClose closes the issue with GitHub's reason: completed, not_planned or duplicate.
func (s *Server) HumanClose(repo string, number int, login, reason string) error {
	return s.withIssue(repo, number, func(r *repository, i *issue, now time.Time) error {
		closed := "closed"
		s.apply(r, i, issueInput{State: &closed, StateReason: &reason}, login, now)
		return nil
	})
}

// HumanComment writes a comment.
func (s *Server) HumanComment(repo string, number int, login, body string) error {
	return s.withIssue(repo, number, func(_ *repository, i *issue, now time.Time) error {
		s.comment(i, login, body, now)
		return nil
	})
}

// HumanEditComment lets a person change a comment, by its place among those of the issue.
func (s *Server) HumanEditComment(repo string, number, place int, body string) error {
	return s.withIssue(repo, number, func(_ *repository, i *issue, now time.Time) error {
		if place < 0 || place >= len(i.comments) {
			return fmt.Errorf("no comment %d on %s#%d", place, repo, number)
		}
		i.comments[place].Body, i.comments[place].Updated = body, now
		return nil
	})
}

// HumanDelete deletes the issue; its number is never given again.
func (s *Server) HumanDelete(repo string, number int) error {
	return s.withIssue(repo, number, func(_ *repository, i *issue, _ time.Time) error {
		i.Deleted = true
		return nil
	})
}

// HumanTransfer moves the issue to another repository and returns its number there.
func (s *Server) HumanTransfer(repo string, number int, to string) (int, error) {
	var moved int
	err := s.withIssue(repo, number, func(r *repository, i *issue, now time.Time) error {
		target, err := s.repository(to)
		if err != nil {
			return err
		}
		n := s.open(target, i.Author, i.Title, now)
		moved = n.Number
		n.Issue, n.comments = i.Issue.clone(), i.comments
		n.Number = moved
		i.moved = true
		r.transfers[number] = transfer{repo: target, number: moved}
		return nil
	})
	return moved, err
}

func (s *Server) withIssue(repo string, number int, do func(*repository, *issue, time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return err
	}
	if number < 1 || number > len(r.issues) || !r.issues[number-1].present() {
		return fmt.Errorf("no issue %s#%d", repo, number)
	}
	return do(r, r.issues[number-1], s.opts.Now().UTC())
}

// HumanReport lets an outsider report a vulnerability privately; it lies in triage.
func (s *Server) HumanReport(repo, login, summary, description string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return "", err
	}
	now := s.opts.Now().UTC()
	a := &Advisory{ID: ghsa(s.id()), Summary: summary, Description: description, State: "triage", Author: login,
		Reported: true, Created: now, Updated: now}
	r.advisories = append(r.advisories, a)
	return a.ID, nil
}

// HumanEditAdvisory lets a person change anything about an advisory but its id.
func (s *Server) HumanEditAdvisory(repo, id string, edit func(*Advisory)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return err
	}
	for _, a := range r.advisories {
		if a.ID == id {
			edit(a)
			a.ID, a.Updated = id, s.opts.Now().UTC()
			return nil
		}
	}
	return fmt.Errorf("no advisory %s in %s", id, repo)
}

// HumanDeleteAdvisory removes an advisory.
func (s *Server) HumanDeleteAdvisory(repo, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return err
	}
	r.advisories = slices.DeleteFunc(r.advisories, func(a *Advisory) bool { return a.ID == id })
	return nil
}

// Issues returns the repository's issues that are still there, by number.
func (s *Server) Issues(repo string) []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Issue
	if r, err := s.repository(repo); err == nil {
		for _, i := range r.issues {
			if i.present() {
				out = append(out, i.Issue.clone())
			}
		}
	}
	return out
}

// Comments returns the comments of an issue, oldest first.
func (s *Server) Comments(repo string, number int) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Comment
	if r, err := s.repository(repo); err == nil && number >= 1 && number <= len(r.issues) {
		for _, c := range r.issues[number-1].comments {
			out = append(out, *c)
		}
	}
	return out
}

// Advisories returns the repository's advisories, oldest first.
func (s *Server) Advisories(repo string) []Advisory {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Advisory
	if r, err := s.repository(repo); err == nil {
		for _, a := range r.advisories {
			out = append(out, a.clone())
		}
	}
	return out
}
