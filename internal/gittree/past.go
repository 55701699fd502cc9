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

// enough commits in a row from before the time say that the rest is older too; a clock that was wrong says nothing.
const enough = 20

// maxSteps bounds the commits of a history.
const maxSteps = 200_000

// Past gives the folder that dir is, in the commits that the repository's HEAD was at within a time, oldest first: its first parents, since what was
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
	below, err := inside(repo, dir)
	if errors.Is(err, git.ErrIsBareRepository) {
		below, err = ".", nil
	}
	if err != nil {
		return nil, err
	}
	var line []*object.Commit
	older := 0 // commits in a row from before the time
	for c := head; ; {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		line = append(line, c)
		if len(line) > maxSteps {
			return nil, fmt.Errorf("%w: %s has over %d commits", tocsin.ErrInvalid, dir, maxSteps)
		}
		if c.Committer.When.Before(since) {
			older++
		} else {
			older = 0
		}
		if c.NumParents() == 0 || older == enough {
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
		tree, err := subtree(c, below)
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
		if len(out) == 1 && !at.After(since) { // an older one than what stood when the time began
			out = out[:0]
		}
		out = append(out, &Tree{Commit: c.Hash.String(), At: at, tree: tree})
	}
	return out, nil
}

// subtree is a folder of a commit; one that it does not have is empty.
func subtree(c *object.Commit, below string) (*object.Tree, error) {
	tree, err := c.Tree()
	if err == nil && below != "." {
		tree, err = tree.Tree(below)
	}
	if errors.Is(err, object.ErrDirectoryNotFound) {
		return &object.Tree{}, nil
	}
	return tree, err
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
