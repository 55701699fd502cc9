package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// The databases of installed packages of Alpine's apk and Debian's dpkg are read by ourselves, since osv-scalibr's
// readers name neither line nor ecosystem, and look for os-release at the root of what is scanned only, while a root file
// system may lie unpacked in a folder.

// apkInstalled reads apk's database. https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2
type apkInstalled struct{}

func (apkInstalled) Format() string { return "os/apk" }
func (apkInstalled) Limit() int64   { return LimitStream }

func isAPK(file string) bool { _, ok := cutPath(file, "lib/apk/db/installed"); return ok }

func (apkInstalled) Read(_ context.Context, f File) (Result, error) {
	root, _ := cutPath(f.Path, "lib/apk/db/installed")
	return readInstalled(f, system{typ: "apk", root: strings.TrimSuffix(strings.TrimSuffix(root, "usr/"), "var/"), namespace: "alpine", fields: []string{"P", "V", "o", "A", "C"}}, func(line string) (string, string) {
		if len(line) < 2 || line[1] != ':' {
			return "", ""
		}
		return line[:1], line[2:]
	}, func(e map[string]string) installed {
		return installed{name: e["P"], version: e["V"], source: e["o"], arch: e["A"], integrity: e["C"]}
	})
}

// dpkgStatus reads dpkg's database, and the files that distroless images have in its place.
// https://man7.org/linux/man-pages/man1/dpkg-query.1.html
type dpkgStatus struct{}

func (dpkgStatus) Format() string { return "os/dpkg" }
func (dpkgStatus) Limit() int64   { return LimitStream }

func isDpkg(file string) bool {
	if _, ok := cutPath(file, "var/lib/dpkg/status"); ok {
		return true
	}
	_, ok := cutPath(path.Dir(file), "var/lib/dpkg/status.d")
	return ok && path.Ext(file) != ".md5sums"
}

func (dpkgStatus) Read(_ context.Context, f File) (Result, error) {
	root, ok := cutPath(f.Path, "var/lib/dpkg/status")
	if !ok {
		root, _ = cutPath(path.Dir(f.Path), "var/lib/dpkg/status.d")
	}
	return readInstalled(f, system{typ: "deb", root: root, namespace: "debian", fields: []string{"package", "status", "version", "source", "architecture"}}, func(line string) (string, string) {
		// What is indented goes on with a field that is not read.
		if line[0] == ' ' || line[0] == '\t' {
			return "", ""
		}
		name, value, _ := strings.Cut(line, ":")
		return strings.ToLower(name), strings.TrimSpace(value)
	}, func(e map[string]string) installed {
		// "deinstall ok config-files" has left its configuration behind only.
		if s := e["status"]; s != "" && !strings.HasSuffix(s, " installed") {
			return installed{}
		}
		source, _, _ := strings.Cut(e["source"], " ")
		return installed{name: e["package"], version: e["version"], source: source, arch: e["architecture"]}
	})
}

// cutPath is what comes before a path that ends a path, by whole elements.
func cutPath(file, end string) (before string, ok bool) {
	before, ok = strings.CutSuffix(file, end)
	return before, ok && (before == "" || before[len(before)-1] == '/')
}

// maxInstalled is how many packages one system may have; all of Debian are 70,000.
const maxInstalled = 100_000

// installed is one entry of such a database.
type installed struct{ name, version, source, arch, integrity string }

// system is what is known of the system that a database belongs to.
type system struct {
	// typ is the purl type, root the folder of the file system, with a slash unless empty.
	typ, root string
	// namespace and distro are the purl's: the ID of os-release, and it with VERSION_ID.
	namespace, distro string
	// fields are those that are read.
	fields []string
}

// readInstalled reads entries of lines "name: value" that empty lines part.
func readInstalled(f File, s system, field func(line string) (name, value string), entry func(map[string]string) installed) (Result, error) {
	var r Result
	if !s.identify(f.FS) {
		r.Partial = "no os-release beside it: the release is not known"
	}
	in := bufio.NewReaderSize(f.Body, 64<<10)
	fields, began := map[string]string{}, 0
	known, empty := false, true
	var err error
	for n := 1; err == nil; n++ {
		var line string
		line, err = readLine(in)
		line = strings.TrimRight(line, "\r")
		if strings.IndexByte(line, 0) >= 0 {
			return Result{}, errNotText
		}
		if line != "" {
			empty = false
			name, value := field(line)
			if _, seen := fields[name]; !seen && slices.Contains(s.fields, name) {
				fields[name] = value
			}
			if began == 0 {
				began = n
			}
			if err == nil {
				continue
			}
		}
		if e := entry(fields); e.name != "" {
			if len(r.Packages) == maxInstalled {
				r.Partial = fmt.Sprintf("more than %d packages", maxInstalled)
				break
			}
			r.Packages = append(r.Packages, s.pack(e, tocsin.Location{Path: f.Path, Line: began}))
		}
		// An entry that is not installed is one nonetheless.
		known = known || fields["P"] != "" || fields["package"] != ""
		clear(fields)
		began = 0
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF) && len(r.Packages) == 0:
		return Result{}, fmt.Errorf("reading %s: %w", f.Path, err)
	case err != nil && !errors.Is(err, io.EOF):
		r.Partial = err.Error()
	case !known && !empty:
		return Result{}, errWrongTop
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// identify reads os-release, and says whether there is one.
// https://www.freedesktop.org/software/systemd/man/latest/os-release.html
func (s *system) identify(fsys fs.FS) bool {
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		file, err := fsys.Open(s.root + name)
		if err != nil {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(file, 64<<10))
		file.Close()
		if err != nil {
			continue
		}
		lines := split(data)
		s.namespace = value(lines, "ID=")
		s.distro = s.namespace + "-" + value(lines, "VERSION_ID=")
		return s.namespace != ""
	}
	return false
}

// pack makes the purl first, and reads the ecosystem with its release from that, so that it is the same as for a system
// package in an SBOM.
func (s system) pack(e installed, at tocsin.Location) tocsin.Package {
	var q packageurl.Qualifiers
	add := func(key, val string) {
		if val != "" {
			q = append(q, packageurl.Qualifier{Key: key, Value: val})
		}
	}
	add("arch", e.arch)
	add("distro", strings.TrimSuffix(s.distro, "-"))
	if e.source != e.name {
		add("upstream", e.source)
	}
	p := tocsin.Package{Name: e.name, SourceName: e.source, Version: e.version, Integrity: e.integrity, Location: []tocsin.Location{at}}
	p.PURL = packageurl.NewPackageURL(s.typ, s.namespace, e.name, e.version, q, "").ToString()
	if ref, err := purl.Parse(p.PURL); err == nil {
		p.Ecosystem = ref.Ecosystem
	}
	return p
}
