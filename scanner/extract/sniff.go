package extract

import (
	"bytes"
	"io"
	"path"
	"strings"
)

// SniffSize is how much of a file [ByContent] should be shown.
const SniffSize = 8 << 10

// MayBeDocument says that a file found on a walk is worth a look at its content.
func MayBeDocument(file string) bool {
	base := strings.ToLower(path.Base(file))
	switch path.Ext(base) {
	case ".json", ".xml", ".spdx", ".cdx", ".yaml", ".yml", ".tag", ".jsonld", ".spdx3":
		return true
	case "":
		return strings.Contains(base, "bom")
	default:
		return false
	}
}

// NamedDocument says that a file's name calls it an SBOM, so that its content deserves a thorough look.
func NamedDocument(file string) bool {
	base := strings.ToLower(path.Base(file))
	for _, part := range []string{".cdx.", ".spdx.", "sbom", "cyclonedx", "spdx", ".syft."} {
		if strings.Contains(base, part) {
			return true
		}
	}
	return base == "bom.json" || base == "bom.xml"
}

// MayBeProgram says that a file with this name, if it may be executed, is worth a look at its content.
func MayBeProgram(file string) bool {
	ext := path.Ext(file)
	return ext == "" || strings.EqualFold(ext, ".exe")
}

// ByContent recognises an SBOM, a list of purls or a program by its first [SniffSize] bytes, or returns nil. A byte-order mark is the caller's to remove.
func ByContent(head []byte) Reader {
	text := bytes.TrimSpace(head)
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		return sniffJSON(bytes.NewReader(head))
	case bytes.HasPrefix(text, []byte("<")):
		return sniffXML(text)
	case isProgram(head):
		return goBinary{}
	}
	first := true // of the lines that say something
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case first && strings.HasPrefix(line, "pkg:"):
			return purlList{}
		case strings.HasPrefix(line, "SPDXVersion:"):
			return spdxTagValue{}
		case strings.HasPrefix(line, "spdxVersion:"), strings.HasPrefix(line, `"spdxVersion":`):
			return spdxYAML{}
		case strings.HasPrefix(line, "SPDXID:"):
			// YAML quotes and indents as JSON does; tag-value has SPDXVersion near.
			if bytes.Contains(text, []byte("SPDXVersion:")) {
				return spdxTagValue{}
			}
			return spdxYAML{}
		}
		first = first && (line == "" || line[0] == '#')
	}
	return nil
}

// ByWholeContent recognises a JSON document by keys however late they come. It reads r to the end if need be.
func ByWholeContent(r io.Reader) Reader { return sniffJSON(r) }

// sniffJSON looks at the names of the top object, and of the "sbom" within.
func sniffJSON(r io.Reader) Reader {
	w := newWalk(r)
	var found Reader
	var components, specVersion bool
	var look func(name []byte) error
	look = func(name []byte) error {
		var text string
		switch string(name) {
		case "bomFormat":
			if err := w.text(&text); err != nil {
				return err
			}
			if strings.EqualFold(text, "CycloneDX") {
				found = cycloneDXJSON{}
			}
		case "spdxVersion", "SPDXID":
			if w.dec.PeekKind() == '"' {
				found = spdxJSON{}
			}
			if found == nil {
				return w.skip()
			}
		case "@context":
			v, err := w.dec.ReadValue()
			if err != nil {
				return err
			}
			if bytes.Contains(v, []byte("spdx.org/rdf/3")) {
				found = spdx3{}
			}
		case "specVersion":
			specVersion = true
			return w.skip()
		case "components":
			components = true
			return w.skip()
		case "artifacts":
			// What every artifact of syft says, and nothing else does.
			return w.array(func() error {
				return w.object(func(name []byte) error {
					if string(name) == "foundBy" {
						found = syftJSON{}
						return io.EOF
					}
					return w.skip()
				})
			})
		case "descriptor":
			err := w.object(func(name []byte) error {
				if string(name) != "name" {
					return w.skip()
				}
				return w.text(&text)
			})
			if err != nil {
				return err
			}
			if text == "syft" {
				found = syftJSON{}
			}
		case "sbom":
			return w.object(look)
		default:
			return w.skip()
		}
		if found != nil {
			// Seen enough.
			return io.EOF
		}
		return nil
	}
	_ = w.object(look)
	if found == nil && components && specVersion {
		// A CycloneDX document that forgot to say so.
		return cycloneDXJSON{}
	}
	return found
}

// sniffXML looks at the first element.
func sniffXML(text []byte) Reader {
	for len(text) > 0 {
		i := bytes.IndexByte(text, '<')
		if i < 0 || i+1 >= len(text) {
			return nil
		}
		text = text[i:]
		if text[1] == '?' || text[1] == '!' {
			end := []byte(">")
			if bytes.HasPrefix(text, []byte("<!--")) {
				end = []byte("-->")
			}
			j := bytes.Index(text, end)
			if j < 0 {
				return nil
			}
			text = text[j+len(end):]
			continue
		}
		tag, _, _ := bytes.Cut(text[1:], []byte(">"))
		name, _, _ := bytes.Cut(tag, []byte(" "))
		_, local, ok := bytes.Cut(name, []byte(":"))
		if !ok {
			local = name
		}
		if string(bytes.TrimSpace(local)) == "bom" || bytes.Contains(tag, []byte("cyclonedx.org/schema/bom")) {
			return cycloneDXXML{}
		}
		return nil
	}
	return nil
}
