package extract

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	cpb "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/pomxml"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// TestPOMLikeItsPeer compares our reader of Maven projects with that of osv-scalibr: what that finds we find, with the same version and
// scope. What it drops, because a property is not known, we keep.
func TestPOMLikeItsPeer(t *testing.T) {
	made := fstest.MapFS{}
	for name, text := range map[string]string{
		"pom.xml": `<project><groupId>g</groupId><artifactId>top</artifactId><version>1</version><packaging>pom</packaging>
			<properties><a.version>1.0</a.version></properties>
			<dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>managed</artifactId><version>${a.version}</version><scope>test</scope></dependency></dependencies></dependencyManagement>
			<dependencies><dependency><groupId>t</groupId><artifactId>inherited</artifactId><version>2</version></dependency></dependencies></project>`,
		"sub/pom.xml": `<?xml version="1.0" encoding="ISO-8859-1"?><project><parent><groupId>g</groupId><artifactId>top</artifactId><version>1</version></parent>
			<artifactId>sub</artifactId><name>caf&eacute;</name><dependencies>
			<dependency><groupId>m</groupId><artifactId>managed</artifactId></dependency>
			<dependency><groupId>x</groupId><artifactId>range</artifactId><version>[1.2,2)</version><scope>provided</scope></dependency>
			<dependency><groupId>x</groupId><artifactId>typed</artifactId><version>1</version><type>test-jar</type><classifier>tests</classifier></dependency>
			<dependency><groupId>x</groupId><artifactId>typed</artifactId><version>2</version></dependency>
			<dependency><groupId>${project.groupId}</groupId><artifactId>own</artifactId><version>${project.version}</version></dependency>
			<dependency><groupId>x</groupId><artifactId>far</artifactId><version>${nowhere}</version></dependency>
			</dependencies><profiles><profile><id>p</id><activation><activeByDefault>true</activeByDefault></activation><dependencies>
			<dependency><groupId>p</groupId><artifactId>profiled</artifactId><version>3</version><scope>runtime</scope></dependency></dependencies></profile></profiles></project>`,
		"moved/pom.xml": `<project><parent><groupId>g</groupId><artifactId>top</artifactId><version>1</version><relativePath>..</relativePath></parent><artifactId>moved</artifactId></project>`,
		"other/pom.xml": `<project><parent><groupId>g</groupId><artifactId>another</artifactId><version>1</version></parent><artifactId>o</artifactId><dependencies>
			<dependency><groupId>x</groupId><artifactId>y</artifactId></dependency></dependencies></project>`,
		"self/pom.xml": `<project><parent><groupId>g</groupId><artifactId>self</artifactId><version>1</version><relativePath>pom.xml</relativePath></parent><artifactId>self</artifactId><packaging>pom</packaging></project>`,
	} {
		made[name] = &fstest.MapFile{Data: []byte(text)}
	}
	t.Run("made", func(t *testing.T) { likeItsPeer(t, made, isPOM) })
	for dir, project := range map[string]func(string) bool{
		"lockfiles/open": isPOM,
		"conformance/lockfile-fixtures/language/java/pomxml/testdata": func(name string) bool { return path.Ext(name) == ".xml" },
	} {
		t.Run(path.Base(dir), func(t *testing.T) { likeItsPeer(t, os.DirFS(filepath.Join(corpus.Dir(t), dir)), project) })
	}
}

func likeItsPeer(t *testing.T, tree fs.FS, project func(name string) bool) {
	type read struct {
		Version string
		Scope   tocsin.Scope
		Line    int
	}
	compared := 0
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !project(name) {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		peer, err := pomxml.New(&cpb.PluginConfig{})
		if err != nil {
			return err
		}
		inv, perr := peer.Extract(t.Context(), &filesystem.ScanInput{FS: siblings{tree}, Path: name, Reader: bytes.NewReader(data), Info: size{path.Base(name), int64(len(data))}})
		r, err := pom{}.Read(t.Context(), File{Path: name, Body: bytes.NewReader(data), FS: tree})
		if (err == nil) != (perr == nil) {
			t.Errorf("%s: we say %v, the peer %v", name, err, perr)
		}
		want, got := map[string]read{}, map[string]read{}
		for _, p := range inv.Packages {
			x := (&borrowed{ecosystem: "Maven"}).pack(name, p)
			want[x.Name] = read{x.Version, x.Scope, x.Location[0].Line}
		}
		for _, p := range r.Packages {
			if _, ok := want[p.Name]; ok || !strings.Contains(string(data), "${") {
				got[p.Name] = read{p.Version, p.Scope, p.Location[0].Line}
				if want[p.Name].Line == 0 { // it does not fill in properties before it looks for the line
					got[p.Name] = read{p.Version, p.Scope, 0}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-peer +ours):\n%s", name, diff)
		}
		compared += len(want)
		return nil
	})
	if err != nil || compared == 0 {
		t.Errorf("%d packages compared, %v", compared, err)
	}
}
