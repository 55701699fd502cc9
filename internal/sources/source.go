// Package sources opens one source of a watched project as a file system to scan: a folder or file of this machine, a document behind
// an address, a Git repository, or what GitHub has of one. Whatever comes over the network is bounded in size, count and time, comes
// from public addresses unless others were allowed ([github.com/tocsin-dev/tocsin/internal/netguard]), and lies in a temporary folder
// that ends with the [Tree].
//
// No other program is run, and nothing is tried twice: what may go better later is a [TransientError], for whoever schedules.
package sources

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Kind of a [Source].
type Kind string

// The kinds.
const (
	// KindPath is a folder, or one file, of this machine.
	KindPath Kind = "path"
	// KindURL is one document over HTTPS: a lockfile or an SBOM.
	KindURL Kind = "url"
	// KindGit is a repository: over HTTPS, or a folder of this machine by path or file:// address.
	KindGit Kind = "git"
	// KindGitHub is the contents of a repository, by way of GitHub's REST API.
	KindGitHub Kind = "github"
	// KindGitHubSBOM is what GitHub's dependency graph knows of a repository's default branch.
	KindGitHubSBOM Kind = "github-sbom"
)

// A Source says where the files of a project are.
type Source struct {
	Kind Kind
	// Location is a path, an address or "owner/name", as the kind wants it. It holds no credentials.
	Location string
	// Ref is the branch, tag or commit of the kinds git and github; empty is the default branch.
	Ref string
	// Subdir is the folder to scan, slash-separated and relative to the top; empty is all of it.
	Subdir string
}

// Local says whether opening the source reads what this machine has on disk. A source that was not written by whoever runs the
// service must not be local.
func (s Source) Local() bool {
	return s.Kind == KindPath || s.Kind == KindGit && !isHTTP(s.Location)
}

// Validate says what is wrong with the source without opening it. Its error is an [tocsin.ErrInvalid], and repeats no credentials.
func (s Source) Validate() error {
	var err error
	switch s.Kind {
	case KindPath:
		err = onDisk(s.Location)
	case KindURL:
		_, err = address(s.Location)
	case KindGit:
		if s.Local() {
			err = onDisk(localPath(s.Location))
		} else if _, err = address(s.Location); err == nil && strings.ContainsAny(s.Location, "?#") {
			err = fmt.Errorf("the address of a repository has no query or fragment")
		}
	case KindGitHub, KindGitHubSBOM:
		if !tocsin.ValidRepository(s.Location) {
			err = fmt.Errorf("repository %q: want owner/name", s.Location)
		}
	default:
		err = fmt.Errorf("kind %q: want one of %q", s.Kind, []Kind{KindPath, KindURL, KindGit, KindGitHub, KindGitHubSBOM})
	}
	hasRef := s.Kind == KindGit || s.Kind == KindGitHub
	switch {
	case err != nil:
	case s.Ref != "" && !hasRef:
		err = fmt.Errorf("kind %s has no ref", s.Kind)
	case s.Ref != "" && !validRef(s.Ref):
		err = fmt.Errorf("ref %q: want a branch, tag or commit", s.Ref)
	case s.Subdir != "" && (s.Kind == KindURL || s.Kind == KindGitHubSBOM):
		err = fmt.Errorf("kind %s has no subdir", s.Kind)
	case s.Subdir != "" && !validName(s.Subdir):
		err = fmt.Errorf("subdir %q: want a slash-separated path inside the source", s.Subdir)
	}
	if err != nil {
		return fmt.Errorf("%w: source: %w", tocsin.ErrInvalid, err)
	}
	return nil
}

// String names the source for people, without what may be secret in an address.
func (s Source) String() string {
	at := s.Location
	if isHTTP(at) {
		if u, err := url.Parse(at); err == nil {
			at = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
		} else {
			at = "(not an address)"
		}
	} else if strings.Contains(at, "@") && strings.Contains(at, "://") {
		at = "(not an address)"
	}
	return string(s.Kind) + " " + at
}

func onDisk(path string) error {
	if user, _, ok := strings.Cut(path, ":"); ok && strings.Contains(user, "@") && !strings.Contains(user, "/") {
		return fmt.Errorf("SSH is not spoken: want the https:// address")
	}
	if path == "" || strings.ContainsRune(path, 0) || strings.Contains(path, "://") {
		return fmt.Errorf("want a path of this machine, or an https:// address where the kind has one")
	}
	return nil
}

// address parses the address of something over HTTPS. Its errors do not quote it: it may hold a password.
func address(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("want an https:// address")
	case u.User != nil:
		return nil, fmt.Errorf("the address of %s holds a user name or password: take it out, and give credentials where the service is configured", u.Host)
	}
	return u, nil
}

func isHTTP(s string) bool {
	scheme, _, ok := strings.Cut(s, "://")
	return ok && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http"))
}

// localPath is the path that a file:// address names; anything else is a path already.
func localPath(s string) string {
	rest, ok := strings.CutPrefix(s, "file://")
	if !ok {
		return s
	}
	rest = strings.TrimPrefix(rest, "localhost")
	if path, err := url.PathUnescape(rest); err == nil {
		rest = path
	}
	return filepath.FromSlash(rest)
}

// validRef follows git-check-ref-format(1), but for single words without a slash, which name branches and tags too.
func validRef(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return len(s) <= 255 && s[0] != '-' && s != "@" && !strings.HasSuffix(s, ".") && !strings.Contains(s, "..") && !strings.Contains(s, "@{") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\uFFFD' || strings.ContainsRune(`~^:?*[\`, r) })
}
