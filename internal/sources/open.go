package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/netguard"
)

// Options of [Open]. The zero value reaches the public Internet only, without credentials, within the default limits.
type Options struct {
	// Transport sends the requests. It is who keeps them from private addresses: nil is [netguard.Transport] that allows none.
	Transport http.RoundTripper
	// GitHubAPI is the base of GitHub's REST API; empty is https://api.github.com. Plain HTTP is refused but for the loopback.
	GitHubAPI string
	// GitHubToken gives the token for GitHub's API, empty if there is none for now. It is asked once per [Open] of a kind of GitHub,
	// and shown to no other host.
	GitHubToken func(ctx context.Context) (string, error)
	// Credentials are shown where they belong, and nowhere else: not to where a server redirects.
	Credentials []Credential
	// Reads says which files of an archive are worth keeping, by their path from the top: all that a scan may open. Nil keeps them all.
	// It is called once per entry.
	Reads func(path string) bool
	// TempDir is where temporary folders are made; empty is the system's.
	TempDir string
	// Unchanged is the fingerprint that the same source had before. Where it has not changed, Open gives [ErrUnchanged].
	Unchanged string
	Limits    Limits
	// Now is the clock by which a server's "come back at" is read; nil is [time.Now].
	Now func() time.Time
}

// Limits of one [Open]. Zero is the default of each.
type Limits struct {
	// Download is how many bytes may come over the network, and how many may be kept on disk (1 GiB).
	Download int64
	// Unpacked is how many bytes an archive or a pack may hold once unpacked (8 GiB).
	Unpacked int64
	// File is the largest file that is kept (512 MiB).
	File int64
	// Files is how many files, folders and objects are looked at (1,000,000).
	Files int
	// Time is how long all of it may take (10 minutes).
	Time time.Duration
}

func (l Limits) orDefault() Limits {
	return Limits{
		Download: cmp.Or(l.Download, 1<<30), Unpacked: cmp.Or(l.Unpacked, 8<<30), File: cmp.Or(l.File, 512<<20),
		Files: cmp.Or(l.Files, 1_000_000), Time: cmp.Or(l.Time, 10*time.Minute),
	}
}

// ErrUnchanged says that a source is what it was when its fingerprint was [Options.Unchanged]: there is nothing to scan.
var ErrUnchanged = errors.New("the source has not changed")

// A Tree is the files of an opened source. It is safe for concurrent reading.
type Tree struct {
	FS fs.FS
	// Dir is the tree on disk, for what needs more than to read it; only of the kind path.
	Dir string
	// Paths are what to scan in it; empty is all of it.
	Paths []string
	// Ref is the full hash of the commit, empty where there is none.
	Ref string
	// Fingerprint lets a later [Open] of the same source tell that nothing changed. It is empty where only looking at everything
	// would tell, as with a path.
	Fingerprint string
	// Left are files that a scan would have read but that were left out, with the reason, for the coverage.
	Left []tocsin.FileCoverage

	close func() error
}

// Close ends the tree, and removes what was written for it. FS must not be used any more.
func (t Tree) Close() error {
	if t.close == nil {
		return nil
	}
	return t.close()
}

// Open makes the files of a source readable. The caller closes the tree; after an error there is nothing to close and nothing left on
// disk.
//
// Errors are [tocsin.ErrInvalid] (the source is badly stated, or breaks a limit), [tocsin.ErrNotFound], [tocsin.ErrForbidden]
// (credentials are missing or not enough, or the address is private), [ErrUnchanged], a [TransientError], the context's, or one of
// this machine's disk. They hold no credentials.
func Open(ctx context.Context, s Source, o Options) (Tree, error) {
	if err := s.Validate(); err != nil {
		return Tree{}, err
	}
	o.Limits = o.Limits.orDefault()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		t := netguard.Transport(netguard.Allow{})
		defer t.CloseIdleConnections()
		o.Transport = t
	}
	w := &wire{base: o.Transport, credentials: o.Credentials, now: o.Now, left: o.Limits.Download, limit: o.Limits.Download}
	limited, cancel := context.WithTimeout(ctx, o.Limits.Time)
	defer cancel()
	t, err := open(limited, s, o, w)
	if err == nil && limited.Err() != nil { // a server that sees us hang up may end its answer as if it were whole
		err = errors.Join(limited.Err(), t.Close())
	}
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, ErrUnchanged):
		return Tree{}, ErrUnchanged
	case ctx.Err() != nil:
		err = ctx.Err()
	case limited.Err() != nil:
		err = &TransientError{Err: fmt.Errorf("not done after %s", o.Limits.Time)}
	case w.failure() != nil: // what the network said, rather than what somebody made of it
		err = w.failure()
	}
	return Tree{}, fmt.Errorf("opening %s: %w", s, err)
}

func open(ctx context.Context, s Source, o Options, w *wire) (Tree, error) {
	switch s.Kind {
	case KindPath:
		return openPath(s)
	case KindURL:
		return openURL(ctx, s, o, w)
	case KindGit:
		if s.Local() {
			return openLocalGit(s, o)
		}
		return openGit(ctx, s, o, w)
	case KindGitHub:
		return openGitHub(ctx, s, o, w)
	default:
		return openGitHubSBOM(ctx, s, o, w)
	}
}
