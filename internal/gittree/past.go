package gittree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/tocsin-dev/tocsin"
)

// maxSteps bounds the commits of a history.
const maxSteps = 200_000

// Past gives the commits that the repository's HEAD was at within a time, oldest first: its first parents, since what was
// merged was not there before. The first of them is the one that stood when the time began. Commits that are dated before
// their parents count from their parents' time.
func Past(ctx context.Context, dir string, since, until time.Time) ([]*Tree, error) {
	repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %s lies in no Git repository: %v", tocsin.ErrInvalid, dir, err)
	}
	head, err := commit(repo, "HEAD")
	if err != nil {
		return nil, err
	}
	var line []*object.Commit
	for c := head; ; {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		line = append(line, c)
		if len(line) > maxSteps {
			return nil, fmt.Errorf("%w: %s has over %d commits", tocsin.ErrInvalid, dir, maxSteps)
		}
		if c.NumParents() == 0 || c.Committer.When.Before(since) {
			break
		}
		parent, err := c.Parent(0)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			break // a shallow clone ends here
		}
		if err != nil {
			return nil, fmt.Errorf("reading the parent of %s: %w", c.Hash, err)
		}
		c = parent
	}
	slices.Reverse(line)
	var out []*Tree
	var last time.Time
	for _, c := range line {
		tree, err := c.Tree()
		if err != nil {
			return nil, fmt.Errorf("reading commit %s: %w", c.Hash, err)
		}
		at := c.Committer.When.UTC()
		if at.Before(last) {
			at = last
		}
		last = at
		if !at.Before(until) {
			break
		}
		out = append(out, &Tree{Commit: c.Hash.String(), At: at, tree: tree})
	}
	return out, nil
}

// Changed lists the files that differ between two commits, slash-separated.
func Changed(ctx context.Context, from, to *Tree) ([]string, error) {
	changes, err := object.DiffTreeWithOptions(ctx, from.tree, to.tree, nil)
	if err != nil {
		return nil, fmt.Errorf("comparing %s with %s: %w", from.Commit, to.Commit, err)
	}
	var out []string
	for _, c := range changes {
		for _, name := range []string{c.From.Name, c.To.Name} {
			if name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out, nil
}
