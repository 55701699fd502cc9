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

// databaseSpecific is anything at all; only an object's cwe_ids (GitHub) and cwes (malicious-packages) are looked at.
type databaseSpecific struct{ cwes []string }

func (d *databaseSpecific) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	var known struct {
		CWEIDs []string `json:"cwe_ids"`
		CWEs   []struct {
			ID string `json:"cweId"`
		} `json:"cwes"`
	}
	// Whatever else stands there is the database's own business.
	_ = json.Unmarshal(raw, &known)
	d.cwes = known.CWEIDs
	for _, c := range known.CWEs {
		d.cwes = append(d.cwes, c.ID)
	}
	return nil
}

// Parse reads one OSV record. The error is an [tocsin.ErrInvalid] that names the field and the offset; a record is only
// refused when it has no id, no readable modified time, or a field of the wrong shape.
func Parse(b []byte) (tocsin.Advisory, error) {
	if len(b) > MaxRecord {
		return tocsin.Advisory{}, fmt.Errorf("%w: record of %d bytes, at most %d are read", tocsin.ErrInvalid, len(b), MaxRecord)
	}
	var r record
	// Duplicate names and invalid UTF-8 occur in real records and harm nothing here.
	err := json.Unmarshal(b, &r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return tocsin.Advisory{}, fmt.Errorf("%w: %v", tocsin.ErrInvalid, err)
	}
	if r.ID == "" || len(r.ID) > 200 || strings.ContainsAny(r.ID, "/\\\x00\n\r\t ") {
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
		if err != nil {
			return tocsin.Advisory{}, fmt.Errorf("%w: record %s: field %s: %q is not an RFC 3339 time", tocsin.ErrInvalid, r.ID, f.name, f.text)
		}
		*f.to = t.UTC()
	}
	cwes := r.Database.cwes
	for i, in := range r.Affected {
		a.Affected[i] = tocsin.Affected{Package: in.Package, Severity: in.Severity, Ranges: in.Ranges, Versions: in.Versions}
		cwes = append(cwes, in.Database.cwes...)
	}
	slices.Sort(cwes)
	a.CWEs = slices.Compact(cwes)
	return a, nil
}

// malicious says whether the record reports malice: an id of the malicious-packages database, or its CWE.
func malicious(a tocsin.Advisory) bool {
	return strings.HasPrefix(a.ID, "MAL-") || slices.Contains(a.CWEs, "CWE-506")
}

// origin is the database a record's id belongs to: "GHSA" of "GHSA-jfh8-…".
func origin(id string) string {
	o, _, _ := strings.Cut(strings.TrimPrefix(id, "x_"), "-")
	return o
}
