package extract

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/tocsin-dev/tocsin"
)

// image is the package that a container image reference stands for. OSV has no ecosystem for images, so it is kept and
// counted as a gap. The version is the tag, as mutable as that is, and the integrity the digest if the reference pins
// one; a reference with a digest alone has that as its version, so that two of them stay apart.
// https://github.com/distribution/reference/blob/main/reference.go
func image(ref string, at tocsin.Location) (tocsin.Package, bool) {
	p := tocsin.Package{Relation: tocsin.RelationDirect, Location: []tocsin.Location{at}}
	if strings.Contains(ref, "$") {
		// What is not known until it is built: the name is kept as far as it is known.
		p.Name, p.Version = splitTag(ref)
		if strings.Contains(p.Name, "$") {
			p.Name, p.Version = ref, ""
		}
		if !strings.Contains(p.Name, "$") {
			p.Version = ""
			p.PURL = imagePURL(p.Name, "", "")
		}
		return p, true
	}
	if strings.ContainsAny(ref, " \t\"'{}<>") {
		return p, false
	}
	name, digest, _ := strings.Cut(ref, "@")
	p.Name, p.Version = splitTag(name)
	p.Integrity = digest
	if p.Name == "" {
		return p, false
	}
	p.PURL = imagePURL(p.Name, p.Version, digest)
	if p.Version == "" {
		p.Version = digest
	}
	return p, true
}

// splitTag parts name and tag. A colon before the last slash belongs to a port.
func splitTag(ref string) (name, tag string) {
	i := strings.LastIndexByte(ref, ':')
	if i < 0 || i < strings.LastIndexByte(ref, '/') {
		return ref, ""
	}
	return ref[:i], ref[i+1:]
}

// imagePURL is an oci purl where the digest is known, since that type has no version but the digest, and else a docker
// purl with the tag. https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
func imagePURL(name, tag, digest string) string {
	repository, namespace, last := "", "", name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		namespace, last = name[:i], name[i+1:]
	}
	if digest != "" {
		var q packageurl.Qualifiers
		if namespace != "" {
			q = append(q, packageurl.Qualifier{Key: "repository_url", Value: name})
		}
		if tag != "" {
			q = append(q, packageurl.Qualifier{Key: "tag", Value: tag})
		}
		return packageurl.NewPackageURL("oci", "", strings.ToLower(last), digest, q, "").ToString()
	}
	// The first part is a host if it could not be a user: https://github.com/distribution/reference/blob/main/normalize.go
	if host, rest, _ := strings.Cut(namespace, "/"); strings.ContainsAny(host, ".:") || host == "localhost" {
		repository, namespace = host, rest
	}
	var q packageurl.Qualifiers
	if repository != "" {
		q = append(q, packageurl.Qualifier{Key: "repository_url", Value: repository})
	}
	return packageurl.NewPackageURL("docker", namespace, last, tag, q, "").ToString()
}

// substitute puts values for $NAME, ${NAME}, ${NAME:-default}, ${NAME-default} and ${NAME:+other}, and keeps what it has
// no value for. Values are put once: a value is not looked through again.
// https://docs.docker.com/reference/dockerfile/#environment-replacement and https://docs.docker.com/reference/compose-file/interpolation/
func substitute(text string, values map[string]string) string {
	const longest = 4 << 10 // of what values make, since they may be made of each other
	var b strings.Builder
	written := text
	for {
		if b.Len() > longest {
			return written
		}
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		rest := text[i+1:]
		if rest[0] != '{' {
			n := 0
			for n < len(rest) && wordByte(rest[n]) {
				n++
			}
			put(&b, values, rest[:n], text[i:i+1+n])
			text = rest[n:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			b.WriteString(text[i:])
			return b.String()
		}
		name, whole := rest[1:end], text[i:i+1+end+1]
		text = rest[end+1:]
		n := 0
		for n < len(name) && wordByte(name[n]) {
			n++
		}
		name, operator := name[:n], name[n:]
		value, known := values[name]
		colon := strings.HasPrefix(operator, ":")
		operator = strings.TrimPrefix(operator, ":")
		set := known && (value != "" || !colon)
		switch {
		case operator == "" && !colon:
			put(&b, values, name, whole)
		case strings.HasPrefix(operator, "-") && set, strings.HasPrefix(operator, "?") && set:
			b.WriteString(value)
		case strings.HasPrefix(operator, "-"):
			b.WriteString(strings.Trim(operator[1:], `"'`))
		case strings.HasPrefix(operator, "+"):
			if set {
				b.WriteString(strings.Trim(operator[1:], `"'`))
			}
		default:
			b.WriteString(whole)
		}
	}
}

func put(b *strings.Builder, values map[string]string, name, whole string) {
	if v, ok := values[name]; ok {
		whole = v
	}
	b.WriteString(whole)
}

func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
