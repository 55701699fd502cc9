package github

import (
	"context"
	"net/http"
	"slices"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
)

// reactionWork reacts to a comment. GitHub keeps one reaction of a kind by each user, so that again changes nothing.
type reactionWork struct {
	task
	payload tocsin.ReactionPayload
}

// reactions are those that we use.
var reactions = []string{"+1", "-1", "confused", "eyes"}

func newReactionWork(t task) (work, error) {
	w := reactionWork{task: t}
	if err := t.payload(&w.payload); err != nil {
		return nil, err
	}
	if w.payload.Comment <= 0 || !slices.Contains(reactions, w.payload.Content) {
		return nil, permanent("%w: action %s: reaction %q to comment %d: want one of %q to a comment", tocsin.ErrInvalid, t.action.Key,
			w.payload.Content, w.payload.Comment, reactions)
	}
	return w, nil
}

// requests implements [work].
func (w reactionWork) requests() []Request { return []Request{w.create()} }

func (w reactionWork) create() Request {
	return newRequest(http.MethodPost, w.path("/issues/comments/%d/reactions", w.payload.Comment), struct {
		Content string `json:"content"`
	}{w.payload.Content})
}

// execute implements [work]. A comment that was deleted meanwhile needs no answer.
func (w reactionWork) execute(ctx context.Context) (tocsin.Remote, error) {
	var made api.Reaction
	_, err := w.e.call(ctx, w.create(), &made)
	switch {
	case gone(err):
		return tocsin.Remote{}, nil
	case err != nil:
		return tocsin.Remote{}, refusedWrite(explain(err, "reacting to comment %d in %s", w.payload.Comment, w.action.Repository), w.action.Repository)
	case made.GetID() == 0:
		return tocsin.Remote{}, &tocsin.DeliveryError{Outcome: tocsin.OutcomeUnclear, Err: errUnnumbered}
	}
	return tocsin.Remote{Number: made.GetID()}, nil
}
