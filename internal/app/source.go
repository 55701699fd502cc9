package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/sources"
	"github.com/tocsin-dev/tocsin/scanner"
)

// source opens what a project is read from. The closer may be nil. A source that cannot be opened has its error; one that is what it
// was when it was read last has [sources.ErrUnchanged].
func (s *Service) source(ctx context.Context, w tocsin.Watched) (pipeline.Source, io.Closer) {
	if w.Source.Kind == tocsin.SourcePath && w.Managed == tocsin.ManagedFile {
		src, c := Source(w.Source.Location)
		src.Project, src.Exceptions = w.Project, s.set().excused
		if w.Source.Reachability {
			src.Reach = Reach(&Records{landmarks: s.opts.Landmarks, store: s.store}, src.Dir)
		}
		return src, c
	}
	src := pipeline.Source{Project: w.Project, Origin: w.Source.Location, Exceptions: s.set().excused}
	from := sources.Source{Kind: sources.Kind(w.Source.Kind), Location: w.Source.Location, Ref: w.Source.Ref, Subdir: w.Source.Folder}
	if from.Local() && w.Managed != tocsin.ManagedFile {
		src.Err = fmt.Errorf("%w: only the configuration may have this machine's own files read", tocsin.ErrForbidden)
		return src, nil
	}
	o := sources.Options{
		Transport: s.transport, GitHubAPI: s.set().config.GitHub.API, Reads: scanner.Opens(), Now: s.opts.Now,
		GitHubToken: func(ctx context.Context) (string, error) {
			if !s.set().config.GitHub.SignsIn() {
				return "", nil // what is public is read without
			}
			owner, _, _ := strings.Cut(w.Source.Location, "/")
			return s.githubToken(ctx, owner)
		},
	}
	if w.Managed == tocsin.ManagedFile { // whoever may name an address through the API could else read what is not theirs
		for _, c := range s.set().config.Fetch.Credentials {
			o.Credentials = append(o.Credentials, sources.Credential(c))
		}
	}
	if w.Status.Inventory != "" {
		o.Unchanged = w.Status.Fingerprint
	}
	tree, err := sources.Open(ctx, from, o)
	if err != nil {
		src.Err = err
		return src, nil
	}
	src.FS, src.Dir, src.Paths, src.Fingerprint, src.Ref, src.Left = tree.FS, tree.Dir, tree.Paths, tree.Fingerprint, tree.Ref, tree.Left
	return src, tree
}

// again is how long a server asked to be left alone, zero if it did not.
func again(err error) (transient *sources.TransientError) {
	errors.As(err, &transient)
	return transient
}
