package incidents

import (
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// maxIntervals bounds the ranges of one product.
const maxIntervals = 20

var (
	bound       = pattern.Lazy(`^(>=|<=|<|=|) *([A-Za-z0-9][A-Za-z0-9.+~:_-]{0,99})$`)
	wantedRange = `want ranges such as ">= 1.0, < 1.4.2 || >= 2.0, < 2.0.1": >= is the first that is affected, < the fix, <= the last that is affected, = the only one`
)

// intervals reads affected versions in the notation of GitHub's advisories, with || between ranges. Ecosystem is OSV's, empty for one whose
// versions have no order that is known.
func intervals(text, ecosystem string) ([]tocsin.Interval, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	parts := strings.Split(text, "||")
	if len(parts) > maxIntervals {
		return nil, fmt.Errorf("%w: range: %d ranges, at most %d", tocsin.ErrInvalid, len(parts), maxIntervals)
	}
	var out []tocsin.Interval
	for _, part := range parts {
		v, err := interval(part)
		if err != nil {
			return nil, err
		}
		if err := ordered(v, ecosystem); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, apart(out, ecosystem)
}

func interval(text string) (tocsin.Interval, error) {
	var v tocsin.Interval
	wrong := fmt.Errorf("%w: range: %.100q: %s", tocsin.ErrInvalid, strings.TrimSpace(text), wantedRange)
	for i, b := range strings.Split(text, ",") {
		m := bound().FindStringSubmatch(strings.TrimSpace(b))
		if m == nil || i > 1 {
			return v, wrong
		}
		if m[1] == "=" || m[1] == "" {
			if v != (tocsin.Interval{}) || strings.Contains(text, ",") {
				return v, wrong
			}
			v.From, v.Through = m[2], m[2]
			continue
		}
		to := map[string]*string{">=": &v.From, "<": &v.Before, "<=": &v.Through}[m[1]]
		if *to != "" {
			return v, wrong
		}
		*to = m[2]
	}
	if v.Before != "" && v.Through != "" {
		return v, wrong
	}
	return v, nil
}

// ordered refuses a range that holds no version.
func ordered(v tocsin.Interval, ecosystem string) error {
	end := v.Before + v.Through
	for _, s := range []string{v.From, end} {
		if _, err := version.Parse(ecosystem, s); err != nil && s != "" && ecosystem != "" {
			return fmt.Errorf("range: %w", err)
		}
	}
	if c, known := compare(ecosystem, v.From, end); known && v.From != "" && end != "" && (c > 0 || c == 0 && v.Before != "") {
		return fmt.Errorf("%w: range: no version is from %s and before %s", tocsin.ErrInvalid, v.From, end)
	}
	return nil
}

// apart refuses a fix that another range has as affected.
func apart(list []tocsin.Interval, ecosystem string) error {
	for i, v := range list {
		for j, w := range list {
			if i != j && v.Before != "" && holds(w, v.Before, ecosystem) {
				return fmt.Errorf("%w: range: %s is the fix in one range and affected in another", tocsin.ErrInvalid, v.Before)
			}
		}
	}
	return nil
}

func holds(v tocsin.Interval, s, ecosystem string) bool {
	low, known := compare(ecosystem, v.From, s)
	if v.From != "" && (!known || low > 0) {
		return false
	}
	end := v.Before + v.Through
	high, known := compare(ecosystem, s, end)
	return end == "" || known && (high < 0 || high == 0 && v.Through != "")
}

func compare(ecosystem, a, b string) (c int, known bool) {
	v, err1 := version.Parse(ecosystem, a)
	w, err2 := version.Parse(ecosystem, b)
	if err1 != nil || err2 != nil {
		return 0, false
	}
	c, err := v.Compare(w)
	return c, err == nil
}
