package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/browser"
)

// TestFromAnUploadToTheIncident: who watches a project and sends what it uses sees the finding at once, and whoever comes to the overview
// is with one click at why it is an emergency, who leads it, and what a maintainer has to do. And a drill is played. All of it with a
// script and without.
func TestFromAnUploadToTheIncident(t *testing.T) {
	t.Parallel() // most of it is waiting for what others see
	h := openHouse(t)
	bom := filepath.Join(t.TempDir(), "bom.cdx.json")
	text := `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"library","name":"log4j-core","version":"2.14.1","purl":"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"}]}`
	if err := os.WriteFile(bom, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		browser.Manner
	}{{"script", browser.Manner{}}, {"plain", browser.Manner{Width: 390, NoScript: true}}} {
		t.Run(tt.name, func(t *testing.T) {
			ada := h.comes(t, "ada", tt.Manner)
			ada.Go(h.base + "/projects")
			ada.Click("#watch > summary")
			ada.Type("#watch [name=slug]", tt.name+"/till")
			ada.Type("#watch [name=group]", tt.name)
			ada.Choose("#watch [name=criticality]", "high")
			ada.Choose("#watch [name=exposure]", "public")
			ada.Choose("#watch [name=visibility]", "private")
			ada.Choose("#watch [name=kind]", "upload")
			ada.Click("#watch button")
			ada.Sees(".say", "It is watched.")
			ada.Sees("h1", tt.name+"/till")
			ada.Attach("input[type=file]", bom)
			ada.Click(`section[aria-labelledby="h-send"] button`)
			ada.Sees(".say", "It is kept.")
			ada.Sees("main", "CVE-2021-44228")
			ada.Sees("main", "log4j-core")

			ada.Go(h.base + "/")
			ada.Sees("#burning", "nobody yet") // hers has no lead
			ada.Click(`#burning a[href="/incidents/INC-CVE-2021-44228-` + tt.name + `"]`)
			ada.Sees("h1", "CVE-2021-44228")
			ada.Sees("#ahead", "Nobody leads it")
			ada.Sees("main", "exploited") // why
			ada.Sees("#projects", tt.name+"/till")
			ada.Sees("#projects", "log4j-core to 2.17.1") // what a maintainer has to do

			ada.Go(h.base + "/drills")
			ada.Click(`a[href="/drills/xz-2024"]`)
			ada.Click("section form button")
			ada.Sees(".say", "It was played.")
			ada.Sees("main", "points")
			ada.Sees("body", "EXERCISE")
			ada.clean()
		})
	}
}
