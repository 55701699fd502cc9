package extract

import (
	"fmt"
	"path"
	"strings"

	"github.com/google/osv-scalibr/extractor/filesystem/language/python/requirements"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// pinned keeps a version only where the requirement allows no other: "requests>=2" does not say which version runs.
// https://packaging.python.org/en/latest/specifications/version-specifiers/
func pinned(p *tocsin.Package, m *requirements.Metadata) {
	if m.VersionComparator != "==" && m.VersionComparator != "===" || strings.ContainsAny(p.Version, "*, ") {
		p.Version = ""
	}
	p.Integrity = strings.Join(m.HashCheckingModeValues, " ")
}

var (
	// byURL is PEP 508's "name[extras] @ url".
	byURL = pattern.Lazy(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*@\s*(\S+)`)
	// bare is a requirement that is an address, with the name in its fragment. https://pip.pypa.io/en/stable/topics/vcs-support/
	bare = pattern.Lazy(`^(?:(?:-e|--editable)[\s=]+)?((?:(?:git|hg|svn|bzr)\+|https?://|file:)\S+)`)
	egg  = pattern.Lazy(`[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)`)
	// include is a reference to another requirements file.
	include = pattern.Lazy(`^(?:-r|--requirement)[\s=]*(\S+)`)
)

// completeRequirements adds the requirements by address, and says which included files could not be opened.
func completeRequirements(f File, data []byte, r *Result) error {
	var missing error
	for i, line := range split(data) {
		line = strings.TrimSpace(line)
		var name, address string
		if m := byURL().FindStringSubmatch(line); m != nil {
			name, address = m[1], m[2]
		} else if m := bare().FindStringSubmatch(line); m != nil {
			address = m[1]
			if e := egg().FindStringSubmatch(address); e != nil {
				name = e[1]
			}
		} else if m := include().FindStringSubmatch(line); m != nil && missing == nil {
			body, err := f.FS.Open(path.Join(path.Dir(f.Path), m[1]))
			if err != nil {
				missing = fmt.Errorf("line %d: the included file %s could not be opened", i+1, m[1])
				continue
			}
			body.Close()
		}
		if address == "" {
			continue
		}
		o := origin("PyPI", address)
		if strings.HasPrefix(address, "hg+") || strings.HasPrefix(address, "svn+") || strings.HasPrefix(address, "bzr+") {
			o = tocsin.Origin{Kind: tocsin.OriginURL, URL: plain(address)}
		}
		r.Packages = append(r.Packages, tocsin.Package{
			Ecosystem: "PyPI", Name: purl.Canonical("PyPI", name), Origin: o,
			Location: []tocsin.Location{{Path: f.Path, Line: i + 1}},
		})
	}
	return missing
}
