package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// The categories of CSAF that we write. A document with products is an advisory; one without tells of the response to an incident; and one
// that was withdrawn says that alone, as of CSAF 2.1.
const (
	csafAdvisory = "csaf_security_advisory"
	csafResponse = "csaf_security_incident_response"
	csafBase     = "csaf_base"
)

// csaf is a document of CSAF 2.0, as far as we write it. The types are our own: the csaf library brings a JSON schema compiler that takes 9 ms
// to set up in every start of the program. Tests validate by the library.
// https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html
type csaf struct {
	Document        csafHead            `json:"document"`
	ProductTree     *csafTree           `json:"product_tree,omitempty"`
	Vulnerabilities []csafVulnerability `json:"vulnerabilities,omitempty"`
}

type csafHead struct {
	Acknowledgments []csafThanks    `json:"acknowledgments,omitempty"`
	Severity        *csafText       `json:"aggregate_severity,omitempty"`
	Category        string          `json:"category"`
	Version         string          `json:"csaf_version"`
	Distribution    csafSharing     `json:"distribution"`
	Lang            string          `json:"lang"`
	Notes           []csafNote      `json:"notes"`
	Publisher       csafPublisher   `json:"publisher"`
	References      []csafReference `json:"references,omitempty"`
	Title           string          `json:"title"`
	Tracking        csafTracking    `json:"tracking"`
}

type csafText struct {
	Text string `json:"text"`
}

type csafThanks struct {
	Names   []string `json:"names"`
	Summary string   `json:"summary"`
	URLs    []string `json:"urls,omitempty"`
}

type csafSharing struct {
	TLP struct {
		Label string `json:"label"`
		URL   string `json:"url"`
	} `json:"tlp"`
}

type csafNote struct {
	Category string `json:"category"`
	Text     string `json:"text"`
	Title    string `json:"title,omitempty"`
}

type csafPublisher struct {
	Category  string `json:"category"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

type csafReference struct {
	Category string `json:"category"`
	Summary  string `json:"summary"`
	URL      string `json:"url"`
}

type csafTracking struct {
	Aliases  []string       `json:"aliases,omitempty"`
	Current  time.Time      `json:"current_release_date"`
	ID       string         `json:"id"`
	Initial  time.Time      `json:"initial_release_date"`
	History  []csafRevision `json:"revision_history"`
	Status   string         `json:"status"`
	Version  string         `json:"version"`
	Producer struct {
		Engine struct {
			Name string `json:"name"`
		} `json:"engine"`
	} `json:"generator"`
}

type csafRevision struct {
	Date    time.Time `json:"date"`
	Number  string    `json:"number"`
	Summary string    `json:"summary"`
}

var cvePattern = pattern.Lazy(`^CVE-[0-9]{4}-[0-9]{4,}$`)

func newCSAF(d tocsin.Document) (csaf, error) {
	if d.Publisher.Name == "" || d.Publisher.URL == "" {
		return csaf{}, fmt.Errorf("%w: CSAF names who publishes: set publisher: {name: …, url: …} in the configuration", tocsin.ErrConflict)
	}
	out := csaf{Document: csafHead{
		Version: "2.0", Lang: "en", Title: name(d.Title), Distribution: sharing(d.TLP), Publisher: csafPublisher{"vendor", name(d.Publisher.Name), d.Publisher.URL},
		Tracking: tracking(d),
	}}
	h := &out.Document
	switch {
	case !d.Withdrawn.IsZero():
		h.Category, h.Title = csafBase, name("Withdrawn: "+d.Title)
		h.Notes = []csafNote{{"description", "This advisory was withdrawn: " + line(d.Last().Summary), "Withdrawn"}}
	case len(d.Products) == 0:
		h.Category = csafResponse
	default:
		h.Category = csafAdvisory
		t := newTree(d)
		out.ProductTree = &t
	}
	if d.Withdrawn.IsZero() {
		h.Notes = append(h.Notes, csafNote{"summary", said(d.Details, summary(d)), "Summary"})
		if d.Mitigation != "" {
			h.Notes = append(h.Notes, csafNote{"general", said(d.Mitigation, ""), "Workarounds"})
		}
		if d.Severity != "" {
			h.Severity = &csafText{string(d.Severity)}
		}
	}
	for _, r := range d.References {
		h.References = append(h.References, csafReference{"external", "More about it", r.URL})
	}
	for _, c := range d.Credits {
		t := csafThanks{Names: []string{cmp.Or(c.Login(), name(c.Who))}, Summary: strings.ReplaceAll(string(c.Type), "_", " ")}
		if c.Login() != "" {
			t.URLs = []string{"https://github.com/" + c.Login()}
		}
		if t.Names[0] != "" {
			h.Acknowledgments = append(h.Acknowledgments, t)
		}
	}
	if h.Category == csafAdvisory {
		out.Vulnerabilities = csafVulnerabilities(d)
	}
	return out, out.check()
}

// said is what people wrote, without what Markdown does: readers of CSAF show it as it is.
func said(own, otherwise string) string { return cmp.Or(text(own), line(otherwise)) }

// sharing is the label in the words of TLP 1.0, which CSAF 2.0 has. What it does not know stays closest.
func sharing(t tocsin.TLP) csafSharing {
	var s csafSharing
	s.TLP.URL = "https://www.first.org/tlp/"
	switch t {
	case tocsin.TLPClear:
		s.TLP.Label = "WHITE"
	case tocsin.TLPGreen, tocsin.TLPAmber:
		s.TLP.Label = string(t)
	default:
		s.TLP.Label = "RED"
	}
	return s
}

func tracking(d tocsin.Document) csafTracking {
	t := csafTracking{Aliases: slices.Clone(d.Aliases), ID: d.ID, Status: string(d.Status), Version: strconv.Itoa(d.Last().Number)}
	t.Producer.Engine.Name = "Tocsin"
	for _, r := range d.Revisions {
		t.History = append(t.History, csafRevision{stamp(r.At), strconv.Itoa(r.Number), cmp.Or(line(r.Summary), "Revised")})
	}
	if n := len(t.History); n > 0 {
		t.Initial, t.Current = t.History[0].Date, t.History[n-1].Date
	}
	return t
}
