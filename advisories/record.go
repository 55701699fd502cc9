package advisories

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tocsin-dev/tocsin"
)

// MaxRecord is the largest record that is read, in bytes. The largest of the public corpus has 1.4 MB.
const MaxRecord = 16 << 20

// record is an OSV record as it is found in the wild: times are text, because some are empty or malformed, and what a
// database adds is read only where we use it. Fields that are unknown are skipped: the schema grows.
type record struct {
	ID         string             `json:"id"`
	Modified   string             `json:"modified"`
	Published  string             `json:"published"`
	Withdrawn  string             `json:"withdrawn"`
	Aliases    []string           `json:"aliases"`
	Summary    string             `json:"summary"`
	Severity   []tocsin.Severity  `json:"severity"`
	Affected   []affected         `json:"affected"`
	References []tocsin.Reference `json:"references"`
	Database   databaseSpecific   `json:"database_specific"`
}

type affected struct {
	Package  tocsin.AffectedPackage `json:"package"`
	Severity []tocsin.Severity      `json:"severity"`
	Ranges   []tocsin.Range         `json:"ranges"`
	Versions []string               `json:"versions"`
	Database databaseSpecific       `json:"database_specific"`
}

// databaseSpecific is anything at all; only an object's cwe_ids (GitHub), cwes and malicious-packages-origins (both of
// malicious-packages) and informational (RustSec) are looked at.
type databaseSpecific struct {
	cwes, reporters []string
	informational   string
}

func (d *databaseSpecific) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	var known struct {
		CWEIDs        jsontext.Value `json:"cwe_ids"`
		CWEs          jsontext.Value `json:"cwes"`
		Origins       jsontext.Value `json:"malicious-packages-origins"`
		Informational jsontext.Value `json:"informational"`
	}
	// What has another shape than we know is the database's own business.
	if json.Unmarshal(raw, &known, untidy()) != nil {
		return nil
	}
	_ = json.Unmarshal(known.Informational, &d.informational, untidy())
	_ = json.Unmarshal(known.CWEIDs, &d.cwes, untidy())
	var cwes []struct {
		ID string `json:"cweId"`
	}
	_ = json.Unmarshal(known.CWEs, &cwes, untidy())
	for _, c := range cwes {
		d.cwes = append(d.cwes, c.ID)
	}
	var origins []struct {
		Source string `json:"source"`
	}
	_ = json.Unmarshal(known.Origins, &origins, untidy())
	for _, o := range origins {
		d.reporters = append(d.reporters, o.Source)
	}
	return nil
}

// untidy lets through what occurs in real records and harms nothing here: duplicate names and invalid UTF-8.
func untidy() json.Options {
	return json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// Parse reads one OSV record. The error is an [tocsin.ErrInvalid] that names the field and the offset; a record is only
// refused when it has no id, a withdrawn time that cannot be read, or a field of the wrong shape. A modified or
// published time that cannot be read is left out.
func Parse(b []byte) (tocsin.Advisory, error) {
	if len(b) > MaxRecord {
		return tocsin.Advisory{}, fmt.Errorf("%w: record of %d bytes, at most %d are read", tocsin.ErrInvalid, len(b), MaxRecord)
	}
	var r record
	if err := json.Unmarshal(b, &r, untidy()); err != nil {
		return tocsin.Advisory{}, fmt.Errorf("%w: %v", tocsin.ErrInvalid, err)
	}
	if !validID(r.ID) {
		return tocsin.Advisory{}, fmt.Errorf("%w: field id: %.60q is no OSV id", tocsin.ErrInvalid, r.ID)
	}
	a := tocsin.Advisory{
		ID: r.ID, Aliases: r.Aliases, Summary: r.Summary, Severity: r.Severity, References: r.References,
		Affected: make([]tocsin.Affected, len(r.Affected)),
	}
	for _, f := range []struct {
		name, text string
		to         *time.Time
	}{{"modified", r.Modified, &a.Modified}, {"published", r.Published, &a.Published}, {"withdrawn", r.Withdrawn, &a.Withdrawn}} {
		if f.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, f.text)
		if err != nil && f.to == &a.Withdrawn { // whether the record stands cannot be told
			return tocsin.Advisory{}, fmt.Errorf("%w: record %s: field %s: %.60q is not an RFC 3339 time", tocsin.ErrInvalid, r.ID, f.name, f.text)
		}
		if err == nil {
			*f.to = t.UTC()
		}
	}
	for _, o := range r.Database.reporters {
		if o != "" && len(o) <= 100 {
			a.Reporters = append(a.Reporters, o)
		}
	}
	cwes := r.Database.cwes
	for i, in := range r.Affected {
		a.Affected[i] = tocsin.Affected{Package: in.Package, Severity: in.Severity, Ranges: in.Ranges, Versions: in.Versions}
		cwes = append(cwes, in.Database.cwes...)
	}
	slices.Sort(cwes)
	a.CWEs = slices.Compact(cwes)
	a.Unmaintained = r.unmaintained()
	return a, nil
}

// validID says whether s may be the id of a record: short, printable, and safe as the name of a file.
func validID(s string) bool {
	if s == "" || len(s) > 200 || s[0] == '.' {
		return false
	}
	for _, c := range s {
		if c <= ' ' || c >= 0x7f || c == '/' || c == '\\' {
			return false
		}
	}
	return true
}

// unmaintained says whether the record tells of all its packages that nobody maintains them, and of no flaw: a score or a CVE means
// that there is one beside it. RustSec's other informational records, "unsound" and "notice", are of flaws.
// https://github.com/RustSec/advisory-db#advisory-format
func (r record) unmaintained() bool {
	flaw := len(r.Severity) > 0 || slices.ContainsFunc(r.Aliases, func(id string) bool { return strings.HasPrefix(id, "CVE-") })
	return !flaw && len(r.Affected) > 0 && !slices.ContainsFunc(r.Affected, func(a affected) bool {
		return len(a.Severity) > 0 || a.Database.informational != "unmaintained"
	})
}

// malicious says whether the record reports malice: an id of the malicious-packages database, or its CWE.
func malicious(a tocsin.Advisory) bool {
	return strings.HasPrefix(a.ID, "MAL-") || slices.Contains(a.CWEs, "CWE-506")
}

// reporters are those who reported what the record says, independently of each other. A record is a report of the
// database its id belongs to. The malicious-packages database (MAL) collects the reports of others and names them; such
// a record counts as theirs, and "ghsa-malware" is GitHub's, so that a GHSA record and the MAL record imported from it
// are one origin, not two that confirm each other.
func reporters(a tocsin.Advisory) []string {
	database := origin(a.ID)
	var list []string
	if database == "MAL" {
		for _, r := range a.Reporters {
			list = append(list, reporter(r))
		}
	}
	if len(list) == 0 {
		list = append(list, database)
	}
	return list
}

func reporter(source string) string {
	if source == "ghsa-malware" {
		return "GHSA"
	}
	return source
}

// origin is the database an id belongs to: "GHSA" of "GHSA-jfh8-…".
func origin(id string) string {
	o, _, _ := strings.Cut(strings.TrimPrefix(id, "x_"), "-")
	return o
}
