package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tocsin-dev/tocsin"
)

// OSVScanner writes the report in osv-scanner's published result models, so that what reads its JSON reads ours: affected
// findings only, since the format knows no others. record gives the JSON of an advisory.
func OSVScanner(w io.Writer, r Report, record func(id string) ([]byte, error)) error {
	if record == nil {
		return fmt.Errorf("%w: the osv-scanner format needs the advisory records", tocsin.ErrInvalid)
	}
	out := models.VulnerabilityResults{Results: []models.PackageSource{}}
	cache := map[string]*osvschema.Vulnerability{}
	for _, t := range r.Targets {
		sources, err := packageSources(t, func(id string) (*osvschema.Vulnerability, error) {
			if v, ok := cache[id]; ok {
				return v, nil
			}
			text, err := record(id)
			if err != nil {
				return nil, err
			}
			v := &osvschema.Vulnerability{}
			// Records run ahead of the schema that the library knows.
			if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, v); err != nil {
				return nil, fmt.Errorf("%w: record %s: %v", tocsin.ErrInvalid, id, err)
			}
			cache[id] = v
			return v, nil
		})
		if err != nil {
			return fmt.Errorf("writing the osv-scanner report: %w", err)
		}
		out.Results = append(out.Results, sources...)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(&out); err != nil {
		return fmt.Errorf("writing the osv-scanner report: %w", err)
	}
	return nil
}

// packageSources groups a target's findings by the file they were found in, and within it by package.
func packageSources(t Target, record func(id string) (*osvschema.Vulnerability, error)) ([]models.PackageSource, error) {
	formats := map[string]string{}
	for _, f := range t.Coverage.Files {
		formats[f.Path] = f.Format
	}
	files := map[string]map[string]*models.PackageVulns{}
	for _, d := range t.Decisions {
		if d.Finding.Status != tocsin.StatusAffected || d.Finding.Class.Kind == tocsin.KindPin {
			continue
		}
		for _, path := range places(t, d.Finding.Package) {
			if files[path] == nil {
				files[path] = map[string]*models.PackageVulns{}
			}
			p := d.Finding.Package
			key := strings.Join([]string{p.Ecosystem, p.Name, p.Version}, "\x00")
			pv := files[path][key]
			if pv == nil {
				pv = &models.PackageVulns{Package: models.PackageInfo{Name: p.Name, Version: p.Version, Ecosystem: p.Ecosystem}}
				files[path][key] = pv
			}
			if err := addGroup(pv, d.Finding, record); err != nil {
				return nil, err
			}
		}
	}
	var out []models.PackageSource
	for _, path := range sortedKeys(files) {
		ps := models.PackageSource{Source: models.SourceInfo{Path: path, Type: sourceType(formats[path])}}
		for _, key := range sortedKeys(files[path]) {
			ps.Packages = append(ps.Packages, *files[path][key])
		}
		out = append(out, ps)
	}
	return out, nil
}

// places are the files that a package was found in, or what was scanned where that is not known: no finding is left out.
func places(t Target, p tocsin.Package) []string {
	var out []string
	for _, l := range p.Location {
		if !slices.Contains(out, l.Path) {
			out = append(out, l.Path)
		}
	}
	if len(out) == 0 {
		out = []string{t.Source}
	}
	return out
}

// addGroup adds the records of one class, which is one group.
func addGroup(pv *models.PackageVulns, f tocsin.Finding, record func(id string) (*osvschema.Vulnerability, error)) error {
	g := models.GroupInfo{IDs: []string{}, Aliases: f.Class.Aliases}
	if slices.ContainsFunc(pv.Groups, func(have models.GroupInfo) bool { return slices.Equal(have.Aliases, g.Aliases) }) {
		return nil // the same version twice, from two registries
	}
	if f.Class.CVSS != nil {
		g.MaxSeverity = fmt.Sprintf("%.1f", f.Class.CVSS.Score)
	}
	for _, e := range f.Evidence {
		if slices.Contains(g.IDs, e.Advisory) {
			continue
		}
		v, err := record(e.Advisory)
		if err != nil {
			return err
		}
		g.IDs = append(g.IDs, e.Advisory)
		pv.Vulnerabilities = append(pv.Vulnerabilities, v)
	}
	pv.Groups = append(pv.Groups, g)
	return nil
}

func sourceType(format string) models.SourceType {
	for _, sbom := range []string{"cyclonedx", "spdx"} {
		if strings.HasPrefix(format, sbom) {
			return models.SourceTypeSBOM
		}
	}
	return models.SourceTypeProjectPackage
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
