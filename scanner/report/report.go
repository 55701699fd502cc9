package report

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/tocsin-dev/tocsin"
)

// A Report is one scan of one or more targets.
type Report struct {
	// Schema is the version of the JSON document, set when it is written.
	Schema int `json:"schema_version"`
	// Tocsin is the program's version.
	Tocsin  string      `json:"tocsin"`
	At      time.Time   `json:"at"`
	Gate    tocsin.Gate `json:"gate"`
	Targets []Target    `json:"targets"`
	// Snapshot, policies and their digest are what the verdict was made with.
	Snapshot     tocsin.Snapshot `json:"snapshot"`
	Policies     []string        `json:"policies"`
	PolicyDigest string          `json:"policy_digest"`
}

// A Target is one thing that was scanned.
type Target struct {
	Source string `json:"source"`
	// Inventory is the digest of what was read, Packages their number.
	Inventory string            `json:"inventory"`
	Packages  int               `json:"packages"`
	Gate      tocsin.Gate       `json:"gate"`
	Why       []string          `json:"why,omitempty"`
	Coverage  tocsin.Coverage   `json:"coverage"`
	Decisions []tocsin.Decision `json:"decisions"`
	// Contents are the packages themselves, so that a later gate can judge them again by what is known then.
	Contents Contents `json:"contents"`
}

// Contents are what an inventory holds besides its coverage. They are the JSON report's only.
type Contents struct {
	Packages []tocsin.Package `json:"packages"`
	Edges    []tocsin.Edge    `json:"edges"`
}

// JSON writes the report as one indented document, which docs/report.schema.json describes and [Read] reads.
func JSON(w io.Writer, r Report) error {
	r.Schema = SchemaVersion
	// The report of a large SBOM has dozens of megabytes: it is written as it is encoded.
	out := bufio.NewWriterSize(w, 64<<10)
	err := json.MarshalWrite(out, r, jsonv1.DefaultOptionsV1(), json.FormatNilSliceAsNull(false), jsontext.WithIndent("  "), jsontext.EscapeForHTML(false))
	if err := errors.Join(err, out.WriteByte('\n'), out.Flush()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// gravest orders decisions by what matters first: gate, response, severity score, then name.
func gravest(a, b tocsin.Decision) int {
	return cmp.Or(
		tocsin.CompareGates(b.Gate, a.Gate),
		tocsin.CompareResponses(b.Response, a.Response),
		cmp.Compare(score(b), score(a)),
		tocsin.ComparePackages(a.Finding.Package, b.Finding.Package),
		strings.Compare(a.Finding.Class.ID, b.Finding.Class.ID),
	)
}

// score ranks malware above every CVSS and no score below.
func score(d tocsin.Decision) float64 {
	switch {
	case d.Finding.Class.Kind == tocsin.KindMalware:
		return 11
	case d.Finding.Class.CVSS != nil:
		return d.Finding.Class.CVSS.Score
	default:
		return -1
	}
}

// sortedDecisions are a target's decisions, gravest first.
func sortedDecisions(t Target) []tocsin.Decision {
	out := slices.Clone(t.Decisions)
	slices.SortFunc(out, gravest)
	return out
}
