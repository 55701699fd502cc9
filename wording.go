package tocsin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// Wording is what the action says to those who read it, or asks for; empty where it says nothing.
func (a Action) Wording() (title, text string, err error) {
	var p struct {
		IssuePayload
		News, Summary, Description string
		Vulnerabilities            []DraftVulnerability
		Request                    AdvisoryRequest
	}
	if err := json.Unmarshal(a.Payload, &p); err != nil {
		return "", "", fmt.Errorf("reading %s: %w", a.Key, err)
	}
	if p.Request != "" {
		return "asks for the " + string(p.Request) + " of the advisory draft", "", nil
	}
	for _, v := range p.Vulnerabilities {
		text += strings.TrimSpace(fmt.Sprintf("%s/%s %s, fixed in %s", v.Ecosystem, v.Name, v.Range, cmp.Or(v.Patched, "no version yet"))) + "\n"
	}
	if text != "" {
		text += "\n"
	}
	return cmp.Or(p.Title, p.Summary, p.News), text + cmp.Or(p.Body, p.Description), nil
}
