package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the binary fixtures")

// program is the smallest ELF file that holds the build information of Go: one segment of data.
func program(goVersion, modules string) []byte {
	var data bytes.Buffer
	data.WriteString("\xff Go buildinf:\x08\x02")
	data.Write(make([]byte, 16))
	if modules != "" {
		modules = strings.Repeat("<", 16) + modules + strings.Repeat(">", 16)
	}
	for _, s := range []string{goVersion, modules} {
		data.Write(binary.AppendUvarint(nil, uint64(len(s))))
		data.WriteString(s)
	}
	data.Write(make([]byte, 32))
	const address, offset = 0x400000, 128
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Entry: address,
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
	}
	copy(header.Ident[:], []byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)})
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: offset, Vaddr: address, Paddr: address,
		Filesz: uint64(data.Len()), Memsz: uint64(data.Len()), Align: 16,
	}
	var out bytes.Buffer
	// Writing to memory cannot fail, and the values have fixed sizes.
	_ = binary.Write(&out, binary.LittleEndian, header)
	_ = binary.Write(&out, binary.LittleEndian, segment)
	out.Write(make([]byte, offset-out.Len()))
	out.Write(data.Bytes())
	return out.Bytes()
}

// archive is a zip file of names and contents, not compressed, so that it is the same at any time.
func archive(t testing.TB, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i], Method: zip.Store})
		if err == nil {
			_, err = w.Write([]byte(entries[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const manifestOf = "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.exam\r\n ple.bundle;singleton:=true\r\nBundle-Version: 3.1\r\n\r\nName: x\r\nBundle-Version: 9\r\n"

func pomProperties(group, artifact, version string) string {
	return fmt.Sprintf("#Created by somebody\ngroupId=%s\nartifactId = %s\nversion: %s\n", group, artifact, version)
}

// The binary fixtures are what is written down here.
func TestBinaryFixtures(t *testing.T) {
	jar := archive(t, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", "META-INF/maven/org.example/core/pom.properties", pomProperties("org.example", "core", "1.2.3"))
	bundle := archive(t, "META-INF/MANIFEST.MF", manifestOf)
	war := archive(t, "META-INF/maven/org.example/web/pom.properties", pomProperties("org.example", "web", "1.0"), "WEB-INF/lib/core.jar", string(jar), "WEB-INF/lib/bundle.jar", string(bundle))
	fixtures := map[string][]byte{
		"program/shop": program("go1.26.1 X:nodwarf5", "path\texample.com/shop\nmod\texample.com/shop\tv0.1.0\t\ndep\texample.com/a\tv1.2.3\th1:AAAA=\ndep\texample.com/b\tv1.0.0\n=>\texample.com/fork\tv1.0.1\th1:BBBB=\ndep\texample.com/c\tv0.0.0\n=>\t./c\t\t\nbuild\t-compiler=gc\n"),
		"program/old":  program("go1.17", ""),

		"java-archive/shop.ear":   archive(t, "shop.war", string(war), "lib/", "", "lib/classes.jar", string(archive(t, "A.class", "x", "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")), "lib/some-lib-2.4.0.jar", string(archive(t, "A.class", "x"))),
		"java-archive/titled.jar": archive(t, "META-INF/MANIFEST.MF", "Implementation-Version: 7\n"),
		"java-archive/broken.war": archive(t, "META-INF/maven/g/a/pom.properties", pomProperties("g", "a", "1"), "WEB-INF/lib/x.jar", "not a zip"),
	}
	for name, want := range fixtures {
		name = "../../testdata/lockfiles/" + name
		if *update {
			mode := fs.FileMode(0o644)
			if strings.Contains(name, "/program/") {
				mode = 0o755
			}
			if err := os.WriteFile(name, want, mode); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is written down: %v", name, err)
		}
	}
}

// The test itself is a Go program, read through the file system and from memory alike.
func TestGoBinaryItself(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if r := ByContent(data[:SniffSize]); r != (goBinary{}) {
		t.Fatalf("recognised as %v", r)
	}
	var results []Result
	for _, fsys := range []fs.FS{fstest.MapFS{"x": {Data: data}}, fstest.MapFS{}} {
		res, err := goBinary{}.Read(context.Background(), File{Path: "x", Body: bytes.NewReader(data), FS: fsys})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, res)
	}
	if d := cmp.Diff(results[0], results[1]); d != "" {
		t.Error(d)
	}
	if p := results[0].Packages[0]; p.Name != "stdlib" || !strings.HasPrefix(p.Version, "1.") {
		t.Errorf("the standard library: %+v", p)
	}
}

func TestGoBinaryForeign(t *testing.T) {
	for _, content := range []string{"", "\x7fELF", "\x7fELF\x02\x01\x01", "MZ\x00\x00", "\xca\xfe\xba\xbe\x00\x00\x00\x02", "\x7fELF" + strings.Repeat("\x00", 100)} {
		_, err := goBinary{}.Read(context.Background(), File{Path: "x", Body: strings.NewReader(content), FS: fstest.MapFS{}})
		if !errors.Is(err, ErrForeign) {
			t.Errorf("%.20q: %v", content, err)
		}
	}
	for content, want := range map[string]bool{"MZ is a name": false, "MZ\x90\x00": true, "\xca\xfe\xba\xbe\x00\x00\x00\x02": true, "\xca\xfe\xba\xbe\x00\x00\x00\x34": false, "\xcf\xfa\xed\xfe": true, "#!/bin/sh": false} {
		if isProgram([]byte(content)) != want {
			t.Errorf("%q: not %v", content, want)
		}
	}
}

func TestJavaArchiveLimits(t *testing.T) {
	nested := archive(t, "META-INF/maven/g/a/pom.properties", pomProperties("g", "a", "1"))
	for range maxArchives + 2 {
		nested = archive(t, "inner.jar", string(nested))
	}
	res := read(t, javaArchive{}, "a.ear", string(nested))
	if !strings.Contains(res.Partial, "nested too deep") || len(res.Packages) != 0 {
		t.Errorf("%d packages, %q", len(res.Packages), res.Partial)
	}

	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	for _, name := range []string{"big.jar", "META-INF/maven/g/a/pom.properties", "META-INF/MANIFEST.MF"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		zeros := make([]byte, 1<<20)
		for range 70 {
			if _, err := w.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	res = read(t, javaArchive{}, "a.jar", bomb.String())
	if !strings.Contains(res.Partial, "more than") || len(res.Packages) != 0 {
		t.Errorf("a bomb: %d packages, %q", len(res.Packages), res.Partial)
	}

	m := &metered{at: strings.NewReader("abc"), left: 2}
	if _, err := m.ReadAt(make([]byte, 3), 0); !errors.Is(err, errMetered) {
		t.Error(err)
	}
	if _, err := (javaArchive{}).Read(context.Background(), File{Path: "a.jar", Body: strings.NewReader("PK"), FS: fstest.MapFS{}}); err == nil {
		t.Error("read what is no archive")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (javaArchive{}).Read(ctx, File{Path: "a.jar", Body: bytes.NewReader(nested), FS: fstest.MapFS{}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// Neither group nor name, and a manifest that says nothing.
	res = read(t, javaArchive{}, "a.jar", string(archive(t, "META-INF/maven/x/pom.properties", "version=1\n", "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")))
	if len(res.Packages) != 0 || res.Partial != "" {
		t.Errorf("%+v", res)
	}
}

func FuzzJavaArchive(f *testing.F) {
	fuzz(f, javaArchive{}, "a.jar", "lockfiles/java-archive/*.[ewj]ar")
}
func FuzzGoBinary(f *testing.F) { fuzz(f, goBinary{}, "a", "lockfiles/program/[os]*") }
func FuzzDockerfile(f *testing.F) {
	fuzz(f, dockerfile{}, "Dockerfile", "lockfiles/container/Dockerfile", "lockfiles/container/*/Containerfile*")
}
func FuzzCompose(f *testing.F) {
	fuzz(f, compose{}, "compose.yaml", "lockfiles/container/compose.yaml")
}
func FuzzSyft(f *testing.F)  { fuzz(f, syftJSON{}, "a.json", "sboms/syft/*.json") }
func FuzzPURLs(f *testing.F) { fuzz(f, purlList{}, "purls.txt", "sboms/purls/*.txt") }
func FuzzAPK(f *testing.F) {
	fuzz(f, apkInstalled{}, "lib/apk/db/installed", "lockfiles/apk/lib/apk/db/installed")
}
func FuzzDpkg(f *testing.F) {
	fuzz(f, dpkgStatus{}, "var/lib/dpkg/status", "lockfiles/dpkg/var/lib/dpkg/status")
}
func FuzzSBT(f *testing.F)    { fuzz(f, sbtLock{}, "build.sbt.lock", "lockfiles/sbt/*.lock") }
func FuzzGoWork(f *testing.F) { fuzz(f, goWork{}, "go.work", "lockfiles/go-work/go.work") }
