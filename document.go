package tocsin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// A Document is the advisory by which projects tell their own users of an incident, apart from any format: OSV, CSAF, OpenVEX and GitHub's
// own are written from it. It names no project that did not opt in to that.
type Document struct {
	// ID is the key of the incident.
	ID string `json:"id"`
	// Aliases are ids of this very flaw: those that were assigned to it for what is published here.
	Aliases []string `json:"aliases,omitempty"`
	Title   string   `json:"title"`
	// Details and Mitigation are Markdown.
	Details    string `json:"details"`
	Mitigation string `json:"mitigation,omitempty"`
	// Flaws are what the products have from others, the gravest or first known first; of an incident that no advisory is behind it is the
	// incident itself.
	Flaws    []Flaw    `json:"flaws"`
	Products []Product `json:"products,omitempty"`
	Severity Level     `json:"severity,omitempty"`
	// Declared says that no advisory is behind the incident.
	Declared   bool        `json:"declared,omitempty"`
	Credits    []Credit    `json:"credits,omitempty"`
	References []Reference `json:"references,omitempty"`
	TLP        TLP         `json:"tlp"`
	Publisher  Publisher   `json:"publisher"`
	// Status is draft until two people agreed to publish it.
	Status DocumentStatus `json:"status"`
	// Withdrawn is zero while it stands.
	Withdrawn time.Time `json:"withdrawn,omitzero"`
	// Revisions are its history, oldest first; of a draft the last is the one that it may become.
	Revisions []Revision `json:"revisions"`
}

// A Flaw is a vulnerability that a [Document] speaks of.
type Flaw struct {
	ID      string   `json:"id"`
	Kind    Kind     `json:"kind"`
	Aliases []string `json:"aliases,omitempty"`
	Summary string   `json:"summary,omitempty"`
	CVSS    *CVSS    `json:"cvss,omitempty"`
	CWEs    []string `json:"cwes,omitempty"`
	URL     string   `json:"url,omitempty"`
}

// A Product is what a project publishes, as a [Document] speaks of it.
type Product struct {
	// Project is for us alone: its users know the product by its name.
	Project string `json:"-"`
	// PURL has no version; it is empty where the project publishes nothing that has one.
	PURL string `json:"purl,omitempty"`
	// Ecosystem and Name are OSV's; without an ecosystem the name is that of the purl.
	Ecosystem string        `json:"ecosystem,omitempty"`
	Name      string        `json:"name"`
	Status    ProductStatus `json:"status"`
	// Versions are those that are affected; none with the status affected: all so far.
	Versions []Interval `json:"versions,omitempty"`
	// Justification and Impact say why it is not affected.
	Justification Justification `json:"justification,omitempty"`
	Impact        string        `json:"impact,omitempty"`
	// Flaws are those of the document that it has, by id, and Uses the affected packages in it.
	Flaws []string `json:"flaws"`
	Uses  []Use    `json:"uses,omitempty"`
}

// A Use is an affected package in a [Product], as the newest scan saw it, or the last one that did.
type Use struct {
	PURL    string `json:"purl,omitempty"` // with the version
	Name    string `json:"name"`
	Version string `json:"version"`
	// Fixed is the lowest version that clears the flaw, Upgrade the lowest that clears all that are known of it; empty if none is known.
	Fixed   string `json:"fixed,omitempty"`
	Upgrade string `json:"upgrade,omitempty"`
}

// ProductStatus is what a [Document] says of a product, in the words of VEX.
type ProductStatus string

// The product statuses.
const (
	ProductAffected    ProductStatus = "affected"
	ProductFixed       ProductStatus = "fixed" // affected, and there is a fix for each range of versions
	ProductNotAffected ProductStatus = "not_affected"
	ProductUnknown     ProductStatus = "under_investigation"
)

// Harmed says whether versions of the product are affected.
func (s ProductStatus) Harmed() bool { return s == ProductAffected || s == ProductFixed }

// An Interval is affected versions in the order of the product's ecosystem. At most one of Before and Through is set.
type Interval struct {
	// From is the first that is affected; empty: from the beginning.
	From string `json:"from,omitempty"`
	// Before is the first that is not affected any more: the fix.
	Before string `json:"before,omitempty"`
	// Through is the last that is known to be affected, where there is no fix.
	Through string `json:"through,omitempty"`
}

// Justification says why a product is not affected: one of the five of VEX, which OpenVEX and CSAF share.
// https://www.cisa.gov/sites/default/files/publications/VEX_Status_Justification_Jun22.pdf
type Justification string

// The justifications.
const (
	NoComponent   Justification = "component_not_present"
	NoCode        Justification = "vulnerable_code_not_present"
	NotExecuted   Justification = "vulnerable_code_not_in_execute_path"
	NotControlled Justification = "vulnerable_code_cannot_be_controlled_by_adversary"
	Mitigated     Justification = "inline_mitigations_already_exist"
)

// Validate refuses justifications that there are not.
func (j Justification) Validate() error {
	return oneOf("justification", j, Justifications()...)
}

// Justifications lists all of them.
func Justifications() []Justification {
	return []Justification{NoComponent, NoCode, NotExecuted, NotControlled, Mitigated}
}

// DocumentStatus says how far a [Document] has come, in the words of CSAF.
type DocumentStatus string

// The document statuses.
const (
	DocumentDraft   DocumentStatus = "draft"   // nobody but us reads it
	DocumentInterim DocumentStatus = "interim" // published, and expected to change
	DocumentFinal   DocumentStatus = "final"   // published, and not expected to change
)

// A Publisher is who a [Document] is by.
type Publisher struct {
	Name string `json:"name"`
	// URL is under the control of the publisher, and so in no other publisher's documents.
	URL string `json:"url"`
}

// A Revision is one that readers of a [Document] saw, or are to see.
type Revision struct {
	// Number counts from 1 without a gap.
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	// Summary says what is new in it.
	Summary string `json:"summary"`
}

// Last is the newest revision.
func (d Document) Last() Revision {
	if len(d.Revisions) == 0 {
		return Revision{}
	}
	return d.Revisions[len(d.Revisions)-1]
}

// Encode gives the document as a line of JSON, always the same for the same document.
func (d Document) Encode() ([]byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encoding the advisory %s: %w", d.ID, err)
	}
	return append(text, '\n'), nil
}

// Digest is the SHA-256 of what [Document.Encode] gives.
func (d Document) Digest() (string, error) {
	text, err := d.Encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Advice is what people said for the [Document] of an incident, because nothing else says it.
type Advice struct {
	Title      string `json:"title,omitempty"`
	Details    string `json:"details,omitempty"`
	Mitigation string `json:"mitigation,omitempty"`
	// CVE is the one that was assigned to the flaw in what is published here.
	CVE string `json:"cve,omitempty"`
	// References are addresses, one a line.
	References string          `json:"references,omitempty"`
	Products   []ProductAdvice `json:"products,omitempty"`
}

// A ProductAdvice is what people said of the product of a project. What its fields mean stands with [Product].
type ProductAdvice struct {
	Project       string        `json:"project"`
	Status        ProductStatus `json:"status"`
	Versions      []Interval    `json:"versions,omitempty"`
	Justification Justification `json:"justification,omitempty"`
	Impact        string        `json:"impact,omitempty"`
}

// The sections of an [Advice].
const (
	SectionTitle      Section = "title"
	SectionDetails    Section = "details"
	SectionMitigation Section = "mitigation"
	SectionCVE        Section = "cve"
	SectionReferences Section = "references"
)

// AdviceSections lists the sections of an [Advice], in the order in which it is read.
func AdviceSections() []Section {
	return []Section{SectionTitle, SectionDetails, SectionMitigation, SectionCVE, SectionReferences}
}

// Section gives the text of a section; nil if there is no such section.
func (a *Advice) Section(s Section) *string {
	switch s {
	case SectionTitle:
		return &a.Title
	case SectionDetails:
		return &a.Details
	case SectionMitigation:
		return &a.Mitigation
	case SectionCVE:
		return &a.CVE
	case SectionReferences:
		return &a.References
	}
	return nil
}
