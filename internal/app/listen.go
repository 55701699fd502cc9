package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/notify/github"
)

// listenJob reads the comments on our issues where no webhook brings them.
type listenJob struct{}

func (listenJob) Kind() string { return "listen" }

const (
	// maxRepositories are listened to in one go, those longest ago first.
	maxRepositories = 50
	// afterwards is how long after its last news an incident that is over is listened to: somebody may say that it is not.
	afterwards = 14 * tocsin.Day
)

// listened is how far the comments of a repository were read, and when.
type listened struct {
	github.Cursor
	At time.Time `json:"at"`
}

// listens says whether comments have to be fetched: no webhook brings them.
func (s *Service) listens() bool {
	c := s.set().config.GitHub
	return c.SignsIn() && !c.WebhookSecret.IsSet()
}

func (s *Service) doListen(ctx context.Context, _ listenJob) error {
	if !s.listens() {
		return nil
	}
	return s.Listen(ctx)
}

// Listen reads the comments on our issues that were written since it last did, and takes them in.
func (s *Service) Listen(ctx context.Context) error {
	from, err := s.listened(ctx)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(from))
	for name := range from {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if c := from[a].At.Compare(from[b].At); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for _, name := range names[:min(len(names), maxRepositories)] {
		if err := s.listen(ctx, name, from[name]); err != nil {
			return err
		}
	}
	return nil
}

// listened gives the repositories that have issues of ours about what is not long over, each with how far it was read: at first from when the
// oldest of those issues was wanted.
func (s *Service) listened(ctx context.Context) (map[string]listened, error) {
	known, err := s.store.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, inc := range known {
		live[inc.Key] = !inc.State.Over() || s.opts.Now().Sub(inc.ResolvedAt) < afterwards
	}
	newest, err := s.store.NewestActions(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]listened{}
	for _, a := range newest {
		if a.Kind != tocsin.ActionIssue || !live[a.Incident] {
			continue
		}
		remote, err := s.store.Remote(ctx, a.Key)
		if err != nil {
			return nil, err
		}
		if !remote.Exists() {
			continue
		}
		l, have := out[strings.ToLower(remote.Repository)]
		for _, inc := range known {
			if inc.Key == a.Incident && (!have || inc.OpenedAt.Before(l.Since)) {
				l.Since = inc.OpenedAt
			}
		}
		out[strings.ToLower(remote.Repository)] = l
	}
	for name := range out {
		text, err := s.store.Note(ctx, "listened/"+name)
		if err != nil {
			return nil, err
		}
		var was listened
		if json.Unmarshal([]byte(text), &was) == nil && !was.Since.IsZero() { // what cannot be read is read from the beginning
			out[name] = was
		}
	}
	return out, nil
}

// listen reads one repository. One that cannot be read keeps no other from being read.
func (s *Service) listen(ctx context.Context, name string, from listened) error {
	remarks, next, failure := s.github.Comments(ctx, name, from.Cursor)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, r := range remarks {
		if err := s.doHear(ctx, hearJob{r}); err != nil {
			s.log.Warn("comment not taken in", "comment", r.ID, "err", err)
			return nil // it comes again, since the cursor stays
		}
	}
	if failure != nil {
		s.log.Warn("comments not read", "repository", name, "err", failure)
		next = from.Cursor
	}
	text, err := json.Marshal(listened{Cursor: next, At: s.opts.Now()})
	if err != nil {
		return err
	}
	return s.store.PutNote(ctx, "listened/"+name, string(text))
}
