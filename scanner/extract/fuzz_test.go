package extract

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// fuzz feeds a reader: whatever comes in, it returns, and what it returns is consistent.
func fuzz(f *testing.F, r Reader, name string, seeds ...string) {
	for _, pattern := range seeds {
		names, err := filepath.Glob(filepath.Join("../../testdata", pattern))
		if err != nil || len(names) == 0 {
			f.Fatal("no seeds", pattern, err)
		}
		for _, n := range names {
			data, err := os.ReadFile(n)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
			f.Add(data[:len(data)/2])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ByContent(data)
		feed(t, r, name, data, fstest.MapFS{})
	})
}

func feed(t *testing.T, r Reader, name string, data []byte, fsys fs.FS) {
	res, err := r.Read(context.Background(), File{Path: name, Body: bytes.NewReader(data), FS: fsys})
	if err != nil && len(res.Packages) > 0 {
		t.Errorf("packages with an error: %v", err)
	}
	check(t, name, res)
}

func FuzzCycloneDX(f *testing.F)    { fuzz(f, cycloneDXJSON{}, "bom.json", "sboms/cyclonedx-json/*.json") }
func FuzzCycloneDXXML(f *testing.F) { fuzz(f, cycloneDXXML{}, "bom.xml", "sboms/cyclonedx-xml/*.xml") }
func FuzzSPDX(f *testing.F)         { fuzz(f, spdxJSON{}, "a.spdx.json", "sboms/spdx-*/*.json") }
func FuzzSPDX3(f *testing.F)        { fuzz(f, spdx3{}, "a.spdx3.json", "sboms/spdx-3/*.json") }
func FuzzTagValue(f *testing.F)     { fuzz(f, spdxTagValue{}, "a.spdx", "sboms/spdx-tag-value/*.spdx") }
func FuzzWorkflow(f *testing.F) {
	fuzz(f, workflow{}, "action.yml", "lockfiles/github/.github/workflows/*.yml")
}
func FuzzNPM(f *testing.F) {
	fuzz(f, npmLock{}, "package-lock.json", "lockfiles/npm-v*/*.json")
}
func FuzzRebar(f *testing.F)   { fuzz(f, rebar{}, "rebar.lock", "lockfiles/erlang/*.lock") }
func FuzzMSBuild(f *testing.F) { fuzz(f, msbuild{"x"}, "a.csproj", "lockfiles/dotnet/*.csproj") }
func FuzzPnpm(f *testing.F)    { fuzz(f, pnpmLock{}, "pnpm-lock.yaml", "lockfiles/pnpm*/*.yaml") }
func FuzzBun(f *testing.F)     { fuzz(f, bunLock{}, "bun.lock", "lockfiles/bun*/*.lock") }
func FuzzDeno(f *testing.F)    { fuzz(f, denoLock{}, "deno.lock", "lockfiles/deno-*/*.lock") }
func FuzzComposer(f *testing.F) {
	fuzz(f, composerLock{}, "composer.lock", "lockfiles/composer*/*.lock")
}
func FuzzPipfile(f *testing.F) { fuzz(f, pipfileLock{}, "Pipfile.lock", "lockfiles/pipenv*/*.lock") }
func FuzzPubspec(f *testing.F) { fuzz(f, pubspecLock{}, "pubspec.lock", "lockfiles/dart/*.lock") }
func FuzzNuGetAssets(f *testing.F) {
	fuzz(f, nugetAssets{}, "project.assets.json", "lockfiles/dotnet/*assets.json")
}
func FuzzSPDXYAML(f *testing.F) { fuzz(f, spdxYAML{}, "a.spdx.yaml", "sboms/spdx-yaml/*.y*ml") }

// FuzzBorrowed feeds what is read with osv-scalibr, and completed by us, by the name of the file.
func FuzzBorrowed(f *testing.F) {
	table := NewTable()
	err := filepath.WalkDir("../../testdata/lockfiles", func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if _, ok := table.ByPath(name).(*borrowed); !ok {
			return nil
		}
		data, err := os.ReadFile(name)
		f.Add(d.Name(), data)
		f.Add(d.Name(), data[:len(data)/2])
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if r, ok := table.ByPath(name).(*borrowed); ok {
			feed(t, r, name, data, fstest.MapFS{})
		}
	})
}

// FuzzBeside feeds the manifests that lie beside lockfiles.
func FuzzBeside(f *testing.F) {
	locks := map[string]string{
		"yarn.lock": "yarn-workspace", "composer.lock": "composer-project", "poetry.lock": "poetry-project", "pdm.lock": "pdm-project", "Pipfile.lock": "pipenv-project",
	}
	contents := map[string][]byte{}
	for name, folder := range locks {
		files, err := filepath.Glob(filepath.Join("../../testdata/lockfiles", folder, "*"))
		if err != nil || len(files) < 3 {
			f.Fatal(folder, files, err)
		}
		for _, each := range files {
			data, err := os.ReadFile(each)
			switch base := filepath.Base(each); {
			case base == "packages":
			case err != nil:
				f.Fatal(err)
			case base == name:
				contents[name] = data
			case base != "want.txt":
				f.Add(name, data)
			}
		}
	}
	table := NewTable()
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		manifest := &fstest.MapFile{Data: data}
		fsys := fstest.MapFS{
			"package.json": manifest, "packages/cart/package.json": manifest, "composer.json": manifest, "pyproject.toml": manifest, "Pipfile": manifest,
		}
		if lock, ok := contents[name]; ok {
			feed(t, table.ByPath(name), name, lock, fsys)
		}
	})
}
