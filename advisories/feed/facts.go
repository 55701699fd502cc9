package feed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
)

// The sizes up to which the tables are read. KEV has 1.3 MB, EPSS 2.5 MB packed and 10 MB unpacked.
const (
	MaxKEV      = 64 << 20
	MaxEPSS     = 64 << 20
	maxUnpacked = 512 << 20
)

// ParseKEV reads CISA's catalogue (JSON). An entry without a readable date is an error that names it: a catalogue
// with a hole would make exploited flaws look harmless.
func ParseKEV(b []byte) (map[string]tocsin.KEV, error) {
	var in struct {
		Vulnerabilities []struct {
			CVE        string `json:"cveID"`
			Added      string `json:"dateAdded"`
			Due        string `json:"dueDate"`
			Ransomware string `json:"knownRansomwareCampaignUse"`
		} `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("%w: KEV catalogue: %v", tocsin.ErrInvalid, err)
	}
	if len(in.Vulnerabilities) == 0 {
		return nil, fmt.Errorf("%w: KEV catalogue: it lists no vulnerabilities", tocsin.ErrInvalid)
	}
	out := make(map[string]tocsin.KEV, len(in.Vulnerabilities))
	for i, v := range in.Vulnerabilities {
		if !strings.HasPrefix(v.CVE, "CVE-") {
			return nil, fmt.Errorf("%w: KEV catalogue: entry %d: cveID %.30q is not a CVE", tocsin.ErrInvalid, i+1, v.CVE)
		}
		added, err := time.Parse(time.DateOnly, v.Added)
		if err != nil {
			return nil, fmt.Errorf("%w: KEV catalogue: entry %d (%.30q): dateAdded %.30q is not a day", tocsin.ErrInvalid, i+1, v.CVE, v.Added)
		}
		due, err := time.Parse(time.DateOnly, v.Due)
		if err != nil {
			due = time.Time{}
		}
		out[v.CVE] = tocsin.KEV{CVE: v.CVE, DateAdded: added, DueDate: due, Ransomware: v.Ransomware == "Known"}
	}
	return out, nil
}

// ParseEPSS reads a day's scores: CSV with a comment line that has the date, then cve,epss,percentile; packed by gzip
// or not. https://www.first.org/epss/data_stats
func ParseEPSS(b []byte) (map[string]tocsin.EPSS, error) {
	var r io.Reader = bytes.NewReader(b)
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("%w: EPSS scores: %v", tocsin.ErrInvalid, err)
		}
		r = z
	}
	limited := &io.LimitedReader{R: r, N: maxUnpacked}
	lines := bufio.NewReader(limited)
	day, err := epssDay(lines)
	if err != nil {
		return nil, err
	}
	skipped := 0 // lines before the table
	if !day.IsZero() {
		skipped = 1
	}
	c := csv.NewReader(lines)
	c.FieldsPerRecord, c.ReuseRecord = 3, true
	out := map[string]tocsin.EPSS{}
	for {
		f, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: EPSS scores: %v", tocsin.ErrInvalid, err)
		}
		if f[0] == "cve" {
			continue
		}
		score, err1 := strconv.ParseFloat(f[1], 64)
		percentile, err2 := strconv.ParseFloat(f[2], 64)
		if !strings.HasPrefix(f[0], "CVE-") || err1 != nil || err2 != nil || !(score >= 0 && score <= 1) || !(percentile >= 0 && percentile <= 1) {
			line, _ := c.FieldPos(0)
			return nil, fmt.Errorf("%w: EPSS scores: row %d: %.60q: want a CVE and two numbers from 0 to 1", tocsin.ErrInvalid, line+skipped, f)
		}
		cve := strings.Clone(f[0])
		out[cve] = tocsin.EPSS{CVE: cve, Score: score, Percentile: percentile, Date: day}
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("%w: EPSS scores: more than %d bytes unpacked", tocsin.ErrInvalid, maxUnpacked)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: EPSS scores: the table is empty", tocsin.ErrInvalid)
	}
	return out, nil
}

// epssDay reads the comment line "#model_version:v2025.03.14,score_date:2026-08-16T00:00:00+0000"; older tables have none.
func epssDay(r *bufio.Reader) (time.Time, error) {
	first, err := r.Peek(1)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: EPSS scores: %v", tocsin.ErrInvalid, err)
	}
	if first[0] != '#' {
		return time.Time{}, nil
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: EPSS scores: %v", tocsin.ErrInvalid, err)
	}
	_, stamp, _ := strings.Cut(line, "score_date:")
	if len(stamp) < len(time.DateOnly) {
		return time.Time{}, fmt.Errorf("%w: EPSS scores: first line %.80q has no score_date", tocsin.ErrInvalid, line)
	}
	day, err := time.Parse(time.DateOnly, stamp[:len(time.DateOnly)])
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: EPSS scores: score_date: %v", tocsin.ErrInvalid, err)
	}
	return day, nil
}
