package view

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// words are what templates can say.
func words() template.FuncMap {
	return template.FuncMap{
		"at": at, "day": day, "near": near, "ago": ago, "took": took, "plural": plural, "path": url.PathEscape, "tone": tone, "join": strings.Join, "cut": cut, "wording": wording,
		"share": share, "short": short, "of": of, "add": func(a, b int) int { return a + b }, "minus": func(a int) int { return -a }, "seconds": func(d time.Duration) int { return int(d.Seconds()) }, "list": list, "upper": first, "datetime": datetime, "query": query, "text": text,
	}
}

// at is a moment. The script shows it in the zone of whoever reads; UTC stays at hand.
func at(t time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="none">never</span>`
	}
	u := t.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s UTC">%s UTC</time>`, u.Format(time.RFC3339), u.Format("2 January 2006 15:04:05"), u.Format("2 Jan 2006 15:04")))
}

// day is a date, which has no zone.
func day(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	u := t.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" data-day>%s</time>`, u.Format(time.DateOnly), u.Format("2 Jan 2006")))
}

// near is a deadline by its distance from now, such as "in 3 h" or "2 days ago". The script keeps it right.
func near(now, t time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="none">not set</span>`
	}
	class := ""
	if t.Before(now) {
		class = ` class="past"`
	}
	return relative(now, t, ` data-near="due"`+class)
}

// ago is a moment by its distance from now, of something that happened: nothing is wrong with its being past.
func ago(now, t time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="none">never</span>`
	}
	return relative(now, t, ` data-near`)
}

func relative(now, t time.Time, attributes string) template.HTML {
	u := t.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s UTC"%s>%s</time>`, u.Format(time.RFC3339), u.Format("2 January 2006 15:04:05"), attributes, distance(u.Sub(now))))
}

// distance is a length of time from now. The script has the same rule.
func distance(d time.Duration) string {
	abs := d.Abs()
	var text string
	switch {
	case abs < time.Minute:
		return "now"
	case abs < time.Hour:
		text = fmt.Sprintf("%d min", int(abs.Minutes()))
	case abs < 48*time.Hour:
		text = fmt.Sprintf("%d h", int(abs.Hours()))
	default:
		text = plural(int(abs.Hours()/24), "day")
	}
	if d < 0 {
		return text + " ago"
	}
	return "in " + text
}

// took is a length of time in words, from seconds; -1 is not known.
func took(seconds int) string {
	if seconds < 0 {
		return "–"
	}
	if seconds < 60 {
		return "under 1 min"
	}
	return strings.TrimPrefix(distance(time.Duration(seconds)*time.Second), "in ")
}

// datetime is a moment as a field of a form has it, in UTC.
func datetime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	switch {
	case strings.HasSuffix(word, "y") && !strings.HasSuffix(word, "ay"):
		word = strings.TrimSuffix(word, "y") + "ies"
	case strings.HasSuffix(word, "s"):
		word += "es"
	default:
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}

// cut shortens a text that strangers wrote, by runes.
func cut(most int, v any) string {
	r := []rune(text(v))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}

// text is what a value says, whatever its type of string.
func text(v any) string { return fmt.Sprint(v) }

// short is a digest as people compare it.
func short(digest string) string {
	_, after, ok := strings.Cut(digest, ":")
	if !ok {
		after = digest
	}
	return after[:min(12, len(after))]
}

// share is a part of one as people read it.
func share(part float64) string { return fmt.Sprintf("%.3g %%", 100*part) }

// first is a sentence's beginning.
func first(v any) string {
	s := text(v)
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// of makes one value of several, by name, for a part of a page.
func of(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("of wants names and values in turn, and got %d", len(pairs))
	}
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		out[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return out, nil
}

func list(items ...any) []any { return items }

// query is an address with parameters, by name and value in turn; what is empty is left away.
func query(to string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return to
	}
	return to + "?" + v.Encode()
}

// tone is how a word of the domain looks: bad, warn, good, info, or nothing. The word itself always stands beside it.
func tone(v any) string {
	switch fmt.Sprint(v) {
	case "critical", "emergency", "affected", string(tocsin.GateFail), "detected", "reopened", "failed", "late", "broke-glass", "undelivered", "regressed":
		return "bad"
	case "high", "hold", "mobilised", "unknown", string(tocsin.GateWarn), string(tocsin.GateUndecided), "waiting", "issue", "unreachable", "mitigated", "accepted", "partial", "parked", "stale", "escalated":
		return "warn"
	case "passed", "patched", "corrected", "excused", "unaffected", "not affected", "pass", "resolved", "reviewed", "fix validated", "done", "read", "fresh", "enforce", "stood down",
		"cleared", "fix-validated", "contained":
		return "good"
	case "medium", "watch", "routine", "pending", "sending", "shadow", "planned", "running", "published", "message":
		return "info"
	}
	return ""
}
