package demo

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
)

//go:embed settings/*.yaml
var settings embed.FS

// noKey signs what nobody reads.
const noKey = "whsec_ZGVtb25zdHJhdGlvbiBvbmx5LCB3b3J0aCBub3RoaW5n"

// Settings writes the rules of the demonstration's service below dir, and names them in a configuration: who hears of what, an accepted
// risk, and a policy in the shadow. deaf is an address on the loopback that takes notices. With the ids that people have in the service, by
// name, it says who is called too.
func Settings(dir, deaf string, ids map[string]string, now time.Time, c *config.Config) error {
	says := func(key string) string {
		switch key {
		case "TODAY":
			return now.Format(time.DateOnly)
		case "START":
			return now.Add(-5 * 7 * tocsin.Day).Format(time.DateOnly)
		case "EXPIRES":
			return now.Add(90 * tocsin.Day).Format(time.DateOnly)
		}
		return ids[strings.ToLower(key)]
	}
	files := map[string][]byte{"nobody.url": []byte(deaf), "nobody.key": []byte(noKey)}
	for _, name := range []string{"notify.yaml", "quieter.yaml", "exceptions.yaml", "governance.yaml"} {
		text, err := settings.ReadFile("settings/" + name)
		if err != nil {
			return fmt.Errorf("reading the demonstration's settings: %w", err)
		}
		files[name] = []byte(os.Expand(string(text), says))
	}
	if err := write(dir, files); err != nil {
		return fmt.Errorf("writing the demonstration's settings: %w", err)
	}
	c.Notify, c.Exceptions = filepath.Join(dir, "notify.yaml"), []string{filepath.Join(dir, "exceptions.yaml")}
	c.Policies = []string{"emergency", "release-gate", filepath.Join(dir, "quieter.yaml")}
	if ids != nil {
		c.Governance = filepath.Join(dir, "governance.yaml")
	}
	return nil
}
