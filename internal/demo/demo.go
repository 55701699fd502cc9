// Package demo holds the portfolio of the demonstration: small projects in the shape of real ones, most of them on
// one day of a famous incident. Names, versions and dates of public packages are facts; everything else is made up.
package demo

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
)

//go:embed portfolio/*.txtar
var portfolio embed.FS

// Owner is the account that the demonstration's repositories belong to, Coordination the one incidents are led from.
const (
	Owner        = "example-shop"
	Coordination = Owner + "/security"
)

// Projects lists the portfolio. Folders are below dir.
func Projects(dir string) []config.Project {
	all := []tocsin.Project{
		{Slug: "storefront", Owners: []string{"ada"}, Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic},
		{
			Slug: "shop-api", Owners: []string{"grace"}, Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic,
			Publishes: "pkg:maven/com.example.shop/shop-sdk", OptIn: tocsin.OptIn{AdvisoryDraft: true},
		},
		{Slug: "ledger", Owners: []string{"edsger"}, Criticality: tocsin.CriticalityHigh},
		{Slug: "reports", Owners: []string{"barbara"}, Criticality: tocsin.CriticalityLow},
		{Slug: "batch-jobs", Owners: []string{"grace"}},
		{Slug: "ingest", Owners: []string{"edsger"}},
		{Slug: "website", Owners: []string{"ada"}, Exposure: tocsin.ExposurePublic, Visibility: tocsin.VisibilityPublic, OptIn: tocsin.OptIn{PublicExposure: true}},
		{Slug: "legacy-portal", Owners: []string{"barbara"}, Criticality: tocsin.CriticalityLow},
		{Slug: "docs-site", Owners: []string{"ada"}, Criticality: tocsin.CriticalityLow},
		{Slug: "edge-image", Owners: []string{"edsger"}, Exposure: tocsin.ExposurePublic},
	}
	var out []config.Project
	for _, p := range all {
		p.Repository = Owner + "/" + p.Slug
		p.OptIn.Issues = true
		if p.Criticality == "" {
			p.Criticality = tocsin.CriticalityMedium
		}
		if p.Exposure == "" {
			p.Exposure = tocsin.ExposureInternal
		}
		if p.Visibility == "" {
			p.Visibility = tocsin.VisibilityPrivate
		}
		out = append(out, config.Project{Project: p, Source: tocsin.ProjectSource{Kind: tocsin.SourcePath, Location: filepath.Join(dir, p.Slug)}})
	}
	return out
}

// Write puts the portfolio's files below dir.
func Write(dir string) error {
	entries, err := portfolio.ReadDir("portfolio")
	if err != nil {
		return fmt.Errorf("reading the portfolio: %w", err)
	}
	for _, e := range entries {
		text, err := portfolio.ReadFile("portfolio/" + e.Name())
		if err != nil {
			return fmt.Errorf("reading the portfolio: %w", err)
		}
		for _, f := range txtar.Parse(text).Files {
			path := filepath.Join(dir, strings.TrimSuffix(e.Name(), ".txtar"), filepath.FromSlash(f.Name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return fmt.Errorf("writing the portfolio: %w", err)
			}
			if err := os.WriteFile(path, f.Data, 0o644); err != nil {
				return fmt.Errorf("writing the portfolio: %w", err)
			}
		}
	}
	return nil
}

// Upgrade moves the shop's API to the last fixed log4j, as its maintainers would.
func Upgrade(dir string) error { return edit(dir, "shop-api/pom.xml", "2.14.1", "2.17.1") }

// UpgradeImage moves the image to the fixed OpenSSL.
func UpgradeImage(dir string) error {
	return edit(dir, "edge-image/edge-image.cdx.json", "deb7u4", "deb7u5")
}

// Spread has the flawed log4j in two more projects of the shop.
func Spread(dir string) error {
	if err := edit(dir, "batch-jobs/gradle.lockfile", "2.17.1", "2.14.1"); err != nil {
		return err
	}
	return write(dir, map[string][]byte{"storefront/search/gradle.lockfile": []byte("# This is a Gradle generated file for dependency locking.\n" +
		"org.apache.logging.log4j:log4j-core:2.14.1=runtimeClasspath\nempty=annotationProcessor\n")})
}

// UpgradeJobs moves one of them to the fixed version again.
func UpgradeJobs(dir string) error {
	return edit(dir, "batch-jobs/gradle.lockfile", "2.14.1", "2.17.1")
}

func edit(dir, name, from, to string) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("changing %s: %w", name, err)
	}
	return os.WriteFile(path, []byte(strings.ReplaceAll(string(text), from, to)), 0o644)
}
