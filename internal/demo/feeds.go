package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/internal/config"
)

// Feeds writes the embedded advisories, KEV entries and EPSS scores below dir in the form of their publishers, and says where, so that a
// service reads them as it reads the real ones. They are an excerpt: nothing is clean by them.
func Feeds(dir string) ([]config.Feed, error) {
	facts, err := landmark.Facts()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, body := range landmark.Records() {
		files["osv/"+name] = body
	}
	type entry struct {
		CVE        string `json:"cveID"`
		Added      string `json:"dateAdded"`
		Due        string `json:"dueDate"`
		Ransomware string `json:"knownRansomwareCampaignUse"`
	}
	var kev []entry
	for cve, k := range facts.KEV {
		one := entry{cve, k.DateAdded.Format(time.DateOnly), k.DueDate.Format(time.DateOnly), "Unknown"}
		if k.Ransomware {
			one.Ransomware = "Known"
		}
		kev = append(kev, one)
	}
	if files["kev.json"], err = json.Marshal(map[string]any{"count": len(kev), "vulnerabilities": kev}); err != nil {
		return nil, fmt.Errorf("writing the demonstration's feeds: %w", err)
	}
	var head string
	var rows strings.Builder
	for cve, e := range facts.EPSS {
		head = fmt.Sprintf("#model_version:v2025.03.14,score_date:%sT00:00:00+0000\ncve,epss,percentile\n", e.Date.Format(time.DateOnly))
		fmt.Fprintf(&rows, "%s,%g,%g\n", cve, e.Score, e.Percentile)
	}
	files["epss.csv"] = []byte(head + rows.String())
	if err := write(dir, files); err != nil {
		return nil, fmt.Errorf("writing the demonstration's feeds: %w", err)
	}
	return []config.Feed{{Name: "osv", From: filepath.Join(dir, "osv")}, {Name: "kev", From: filepath.Join(dir, "kev.json")}, {Name: "epss", From: filepath.Join(dir, "epss.csv")}}, nil
}

func write(dir string, files map[string][]byte) error {
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
