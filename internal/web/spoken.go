package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tocsin-dev/tocsin"
)

// A spoken is what we read of the events of issues and their comments.
// https://docs.github.com/webhooks/webhook-events-and-payloads#issue_comment
type spoken struct {
	Action string `json:"action"`
	Issue  struct {
		Number int64  `json:"number"`
		State  string `json:"state"`
		Reason string `json:"state_reason"`
	} `json:"issue"`
	Comment struct {
		ID   int64  `json:"id"`
		Body string `json:"body"`
		User user   `json:"user"`
		// Association is what the author is to the repository.
		Association string    `json:"author_association"`
		At          time.Time `json:"created_at"`
	} `json:"comment"`
	Sender     user `json:"sender"`
	Repository struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
}

type user struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

// near are those whose comments count: a stranger could write without end. https://docs.github.com/graphql/reference/enums#commentauthorassociation
var near = []string{"OWNER", "MEMBER", "COLLABORATOR"}

// says is what goes on the timeline of what was done to an issue; empty for what is no news. wanted is whether the issue is to be closed.
func (s spoken) says(wanted bool) string {
	at := fmt.Sprintf("%s#%d", s.Repository.FullName, s.Issue.Number)
	switch {
	case s.Sender.Type == "Bot":
		return ""
	case s.Action == "closed" && !wanted:
		return "closed " + at + " (" + cmp.Or(s.Issue.Reason, "no reason given") + ")"
	case s.Action == "reopened" && wanted:
		return "reopened " + at
	case s.Action == "deleted", s.Action == "transferred", s.Action == "locked":
		return s.Action + " " + at
	}
	return ""
}

// remark is the comment that was written or changed; ok is false for what is neither.
func (s spoken) remark() (r tocsin.Remark, ok bool) {
	if s.Action != "created" && s.Action != "edited" || s.Comment.ID <= 0 || s.Comment.User.ID <= 0 || s.Comment.User.Login == "" || len(s.Comment.User.Login) > 100 {
		return r, false
	}
	r = tocsin.Remark{
		Repository: s.Repository.FullName, Issue: s.Issue.Number, ID: s.Comment.ID, Author: s.Comment.User.Login, AuthorID: s.Comment.User.ID,
		Near: slices.Contains(near, s.Comment.Association), Bot: s.Comment.User.Type == "Bot" || s.Sender.Type == "Bot",
		Edited: s.Action == "edited", At: s.Comment.At.UTC(),
	}
	if r.Edited {
		r.EditorID = s.Sender.ID
	}
	return r.Said(s.Comment.Body), true
}

// spoken takes in what people wrote on one of our issues, or did to it.
func (c *call) spoken(ctx context.Context, b *box, d delivery) (answer, error) {
	if seen, err := c.api.store.Delivered(ctx, d.id, d.digest); err != nil || seen {
		return answer{body: Hooked{d.event, "seen"}}, err
	}
	s, err := readSpoken(b)
	if err != nil {
		return answer{}, err
	}
	nothing := answer{status: 202, body: Hooked{d.event, "nothing"}}
	a, err := c.api.store.IssueAt(ctx, s.Repository.FullName, s.Issue.Number)
	if errors.Is(err, tocsin.ErrNotFound) {
		return nothing, nil
	}
	if err != nil {
		return answer{}, err
	}
	if d.event == "issue_comment" {
		r, ok := s.remark()
		if !ok {
			return nothing, nil
		}
		err = c.api.parts.Desk.Hear(ctx, r)
	} else {
		var payload tocsin.IssuePayload
		if err := json.Unmarshal(a.Payload, &payload); err != nil {
			return answer{}, fmt.Errorf("reading action %s: %w", a.Key, err)
		}
		text := s.says(payload.Closed)
		if text == "" {
			return nothing, nil
		}
		note := tocsin.Command{Do: tocsin.DoNote, Text: text, Source: "github", By: tocsin.Actor{ID: fmt.Sprintf("github:%d", s.Sender.ID), Name: s.Sender.Login}}
		_, err = c.api.parts.Desk.Handle(ctx, a.Incident, note)
		if err == nil && (s.Action == "deleted" || s.Action == "transferred") { // an attacker would, so that a person looks
			call := tocsin.Command{Do: tocsin.DoEscalate, Source: "github", By: tocsin.Self(), Reason: "somebody " + text + ": find out why"}
			if _, err = c.api.parts.Desk.Handle(ctx, a.Incident, call); errors.Is(err, tocsin.ErrConflict) {
				err = nil // it is over, people were just called, or there is nobody to call
			}
		}
	}
	if err != nil {
		return answer{}, fmt.Errorf("taking in what was said: %w", err)
	}
	// A note twice is better than none.
	if err := c.api.store.NoteDelivery(ctx, d.id, d.digest, c.now); err != nil {
		return answer{}, err
	}
	c.api.log.InfoContext(ctx, "take issue event", slog.String("request", requestID(ctx)), slog.String("delivery", d.id))
	return answer{status: 202, body: Hooked{d.event, "taken"}}, nil
}

func readSpoken(b *box) (s spoken, err error) {
	f, err := b.root.Open("body")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := jsonv2.UnmarshalRead(f, &s, jsontext.AllowInvalidUTF8(true)); err != nil {
		return s, invalid("", "", "it is no event of an issue as GitHub tells of one")
	}
	if !tocsin.ValidRepository(s.Repository.FullName) || s.Issue.Number <= 0 || s.Sender.ID <= 0 || s.Sender.Login == "" || len(s.Sender.Login) > 100 {
		return s, invalid("/repository/full_name", "", "want owner/name, the number of an issue and who did it")
	}
	return s, nil
}

// advised has the feeds read: what an advisory says comes from there, and not from whoever sends a webhook.
func (c *call) advised(ctx context.Context, d delivery) (answer, error) {
	if seen, err := c.api.store.Delivered(ctx, d.id, d.digest); err != nil || seen {
		return answer{body: Hooked{d.event, "seen"}}, err
	}
	if err := c.api.parts.Engine.Sync(ctx); err != nil {
		return answer{}, fmt.Errorf("asking for the feeds to be read: %w", err)
	}
	if err := c.api.store.NoteDelivery(ctx, d.id, d.digest, c.now); err != nil {
		return answer{}, err
	}
	return answer{status: 202, body: Hooked{d.event, "taken"}}, nil
}
