package incidents

import (
	"encoding/xml"
	"fmt"
	"slices"
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
	fmt.Fprintf(&b, "# %s\n\n", markdown.Text(markdown.Line(p.Name(), maxTitle)))
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
	return atom("urn:tocsin:incident:"+p.Incident, markdown.Line(p.Name(), maxTitle), self, time.Time{}, atomEntries(p))
}

// maxFeed bounds the entries of a feed of many publications.
const maxFeed = 100

// StatusAtom writes what was published of many incidents as one Atom feed, newest first. now is when the feed changed if nothing was.
func StatusAtom(list []tocsin.Publication, self string, now time.Time) ([]byte, error) {
	var entries []atomEntry
	for _, p := range list {
		for _, e := range atomEntries(p) {
			e.Title = markdown.Line(p.Name(), maxTitle) + ": " + e.Title
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(a, b atomEntry) int { return strings.Compare(b.Updated, a.Updated) })
	return atom("urn:tocsin:status", "Status", self, now, entries[:min(len(entries), maxFeed)])
}

func atom(id, title, self string, updated time.Time, entries []atomEntry) ([]byte, error) {
	f := atomFeed{ID: id, Title: title, Author: atomAuthor{"Tocsin"}, Updated: updated.UTC().Format(time.RFC3339), Entries: entries}
	if self != "" {
		f.Link = &atomLink{"self", self}
	}
	if len(f.Entries) > 0 {
		f.Updated = f.Entries[0].Updated
	}
	out, err := xml.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the feed %s: %w", id, err)
	}
	return append([]byte(xml.Header), append(out, '\n')...), nil
}

// atomEntries are those of a publication, newest first.
func atomEntries(p tocsin.Publication) (out []atomEntry) {
	for _, e := range slices.Backward(p.Entries) {
		out = append(out, atomEntry{
			ID: "urn:tocsin:" + e.Hash, Title: fmt.Sprintf("%s: %s", e.Stage, markdown.Line(e.Text, 100)), Updated: e.At.UTC().Format(time.RFC3339),
			Content: atomText{"text", e.Text},
		})
	}
	return out
}
