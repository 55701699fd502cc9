package exceptions

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// status of a VEX statement, the same in all three formats.
type status int

const (
	statusOpen        status = iota // affected, or under investigation
	statusNotAffected               // not affected
	statusFixed                     // this version has the fix
)

// A statement is what a VEX document says about one vulnerability.
type statement struct {
	line          int
	ids           []string
	status        status
	justification string
	impact        string // in words, plain
	author        string // plain
	at            time.Time
}

// A subject is what a statement is about.
type subject struct {
	purl    string
	version string // where the purl has none
	ranged  bool   // versions are limited by a range
	vers    string // that range, where it is not in the purl
	product string // that the package is part of, where the statement says so
}

// resolve gives the purl with its version, or with a range of versions, or what is wrong with it. Where the versions cannot be
// told, a statement that excuses something is no use; one that takes back is about all of them.
func (s subject) resolve(excuses bool) (about string, ref purl.Ref, vers string, err error) {
	ref, err = purl.Parse(s.purl)
	ranged := s.ranged || ref.Vers != "" && ref.Version == ""
	switch {
	case s.purl == "":
		return "", ref, "", errors.New("names no purl")
	case err != nil || ref.Ecosystem == "":
		return "", ref, "", fmt.Errorf("%q is no purl of a package that advisories know", clip(s.purl))
	case ref.Version != "" || s.version == "" && !ranged:
		return s.purl, ref, "", nil
	case ranged:
		vers = cmp.Or(s.vers, ref.Vers)
		if _, err := versions(s.purl, ref, vers); err == nil {
			return s.purl, ref, vers, nil
		} else if excuses {
			return "", ref, "", fmt.Errorf("speaks of a range of versions of %s, which cannot be used: list them, or write a vers: %w", clip(s.purl), err)
		}
		return s.purl, ref, "", nil
	}
	out := purl.Make(ref.Ecosystem, ref.Name, s.version)
	switch {
	case out == "" && !excuses:
		return s.purl, ref, "", nil
	case out == "":
		return "", ref, "", fmt.Errorf("gives a version beside the purl %s, which cannot be used: put it into the purl", clip(s.purl))
	}
	ref.Version = s.version
	return out, ref, "", nil
}

// versions reads a vers about a purl. Its scheme is the type of the purl.
func versions(about string, ref purl.Ref, vers string) (version.Range, error) {
	scheme, _, _ := strings.Cut(strings.TrimPrefix(about, "pkg:"), "/")
	return version.ParseRange(ref.Ecosystem, strings.ToLower(scheme), vers)
}

// state keeps a statement about a subject, as exceptions, one for each id. What would excuse something and cannot be used
// is noted; a statement that excuses nothing needs no note.
func (r *reader) state(s statement, about subject) error {
	if r.steps++; r.steps > maxStatements {
		return errTooMany
	}
	excuses := s.status != statusOpen
	pkg, ref, vers, err := about.resolve(excuses)
	switch {
	case err != nil:
		if excuses {
			r.unused(s.line, "%v", err)
		}
		return nil
	case about.product != "" && !r.opts.Named && !slices.ContainsFunc(r.opts.Products, func(p string) bool { return Publishes(tocsin.Project{Publishes: p}, about.product) }):
		if excuses {
			r.unused(s.line, "speaks of %s within %s, which may be another project: name the file with --exceptions if it is this one", clip(about.purl), clip(about.product))
		}
		return nil
	case s.status == statusNotAffected && s.justification == "" && s.impact == "":
		r.unused(s.line, "says that %s is not affected, but neither justification nor impact", clip(about.purl))
		return nil
	case s.status == statusFixed && ref.Version == "" && vers == "":
		r.unused(s.line, "says that %s is fixed, but not in which version", clip(about.purl))
		return nil
	case len(s.ids) == 0:
		if excuses {
			r.unused(s.line, "names no vulnerability")
		}
		return nil
	}
	x := tocsin.Exception{
		Kind: tocsin.ExceptionAffected, Package: pkg, Range: vers, Product: about.product, Justification: s.justification, Reason: s.impact, Owner: s.author, Stated: s.at.UTC(),
	}
	switch {
	case s.status == statusNotAffected:
		x.Kind = tocsin.ExceptionNotAffected
	case s.status == statusFixed:
		x.Kind, x.Justification = tocsin.ExceptionNotAffected, ""
		if x.Reason == "" {
			x.Reason = "fixed in this version, by the document"
		}
	}
	if x.Reason == "" {
		x.Reason = "no more is stated"
	}
	if x.Owner == "" {
		x.Owner = "not stated"
	}
	for i, id := range s.ids {
		if id == "" || i > 0 && id == s.ids[0] {
			continue
		}
		x.Class = id
		if err := r.add(s.line, x); err != nil {
			return err
		}
	}
	return nil
}

// stated is the first time that is set: what stands nearest to a statement says when it was made.
func stated(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// clip bounds a text that somebody else wrote and that is quoted in a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}
