package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/tocsin-dev/tocsin"
)

func TestSubstitute(t *testing.T) {
	values := map[string]string{"A": "a", "EMPTY": ""}
	for in, want := range map[string]string{
		"x": "x", "$A": "a", "${A}": "a", "$A-${A}b": "a-ab", "$B": "$B", "${B}": "${B}", "${B:-d}": "d", `${B:-"d"}`: "d", `${A:+"y"}`: "y", "${B-d}": "d", "${A:-d}": "a",
		"${EMPTY:-d}": "d", "${EMPTY-d}": "", "${A:+y}": "y", "${B:+y}": "", "${EMPTY+y}": "y", "${A:?must}": "a", "${B:?must}": "${B:?must}",
		"${A": "${A", "a$": "a$", "$$": "$$", "${A#x}": "${A#x}", "": "", "${:-x}": "x", "${A:}": "${A:}",
	} {
		if got := substitute(in, values); got != want {
			t.Errorf("substitute(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestImage(t *testing.T) {
	tests := []struct{ ref, name, version, integrity, purl string }{
		{"alpine", "alpine", "", "", "pkg:docker/alpine"},
		{"alpine:3.20", "alpine", "3.20", "", "pkg:docker/alpine@3.20"},
		{"someone/tool:v1", "someone/tool", "v1", "", "pkg:docker/someone/tool@v1"},
		{"registry.example.com:5000/a/b", "registry.example.com:5000/a/b", "", "", "pkg:docker/a/b?repository_url=registry.example.com:5000"},
		{"localhost/a:1", "localhost/a", "1", "", "pkg:docker/a@1?repository_url=localhost"},
		{"a@sha256:00", "a", "sha256:00", "sha256:00", "pkg:oci/a@sha256:00"},
		{"someone/A:1@sha256:00", "someone/A", "1", "sha256:00", "pkg:oci/a@sha256:00?repository_url=someone%2FA&tag=1"},
		{"${BASE}", "${BASE}", "", "", ""},
		{"${BASE}:1", "${BASE}:1", "", "", ""},
		{"node:$V", "node", "", "", "pkg:docker/node"},
	}
	for _, tt := range tests {
		p, ok := image(tt.ref, tocsin.Location{Path: "f"})
		if !ok || p.Ecosystem != "" || p.Name != tt.name || p.Version != tt.version || p.Integrity != tt.integrity || p.PURL != tt.purl {
			t.Errorf("%s: %+v", tt.ref, p)
		}
	}
	for _, ref := range []string{"{{ image }}", "a b", ":1", "@sha256:00", ""} {
		if p, ok := image(ref, tocsin.Location{}); ok {
			t.Errorf("%q is an image: %+v", ref, p)
		}
	}
}

func TestDockerfileFaults(t *testing.T) {
	bomb := "ARG a0=xxxxxxxxxx\n"
	for i := 1; i < 60; i++ {
		bomb += fmt.Sprintf("ARG a%d=$a%d$a%d\n", i, i-1, i-1)
	}
	tests := []struct {
		content, partial string
		names            string
	}{
		{bomb + "FROM $a59\n", "", "$a58$a58"},
		{"FROM {{ base }}\nFROM a\n", "line 1: not an image reference", "a"},
		{"FROM a \\\n", "", "a"},
		{"FROM\n", "", ""},
		{"FROM a\nRUN <<A cat <<-\"B\"\nFROM x\nA\nFROM y\n\tB\nFROM b\n", "", "a b"},
		{"FROM a\nRUN echo $((1<<2)) <<<word\nFROM b\n", "", "a b"},
		{"FROM a\nRUN " + strings.Repeat("x ", maxInstruction) + "\nFROM b\n", "line 2: an instruction of more", "a"},
		{"FROM a AS b\nFROM B\nCOPY --chown=1 --from=b / /\nCOPY x --from=c\nCMD x\n", "", "a"},
		{"FROM a AS build-x\nFROM build-${TARGETARCH}\nFROM other-$X\n", "", "a other-$X"},
		{"# nothing\n\n", "", ""},
		{strings.Repeat("FROM scratch AS a\n", maxPins+1), "more than 10000 images", ""},
		{"ENTRYPOINT [\"x\"]\nADD a b\n", "", ""},
	}
	for _, tt := range tests {
		res := read(t, dockerfile{}, "Dockerfile", tt.content)
		var names []string
		for _, p := range res.Packages {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); tt.partial == "" && res.Partial != "" || !strings.Contains(res.Partial, tt.partial) || got != tt.names {
			t.Errorf("%.60q: %q, %q; want %q, %q", tt.content, got, res.Partial, tt.names, tt.partial)
		}
	}
}

func TestCompose(t *testing.T) {
	res := read(t, compose{}, "compose.yaml", "x: &x {image: a}\ny: &y {image: b}\nservices:\n  one: {<<: [*x, *y]}\n  two: {<<: *y, image: }\n  three: {image: [a]}\n  four: {image: 'a b'}\n  five: {image: 'a$$b'}\n  six: none\n")
	var names []string
	for _, p := range res.Packages {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "a a$$b" || res.Partial != "line 7: not an image reference" {
		t.Errorf("%q, %q", got, res.Partial)
	}
	for _, content := range []string{"", "services: []", "services:\n  a:\n", "- a"} {
		if res := read(t, compose{}, "compose.yaml", content); len(res.Packages) != 0 || res.Partial != "" {
			t.Errorf("%q: %+v", content, res)
		}
	}
}

func TestInstalled(t *testing.T) {
	res := read(t, dpkgStatus{}, "var/lib/dpkg/status", "")
	if len(res.Packages) != 0 || !strings.Contains(res.Partial, "os-release") {
		t.Errorf("an empty database: %+v", res)
	}
	res = read(t, apkInstalled{}, "lib/apk/db/installed", "P:a\r\nV:1\r\nP:b\r\n\r\nX\r\nV:2")
	if len(res.Packages) != 1 || res.Packages[0].Name != "a" || res.Packages[0].Ecosystem != "Alpine" {
		t.Errorf("without os-release: %+v", res)
	}
	res = read(t, dpkgStatus{}, "var/lib/dpkg/status", "Package: a\nStatus: deinstall ok config-files\n")
	if len(res.Packages) != 0 {
		t.Errorf("what was removed: %+v", res)
	}
	fsys := fstest.MapFS{"etc/os-release": {Data: []byte("NAME=x\n")}, "usr/lib/os-release": {Data: []byte("ID=wolfi\nVERSION_ID=20230201\n")}}
	r, err := apkInstalled{}.Read(context.Background(), File{Path: "usr/lib/apk/db/installed", Body: strings.NewReader("P:a\nV:1\n"), FS: fsys})
	if err != nil || len(r.Packages) != 1 || r.Partial == "" {
		t.Errorf("an os-release without ID: %+v, %v", r, err)
	}
	delete(fsys, "etc/os-release")
	r, err = apkInstalled{}.Read(context.Background(), File{Path: "usr/lib/apk/db/installed", Body: strings.NewReader("P:a\nV:1\n"), FS: fsys})
	if err != nil || r.Packages[0].Ecosystem != "Wolfi" || r.Partial != "" {
		t.Errorf("the other os-release: %+v, %v", r, err)
	}
	broken := errors.New("broken")
	for _, reader := range []Reader{apkInstalled{}, purlList{}, dockerfile{}, compose{}, goWork{}, javaArchive{}, goBinary{}, syftJSON{}, sbtLock{}} {
		if _, err := reader.Read(context.Background(), File{Path: "x", Body: iotest.ErrReader(broken), FS: fstest.MapFS{}}); err == nil {
			t.Errorf("%s read what cannot be read", reader.Format())
		}
	}
}
