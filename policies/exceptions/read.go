package exceptions

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// The limits of one file. Whoever meets one is told; nothing is cut off in silence.
const (
	// MaxSize is the most bytes of a VEX document; the largest that vendors publish have some ten million. Files that
	// people write by hand may have [yamlfile.MaxSize].
	MaxSize = 16 << 20
	// maxStatements is how many exceptions one file may come to, and how many pairs of vulnerability and product may be
	// looked at on the way: lists that refer to lists would otherwise multiply.
	maxStatements = 500_000
	// maxUnused is how many unused entries are told one by one.
	maxUnused = 1000
	// maxFaults is how much of what is wrong with one file is told.
	maxFaults = 100
	// maxNesting of brackets, and parts of a key, in a TOML file.
	maxNesting = 100
	// maxText is how much of a reason is kept, in characters.
	maxText = 1000
)

// Options say how a file came here.
type Options struct {
	// Now bounds what is accepted without an end, or for longer than [Longest].
	Now time.Time
	// Named says that a person named this file for what is judged. A statement about a component of a product is then
	// taken as one about this product; otherwise it is left unused, since the product may be another one, unless it is
	// one of Products.
	Named bool
	// Products are the purls, without version, by which what is judged is known to call itself.
	Products []string
	// Folder is where a file that speaks only for its own folder was found in the judged tree ("." is the top); empty
	// where it was not found but named, and speaks for everything.
	Folder string
}

// A File is what was read from one file.
type File struct {
	Exceptions []tocsin.Exception
	// Unused are entries that would excuse something and cannot be used, with the reason, in the order of the file.
	Unused []yamlfile.Problem
	// MoreUnused counts those beyond the first thousand.
	MoreUnused int
}

// Read reads a file of exceptions of any kind: ours, an OpenVEX, CSAF or CycloneDX document, osv-scanner.toml,
// .trivyignore, .trivyignore.yaml or .grype.yaml. The kind is recognised by the name where that is fixed, else by the
// content. What a file of another program says beyond exceptions is left alone.
//
// VEX documents state: "not affected" and, for a named version, "fixed" become [tocsin.ExceptionNotAffected] without an
// end, and "affected" or "under investigation" take older statements back. Ignore files become risks that are accepted,
// never statements; see [reader.accept] for their end. A broken file is an error with file and line, as of [Load].
func Read(name string, data []byte, o Options) (File, error) {
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	read, limit, err := recognise(name, data)
	if err != nil {
		return File{}, err
	}
	if len(data) > limit {
		return File{}, yamlfile.Problem{File: name, Text: fmt.Sprintf("has more than the %d bytes that are read", limit)}
	}
	r := &reader{name: name, data: data, opts: o}
	read(r)
	if err := errors.Join(r.err, yamlfile.Join(r.faults)); err != nil {
		return File{}, err
	}
	return r.File, nil
}

// ours is the YAML of [Load].
func (r *reader) ours() {
	r.Exceptions, r.err = Load(r.name, r.data)
}

// recognise gives what reads a file, and how long it may be.
func recognise(name string, data []byte) (func(*reader), int, error) {
	base, text := strings.ToLower(path.Base(filepath.ToSlash(name))), bytes.TrimSpace(data)
	if i := strings.LastIndexByte(base, ':'); i >= 0 { // a ref and a path
		base = base[i+1:]
	}
	yaml := strings.HasSuffix(base, ".yaml") || strings.HasSuffix(base, ".yml")
	switch {
	case strings.HasSuffix(base, ".toml"):
		return (*reader).osvScanner, yamlfile.MaxSize, nil
	case yaml:
		return recogniseYAML(base, data), yamlfile.MaxSize, nil
	case strings.Contains(base, "trivyignore"):
		return (*reader).trivy, yamlfile.MaxSize, nil
	case bytes.HasPrefix(text, []byte("<")):
		return (*reader).cycloneDXXML, MaxSize, nil
	case bytes.HasPrefix(text, []byte("{")):
		read, err := recogniseJSON(name, data)
		return read, MaxSize, err
	}
	return nil, 0, yamlfile.Problem{File: name, Text: "is no kind of exceptions that is known: want .yaml, .toml, .trivyignore, OpenVEX, CSAF or CycloneDX"}
}

func recogniseYAML(base string, data []byte) func(*reader) {
	key := "" // the first of the top mapping that tells, in a file that is written in lines
	if m := regexp.MustCompile(`(?m)^["']?(exceptions|ignore|vulnerabilities|misconfigurations|secrets|licenses)["']?[ \t]*:`).FindSubmatch(data); m != nil {
		key = string(m[1])
	}
	switch {
	case strings.HasPrefix(base, ".grype."), key == "ignore":
		return (*reader).grype
	case strings.HasPrefix(base, ".trivyignore."), key != "" && key != "exceptions":
		return (*reader).trivyYAML
	}
	return (*reader).ours
}

func recogniseJSON(name string, data []byte) (func(*reader), error) {
	if len(data) > MaxSize {
		return nil, yamlfile.Problem{File: name, Text: fmt.Sprintf("has more than the %d bytes that are read", MaxSize)}
	}
	var head struct {
		Context   any    `json:"@context"`
		BOMFormat string `json:"bomFormat"`
		Document  struct {
			CSAFVersion string `json:"csaf_version"`
		} `json:"document"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, jsonProblem(name, data, err)
	}
	context, _ := head.Context.(string)
	switch {
	case strings.HasPrefix(context, "https://openvex.dev/ns"):
		return (*reader).openVEX, nil
	case head.Document.CSAFVersion != "":
		return (*reader).csaf, nil
	case strings.EqualFold(head.BOMFormat, "CycloneDX"):
		return (*reader).cycloneDXJSON, nil
	}
	return nil, yamlfile.Problem{File: name, Text: `is no VEX document: want OpenVEX ("@context"), CSAF ("csaf_version") or CycloneDX ("bomFormat")`}
}

// A reader turns one file into exceptions.
type reader struct {
	File
	name   string
	data   []byte
	opts   Options
	faults []yamlfile.Problem
	err    error // of Load
	steps  int   // pairs of vulnerability and product so far
}

// fault notes what makes the file broken. The line is 0 if unknown.
func (r *reader) fault(line int, format string, args ...any) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, yamlfile.Problem{File: r.name, Line: line, Text: fmt.Sprintf(format, args...)})
	}
}

// unused notes an entry that is left out.
func (r *reader) unused(line int, format string, args ...any) {
	if len(r.Unused) >= maxUnused {
		r.MoreUnused++
		return
	}
	r.Unused = append(r.Unused, yamlfile.Problem{File: r.name, Line: line, Text: fmt.Sprintf(format, args...)})
}

// errTooMany ends the reading of a file that comes to more than [maxStatements].
var errTooMany = errors.New("comes to more exceptions, or to more pairs of vulnerability and product, than are read")

// add keeps an exception, with its place.
func (r *reader) add(line int, x tocsin.Exception) error {
	if len(r.Exceptions) >= maxStatements {
		return errTooMany
	}
	x.Source = r.place(line)
	r.Exceptions = append(r.Exceptions, x)
	return nil
}

func (r *reader) place(line int) string {
	if line == 0 {
		return r.name
	}
	return fmt.Sprintf("%s:%d", r.name, line)
}

// accept keeps an entry of an ignore file as an accepted risk. Such files name no owner, and often no reason and no end;
// each is said to be missing rather than made up. What is accepted for ever was never decided: an entry without an end,
// or with one further away, holds for [Longest] from now, and says so. The other programs end an entry with the beginning
// of the day it names, so its last day is the one before.
func (r *reader) accept(line int, class, pkg, reason string, until time.Time) {
	x := tocsin.Exception{Kind: tocsin.ExceptionAccepted, Class: class, Package: pkg, Folder: r.opts.Folder, Reason: plain(reason)}
	base := path.Base(filepath.ToSlash(r.name))
	x.Owner = "not stated in " + plain(base)
	if x.Reason == "" {
		x.Reason = "not stated"
	}
	furthest := r.opts.Now.UTC().Truncate(tocsin.Day).Add(Longest)
	x.Expires = until.Add(-tocsin.Day)
	switch {
	case until.IsZero():
		x.Expires = furthest
		x.Reason += " (no end stated)"
	case x.Expires.After(furthest):
		x.Expires = furthest
		x.Reason += fmt.Sprintf(" (its end, %s, is too far ahead to count)", until.Format(time.DateOnly))
	}
	if err := r.add(line, x); err != nil && len(r.faults) == 0 {
		r.fault(line, "%v", err)
	}
}

// plain makes one bounded line of a text that somebody else wrote.
func plain(s string) string { return markdown.Line(s, maxText) }

// day reads the day or the time at which an entry ends; zero if there is none.
func day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, errors.New("want a day: 2026-12-31")
	}
	return t.UTC(), nil
}
