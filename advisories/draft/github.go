package draft

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// maxDescription is below GitHub's 65,535 characters, with room for what others write around it.
const maxDescription = 60_000

// githubBody is the body of the request that makes a repository advisory or, once it is withdrawn, closes it.
// https://docs.github.com/rest/security-advisories/repository-advisories
type githubBody struct {
	Summary         string                `json:"summary"`
	Description     string                `json:"description"`
	Severity        string                `json:"severity,omitempty"`
	CVSS            string                `json:"cvss_vector_string,omitempty"`
	CVE             string                `json:"cve_id,omitempty"`
	CWEs            []string              `json:"cwe_ids,omitempty"`
	Credits         []tocsin.DraftCredit  `json:"credits,omitempty"`
	State           string                `json:"state,omitempty"`
	Vulnerabilities []githubVulnerability `json:"vulnerabilities"`
}

type githubVulnerability struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Range   string `json:"vulnerable_version_range,omitempty"`
	Patched string `json:"patched_versions,omitempty"`
}

func newGitHub(d tocsin.Document) (githubBody, error) {
	p, err := Payload(d)
	if err != nil {
		return githubBody{}, err
	}
	b := githubBody{Summary: p.Summary, Description: p.Description, Severity: p.Severity, CVSS: p.CVSS, CVE: p.CVE, CWEs: p.CWEs, Credits: p.Credits, Vulnerabilities: []githubVulnerability{}}
	for _, v := range p.Vulnerabilities {
		one := githubVulnerability{Range: v.Range, Patched: v.Patched}
		one.Package.Ecosystem, one.Package.Name = v.Ecosystem, v.Name
		b.Vulnerabilities = append(b.Vulnerabilities, one)
	}
	if !d.Withdrawn.IsZero() {
		b.State = "closed"
	}
	return b, nil
}

// Payload gives a document as the repository advisory that an action drafts. A document in which nothing may be affected is an
// [tocsin.ErrConflict].
func Payload(d tocsin.Document) (tocsin.DraftPayload, error) {
	p := tocsin.DraftPayload{Summary: heading(d.Title), Vulnerabilities: []tocsin.DraftVulnerability{}}
	todo := ""
	if d.Status == tocsin.DocumentDraft {
		todo = open(d)
	}
	body := details(d, todo)
	if l := links(d); l != "" {
		body += "\n### References\n\n" + l
	}
	p.Description = cut(body, maxDescription)
	if len(d.Aliases) > 0 {
		p.CVE = d.Aliases[0]
	}
	for _, f := range d.Flaws {
		if s := system(f.CVSS); p.CVSS == "" && (s == "CVSS_V3" || s == "CVSS_V4") { // of 2 GitHub takes none
			p.CVSS = f.CVSS.Vector
		}
		for _, w := range f.CWEs {
			if weakness().MatchString(w) {
				p.CWEs = append(p.CWEs, w)
			}
		}
	}
	if p.CVSS == "" {
		p.Severity = string(cmp.Or(d.Severity, tocsin.LevelHigh))
	}
	for _, c := range d.Credits {
		if login := c.Login(); login != "" {
			p.Credits = append(p.Credits, tocsin.DraftCredit{Login: login, Type: c.Type})
		}
	}
	for _, one := range d.Products {
		p.Vulnerabilities = append(p.Vulnerabilities, vulnerabilities(one)...)
	}
	if len(p.Vulnerabilities) == 0 && d.Withdrawn.IsZero() {
		return p, fmt.Errorf("%w: GitHub asks for an affected package, and no product that may be named is affected", tocsin.ErrConflict)
	}
	return p, nil
}

// heading makes a title safe where mentions and HTML may act: it travels further than the text, into mails and chats.
func heading(s string) string {
	return mention().ReplaceAllString(quiet.Replace(name(s)), "@\u200b$1")
}

var (
	quiet   = strings.NewReplacer("<", "‹", ">", "›", "`", "'")
	mention = pattern.Lazy(`@(\w)`)
)

var weakness = pattern.Lazy(`^CWE-[0-9]{1,6}$`)

func vulnerabilities(p tocsin.Product) []tocsin.DraftVulnerability {
	one := tocsin.DraftVulnerability{Ecosystem: cmp.Or(githubEcosystems[purl.Base(p.Ecosystem)], "other"), Name: name(p.Name)}
	if p.Status == tocsin.ProductNotAffected {
		return nil
	}
	if len(p.Versions) == 0 {
		return []tocsin.DraftVulnerability{one}
	}
	var out []tocsin.DraftVulnerability
	for _, v := range p.Versions {
		var bounds []string
		switch {
		case v.From != "" && v.From == v.Through:
			bounds = []string{"= " + v.From}
		case v.From != "":
			bounds = []string{">= " + v.From}
		}
		if v.Before != "" {
			bounds = append(bounds, "< "+v.Before)
		}
		if v.Through != "" && v.Through != v.From {
			bounds = append(bounds, "<= "+v.Through)
		}
		one.Range, one.Patched = strings.Join(bounds, ", "), v.Before
		out = append(out, one)
	}
	return out
}

// githubEcosystems are GitHub's names in advisories.
var githubEcosystems = map[string]string{
	"npm": "npm", "PyPI": "pip", "Maven": "maven", "Go": "go", "RubyGems": "rubygems", "crates.io": "rust",
	"Packagist": "composer", "NuGet": "nuget", "Pub": "pub", "Hex": "erlang", "GitHub Actions": "actions", "SwiftURL": "swift",
}
