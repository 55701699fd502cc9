package draft

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/package-url/packageurl-go"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"

	"github.com/tocsin-dev/tocsin"
)

// check asks of a document what CSAF's mandatory tests ask, as far as it has what they are about; numbers are those of section 6.1. A document
// that fails is an [tocsin.ErrConflict] that says what is missing: it is better to publish none.
func (c csaf) check() error {
	ids, err := c.productIDs()
	errs := []error{err, c.Document.check(), c.profile()}
	cves := map[string]bool{}
	for i, v := range c.Vulnerabilities {
		if v.CVE != "" && cves[v.CVE] {
			errs = append(errs, fault(23, "vulnerabilities[%d]: %s stands twice", i, v.CVE))
		}
		cves[v.CVE] = true
		if err := v.check(ids); err != nil {
			errs = append(errs, fmt.Errorf("vulnerabilities[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

func fault(test int, format string, args ...any) error {
	return fmt.Errorf("%w: CSAF test 6.1.%d: "+format, append([]any{tocsin.ErrConflict, test}, args...)...)
}

// productIDs are those that are defined, each once (2); purls are some (13), and the name of a version is no range (31).
func (c csaf) productIDs() (map[string]bool, error) {
	ids := map[string]bool{}
	var errs []error
	define := func(p csafProduct) {
		if ids[p.ID] {
			errs = append(errs, fault(2, "product %s is defined twice", p.ID))
		}
		ids[p.ID] = true
		if p.Helper != nil && p.Helper.PURL != "" {
			if _, err := packageurl.FromString(p.Helper.PURL); err != nil {
				errs = append(errs, fault(13, "product %s: %v", p.ID, err))
			}
		}
	}
	var walk func(list []csafBranch, depth int)
	walk = func(list []csafBranch, depth int) {
		for _, b := range list {
			if b.Product != nil {
				define(*b.Product)
			}
			if b.Category == "product_version" && (strings.ContainsAny(b.Name, "<>") || isRange(b.Name)) {
				errs = append(errs, fault(31, "version %q is a range", b.Name))
			}
			if depth < 30 {
				walk(b.Branches, depth+1)
			}
		}
	}
	if c.ProductTree != nil {
		walk(c.ProductTree.Branches, 0)
		for _, p := range c.ProductTree.Names {
			define(p)
		}
	}
	return ids, errors.Join(errs...)
}

func isRange(s string) bool {
	for _, word := range strings.Fields(strings.ToLower(s)) {
		if slices.Contains([]string{"after", "all", "before", "earlier", "later", "prior", "versions"}, word) {
			return true
		}
	}
	return false
}

// check is for the history: in order (14), without gap (21) or double (22), and ending with the version (16); a draft and nothing else is of
// version 0 (17, 18).
func (h csafHead) check() error {
	t := h.Tracking
	var last int
	for i, r := range t.History {
		n, err := strconv.Atoi(r.Number)
		if err != nil {
			return fault(30, "revision %q is no whole number", r.Number)
		}
		switch {
		case i > 0 && n == last:
			return fault(22, "revision %d stands twice", n)
		case i > 0 && n < last, i > 0 && r.Date.Before(t.History[i-1].Date):
			return fault(14, "revision %d is not behind the one before it", n)
		case i > 0 && n != last+1, i == 0 && n > 1:
			return fault(21, "a revision before %d is missing", n)
		case n == 0 && t.Status != "draft":
			return fault(18, "revision 0 of what is not a draft")
		}
		last = n
	}
	switch {
	case len(t.History) == 0 || t.Version != strconv.Itoa(last):
		return fault(16, "version %q is not the last revision", t.Version)
	case last == 0 && t.Status != "draft":
		return fault(17, "version 0 of what is not a draft")
	}
	return nil
}

// profile is what the category asks for (27).
func (c csaf) profile() error {
	h := c.Document
	switch h.Category {
	case csafResponse:
		if !slices.ContainsFunc(h.Notes, func(n csafNote) bool {
			return slices.Contains([]string{"description", "details", "general", "summary"}, n.Category)
		}) {
			return fault(27, "a response to an incident has a note")
		}
		if !slices.ContainsFunc(h.References, func(r csafReference) bool { return r.Category == "external" }) {
			return fault(27, "a response to an incident has a reference: name a page about it with advise --section references")
		}
	case csafAdvisory:
		if c.ProductTree == nil {
			return fault(27, "a security advisory names a product")
		}
		if len(c.Vulnerabilities) == 0 {
			return fault(27, "a security advisory names a vulnerability")
		}
		for i, v := range c.Vulnerabilities {
			if len(v.Notes) == 0 || len(v.Status) == 0 {
				return fault(27, "vulnerabilities[%d] has no note, or states no product", i)
			}
		}
	}
	return nil
}

// states of a product that exclude each other (6).
var csafStates = map[string]string{
	"first_affected": "affected", csafAffected: "affected", "last_affected": "affected", csafNotAffected: "not affected",
	"first_fixed": "fixed", csafFixed: "fixed", csafUnknown: "under investigation",
}

func (v csafVulnerability) check(ids map[string]bool) error {
	var errs []error
	known := func(list []string) {
		for _, id := range list {
			if !ids[id] {
				errs = append(errs, fault(1, "product %s is not defined", id))
			}
		}
	}
	state := map[string]string{}
	for status, list := range v.Status {
		known(list)
		for _, id := range list {
			is := csafStates[status]
			if was := state[id]; was != "" && is != "" && was != is {
				errs = append(errs, fault(6, "product %s is %s and %s", id, was, is))
			}
			if is != "" {
				state[id] = is
			}
		}
	}
	if len(v.Status[csafFixed]) > 0 && len(v.Status[csafAffected]) == 0 {
		errs = append(errs, fmt.Errorf("%w: a product is fixed, and none is affected", tocsin.ErrConflict))
	}
	for _, r := range slices.Concat(v.Remediations, v.Threats) {
		known(r.Products)
	}
	for _, r := range v.Remediations {
		if len(r.Products)+len(r.Groups) == 0 {
			errs = append(errs, fault(29, "a remediation of no product"))
		}
	}
	flagged := map[string]bool{}
	for _, f := range v.Flags {
		known(f.Products)
		if len(f.Products)+len(f.Groups) == 0 {
			errs = append(errs, fault(32, "a flag of no product"))
		}
		for _, id := range f.Products {
			if flagged[id] {
				errs = append(errs, fault(33, "product %s has two justifications", id))
			}
			flagged[id] = true
		}
	}
	return errors.Join(append(errs, v.checkScores(known))...)
}

// checkScores: each product has one score of a version of CVSS (7), whose vector is one (8) and gives the score (9).
func (v csafVulnerability) checkScores(known func([]string)) error {
	seen := map[string]bool{}
	for _, s := range v.Scores {
		known(s.Products)
		if s.CVSS == nil {
			continue
		}
		for _, id := range s.Products {
			if seen[s.CVSS.Version+" "+id] {
				return fault(7, "product %s has two scores", id)
			}
			seen[s.CVSS.Version+" "+id] = true
		}
		var score float64
		if w, err := gocvss31.ParseVector(s.CVSS.Vector); err == nil {
			score = w.BaseScore()
		} else if w, err := gocvss30.ParseVector(s.CVSS.Vector); err == nil {
			score = w.BaseScore()
		} else {
			return fault(8, "%.100q is no vector", s.CVSS.Vector)
		}
		if math.Abs(score-s.CVSS.Score) > 0.01 || !strings.EqualFold(s.CVSS.Severity, (&tocsin.CVSS{Score: score}).Rating()) {
			return fault(9, "the score of %s is %.1f", s.CVSS.Vector, score)
		}
	}
	return nil
}
