package incidents

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// Publish gives what the public may read of an incident; ok is false if that is nothing. It is the messages for the public and for those
// downstream that two people agreed to, and nothing else: no name of a project, no event, no person.
func Publish(inc tocsin.Incident) (p tocsin.Publication, ok bool) {
	p = tocsin.Publication{Incident: inc.Key}
	before := ""
	for _, m := range inc.Messages {
		if !public(m) {
			continue
		}
		e := tocsin.PublicEntry{Seq: len(p.Entries) + 1, At: m.SentAt.UTC().Truncate(time.Microsecond), Stage: m.Stage, Text: m.Text}
		if m.Document != nil {
			e.Revision = m.Document.Last().Number
			e.Digest, _ = m.Document.Digest() // which was encoded when it was published
		}
		e.Hash = e.Chain(inc.Key, before)
		before = e.Hash
		p.Entries = append(p.Entries, e)
	}
	if len(p.Entries) == 0 {
		return tocsin.Publication{}, false
	}
	if exercised(inc.Key) {
		p.Title = ExerciseMark
	}
	if !inc.Private() {
		p.State = inc.State
		if !inc.Declared() {
			p.Title = strings.TrimSuffix(inc.Class.ID+": "+inc.Class.Summary, ": ")
			if exercised(inc.Key) {
				p.Title = marked(p.Title)
			}
		}
	}
	return p, true
}

// public says whether two people let a message go to everybody.
func public(m tocsin.Message) bool {
	return m.Audience.Open() && !m.SentAt.IsZero() && m.TLP == tocsin.TLPClear && len(m.Approved) >= approvals
}

// PublicMarkdown writes a publication as a page. What people wrote is Markdown of their own, and stays so.
func PublicMarkdown(p tocsin.Publication) string {
	var b strings.Builder
	name := p.Title
	if name == "" {
		name = p.Incident
	}
	fmt.Fprintf(&b, "# %s\n\n", markdown.Text(markdown.Line(name, maxTitle)))
	if p.State != "" {
		fmt.Fprintf(&b, "State: **%s**\n\n", p.State)
	}
	for i := len(p.Entries) - 1; i >= 0; i-- {
		e := p.Entries[i]
		fmt.Fprintf(&b, "## %s (%s)\n\n%s\n\n<sub>entry %d, %s</sub>\n\n", moment(e.At), e.Stage, strings.TrimSpace(e.Text), e.Seq, e.Hash)
	}
	return strings.TrimSpace(b.String()) + "\n"
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomAuthor  `xml:"author"`
	Link    *atomLink   `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Content atomText `xml:"content"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// PublicAtom writes a publication as an Atom feed, newest first. self is where the feed is, empty for nowhere.
// https://www.rfc-editor.org/rfc/rfc4287
func PublicAtom(p tocsin.Publication, self string) ([]byte, error) {
	name := p.Title
	if name == "" {
		name = p.Incident
	}
	f := atomFeed{ID: "urn:tocsin:incident:" + p.Incident, Title: markdown.Line(name, maxTitle), Author: atomAuthor{"Tocsin"}}
	if self != "" {
		f.Link = &atomLink{"self", self}
	}
	for i := len(p.Entries) - 1; i >= 0; i-- {
		e := p.Entries[i]
		f.Entries = append(f.Entries, atomEntry{
			ID: "urn:tocsin:" + e.Hash, Title: fmt.Sprintf("%s: %s", e.Stage, markdown.Line(e.Text, 100)), Updated: e.At.UTC().Format(time.RFC3339),
			Content: atomText{"text", e.Text},
		})
	}
	if len(f.Entries) > 0 {
		f.Updated = f.Entries[0].Updated
	}
	out, err := xml.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the feed of %s: %w", p.Incident, err)
	}
	return append([]byte(xml.Header), append(out, '\n')...), nil
}
