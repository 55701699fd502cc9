package extract

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// javaArchive reads what jar, war and ear files say they are made of: the pom.properties that Maven leaves for each part,
// and for an archive without any its manifest or its own name, which tell no group, so that it is kept and counted as a
// gap. Archives inside are read alike. https://maven.apache.org/shared/maven-archiver/index.html
type javaArchive struct{}

func (javaArchive) Format() string { return "java/archive" }
func (javaArchive) Limit() int64   { return LimitStream }

func isJavaArchive(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".jar", ".war", ".ear", ".hpi", ".jpi":
		return true
	}
	return false
}

// The limits of archives.
const (
	// maxArchives is how deep archives in archives are read: an ear holds wars, which hold jars.
	maxArchives = 2
	// maxDirectory is the largest list of contents of an archive: some 300,000 files.
	maxDirectory = 24 << 20
	// maxInside is how much of the archives inside one archive is unpacked in all, and maxEach of one of them.
	maxInside = 512 << 20
	maxEach   = 64 << 20
	// maxProperties bounds one manifest or pom.properties. Signed manifests list every class.
	maxProperties = 4 << 20
)

func (javaArchive) Read(ctx context.Context, f File) (Result, error) {
	at, size, done, err := random(f)
	if err != nil {
		return Result{}, err
	}
	defer done()
	j := archiveReader{ctx: ctx, file: f.Path, left: maxInside}
	if err := j.archive(at, size, f.Path, 0); err != nil {
		return Result{}, err
	}
	j.result.Gaps = gaps(f.Path, j.result.Packages)
	return j.result, nil
}

type archiveReader struct {
	ctx  context.Context
	file string
	// left is how many bytes may still be unpacked.
	left   int64
	result Result
}

// archive reads one archive. What is wrong with a part of it is noted, and the rest is read.
func (j *archiveReader) archive(at io.ReaderAt, size int64, name string, depth int) error {
	m := &metered{at: at, left: maxDirectory}
	z, err := zip.NewReader(m, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return fmt.Errorf("reading the archive: %w", err)
	}
	// Twice what the whole file has, for contents that overlap.
	m.left = 2*size + maxDirectory
	known, classes := false, false
	var manifest *zip.File
	for _, e := range z.File {
		if err := j.ctx.Err(); err != nil {
			return err
		}
		inner := path.Clean(e.Name)
		switch {
		case inner == "META-INF/MANIFEST.MF":
			manifest = e
		case strings.HasPrefix(inner, "META-INF/maven/") && path.Base(inner) == "pom.properties":
			known = j.properties(e) || known
		case isJavaArchive(inner) && !e.FileInfo().IsDir():
			j.inside(e, depth)
		case strings.HasSuffix(inner, ".class"):
			classes = true
		}
		if len(j.result.Packages) >= MaxPackages {
			j.fault(errTooMany.Error())
			return nil
		}
	}
	if !known && manifest != nil {
		known = j.manifest(manifest, name)
	}
	if !known && classes {
		j.add(byFile(name))
	}
	return nil
}

// inside reads an archive in the archive.
func (j *archiveReader) inside(e *zip.File, depth int) {
	if depth == maxArchives {
		j.fault(fmt.Sprintf("%s is nested too deep and was not read", short(e.Name)))
		return
	}
	data, err := j.unpack(e, maxEach)
	if err == nil {
		err = j.archive(bytes.NewReader(data), int64(len(data)), e.Name, depth+1)
	}
	if err != nil {
		j.fault(fmt.Sprintf("%s: %v", short(e.Name), err))
	}
}

// unpack is the content of an entry of at most limit bytes.
func (j *archiveReader) unpack(e *zip.File, limit int64) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	limit = min(limit, j.left)
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	j.left -= int64(len(data))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}

func (j *archiveReader) fault(reason string) {
	if j.result.Partial == "" {
		j.result.Partial = reason
	}
}

func short(name string) string {
	if len(name) > 120 {
		name = strings.ToValidUTF8(name[:120], "") + "…"
	}
	return fmt.Sprintf("%q", name)
}

// properties adds the part that a pom.properties names. https://docs.oracle.com/javase/8/docs/api/java/util/Properties.html
func (j *archiveReader) properties(e *zip.File) bool {
	data, err := j.unpack(e, maxProperties)
	if err != nil {
		j.fault(fmt.Sprintf("%s: %v", short(e.Name), err))
		return false
	}
	values := map[string]string{}
	for _, l := range split(data) {
		l = strings.TrimSpace(l)
		if i := strings.IndexAny(l, "=:"); i > 0 && l[0] != '#' && l[0] != '!' {
			values[strings.TrimSpace(l[:i])] = strings.TrimSpace(l[i+1:])
		}
	}
	group, artifact := values["groupId"], values["artifactId"]
	if group == "" || artifact == "" {
		return false
	}
	name := group + ":" + artifact
	j.add(tocsin.Package{Ecosystem: "Maven", Name: name, Version: values["version"], PURL: purl.Make("Maven", name, values["version"])})
	return true
}

// manifest adds an archive by the main section of its manifest, if that names it or its version.
// https://docs.oracle.com/javase/8/docs/technotes/guides/jar/jar.html#JAR_Manifest
func (j *archiveReader) manifest(e *zip.File, file string) bool {
	data, err := j.unpack(e, maxProperties)
	if err != nil {
		j.fault(fmt.Sprintf("%s: %v", short(e.Name), err))
		return false
	}
	values := map[string]string{}
	last := ""
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		line := lines.Text()
		if strings.TrimSpace(line) == "" {
			// Sections about single files follow.
			break
		}
		if more, ok := strings.CutPrefix(line, " "); ok {
			values[last] += more
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		last = name
		values[name] = strings.TrimSpace(value)
	}
	first := func(names ...string) string {
		for _, n := range names {
			v, _, _ := strings.Cut(values[n], ";")
			if v != "" {
				return v
			}
		}
		return ""
	}
	version := first("Bundle-Version", "Implementation-Version", "Specification-Version")
	name := first("Bundle-SymbolicName", "Automatic-Module-Name", "Implementation-Title", "Specification-Title")
	if name == "" && version == "" {
		return false
	}
	p := byFile(file)
	j.add(tocsin.Package{Name: cmp.Or(name, p.Name), Version: cmp.Or(version, p.Version)})
	return true
}

// byFile is what the name of an archive tells, which by custom is name-version.jar.
func byFile(file string) tocsin.Package {
	stem := strings.TrimSuffix(path.Base(file), path.Ext(file))
	for i := 1; i+1 < len(stem); i++ {
		if stem[i] == '-' && '0' <= stem[i+1] && stem[i+1] <= '9' {
			return tocsin.Package{Name: stem[:i], Version: stem[i+1:]}
		}
	}
	return tocsin.Package{Name: stem}
}

func (j *archiveReader) add(p tocsin.Package) {
	p.Location = []tocsin.Location{{Path: j.file}}
	j.result.Packages = append(j.result.Packages, p)
}
