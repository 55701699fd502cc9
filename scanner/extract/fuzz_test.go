package extract

import (
	"bytes"
	"context"
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
		res, err := r.Read(context.Background(), File{Path: name, Body: bytes.NewReader(data), FS: fstest.MapFS{}})
		if err != nil && len(res.Packages) > 0 {
			t.Errorf("packages with an error: %v", err)
		}
		check(t, name, res)
	})
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
