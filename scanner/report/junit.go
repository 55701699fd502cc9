package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// JUnit writes the report in the XML that test reporters read: a suite per target, with a case for each decision that is not
// pass, one for each file that was not read whole, and one for the gate. https://github.com/testmoapp/junitxml
func JUnit(w io.Writer, r Report) error {
	all := junitSuites{Name: "Tocsin"}
	for _, t := range r.Targets {
		s := junitSuite{Name: markdown.Line(t.Source, maxName), Timestamp: r.At.UTC().Format("2006-01-02T15:04:05"), Properties: []junitProperty{
			{"gate", string(t.Gate)}, {"snapshot", r.Snapshot.ID}, {"policies", strings.Join(r.Policies, ", ")}, {"policy-digest", r.PolicyDigest}, {"inventory", t.Inventory},
		}}
		s.add(junitGate(r, t))
		for _, d := range told(t) {
			if d.Gate != tocsin.GatePass {
				s.add(junitFinding(t, d))
			}
		}
		for _, f := range t.Coverage.Incomplete() {
			file := repoPath(t, f.Path)
			s.add(junitCase{Name: "read " + file, Class: file, File: file, Error: &junitOutcome{Message: unread(f), Type: string(f.Status)}})
		}
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	return nil
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitOutcome `xml:"failure"`
	Error   *junitOutcome `xml:"error"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitOutcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Error != nil {
		s.Errors++
	}
	s.Cases = append(s.Cases, c)
}

// junitGate is the verdict itself: data that is too old fails no finding, and must be seen all the same.
func junitGate(r Report, t Target) junitCase {
	return junitCase{Name: "gate", Class: markdown.Line(t.Source, maxName)}.judged(t.Gate, strings.TrimSpace(string(t.Gate)+": "+why(t)), basis(r))
}

func junitFinding(t Target, d tocsin.Decision) junitCase {
	l := place(t, d.Finding.Package)
	c := junitCase{Name: name(d.Finding.Package) + " " + markdown.Line(d.Finding.Class.ID, maxName), Class: l.Path, File: l.Path, Line: l.Line}
	return c.judged(d.Gate, headline(d.Finding), account(d.Finding))
}

// judged gives the case the outcome of a gate. A warning passes and says so.
func (c junitCase) judged(g tocsin.Gate, message, text string) junitCase {
	o := &junitOutcome{Message: message, Type: string(g), Text: text}
	switch g {
	case tocsin.GatePass:
	case tocsin.GateWarn:
		c.Out = message + "\n" + text
	case tocsin.GateFail:
		c.Failure = o
	default:
		c.Error = o
	}
	return c
}
