package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// An Advisory is a repository security advisory.
type Advisory struct {
	// ID is the GHSA id.
	ID                   string
	Summary, Description string
	// Severity is low, medium, high or critical; it follows from CVSS where that is given.
	Severity, CVSS string
	CVE            string
	CWEs           []string
	// State is triage, draft, published or closed.
	State           string
	Author          string
	Reported        bool // privately, by an outsider
	Vulnerabilities []Vulnerability
	Credits         []Credit
	Created         time.Time
	Updated         time.Time
	Published       time.Time
	Closed          time.Time
	// CVERequested is how often somebody asked for a CVE id, Fork the private one, owner/name; empty: there is none.
	CVERequested int
	Fork         string
}

// A Vulnerability is an affected package of an [Advisory].
type Vulnerability struct {
	Package struct {
		Ecosystem string  `json:"ecosystem"`
		Name      *string `json:"name"`
	} `json:"package"`
	Range     *string  `json:"vulnerable_version_range"`
	Patched   *string  `json:"patched_versions"`
	Functions []string `json:"vulnerable_functions"`
}

// A Credit thanks a user.
type Credit struct {
	Login string `json:"login"`
	Type  string `json:"type"`
}

func (a Advisory) clone() Advisory {
	a.Credits = slices.Clone(a.Credits)
	a.CWEs, a.Vulnerabilities = slices.Clone(a.CWEs), slices.Clone(a.Vulnerabilities)
	return a
}

func (s *Server) advisoryJSON(q *call, a *Advisory) map[string]any {
	ids := []any{map[string]any{"type": "GHSA", "value": a.ID}}
	if a.CVE != "" {
		ids = append(ids, map[string]any{"type": "CVE", "value": a.CVE})
	}
	cwes := make([]any, len(a.CWEs))
	for i, c := range a.CWEs {
		cwes[i] = map[string]any{"cwe_id": c, "name": c}
	}
	var submission, publisher any
	if a.Reported {
		submission = map[string]any{"accepted": a.State != "triage"}
	}
	if !a.Published.IsZero() {
		publisher = s.person(q.base, q.repo.owner())
	}
	none := map[string]any{"vector_string": nil, "score": nil}
	v3, v4, cvss := none, none, none
	if score, _, ok := score(a.CVSS); ok {
		cvss = map[string]any{"vector_string": a.CVSS, "score": score}
		if strings.HasPrefix(a.CVSS, "CVSS:4") {
			v4, cvss = cvss, none
		} else {
			v3 = cvss
		}
	}
	return map[string]any{
		"ghsa_id": a.ID, "cve_id": textOrNil(a.CVE), "summary": a.Summary, "description": a.Description,
		"severity": textOrNil(a.Severity), "author": s.person(q.base, a.Author), "publisher": publisher,
		"identifiers": ids, "state": a.State, "submission": submission,
		"url":        q.base + "/repos/" + q.repo.Name + "/security-advisories/" + a.ID,
		"html_url":   "https://github.com/" + q.repo.Name + "/security/advisories/" + a.ID,
		"created_at": stamp(a.Created), "updated_at": stamp(a.Updated), "published_at": stampOrNil(a.Published),
		"closed_at": stampOrNil(a.Closed), "withdrawn_at": nil, "vulnerabilities": vulnerabilities(a.Vulnerabilities),
		"cvss": cvss, "cvss_severities": map[string]any{"cvss_v3": v3, "cvss_v4": v4},
		"cwes": cwes, "cwe_ids": append([]string{}, a.CWEs...), "credits": append([]Credit{}, a.Credits...), "credits_detailed": []any{},
		"collaborating_users": []any{}, "collaborating_teams": []any{}, "private_fork": s.forkOf(q, a),
	}
}

func vulnerabilities(v []Vulnerability) []Vulnerability {
	out := make([]Vulnerability, len(v))
	for i, x := range v {
		x.Functions = append([]string{}, x.Functions...)
		out[i] = x
	}
	return out
}

// score rates a vector of CVSS 3.1 or 4.0.
func score(vector string) (float64, string, bool) {
	if v, err := gocvss40.ParseVector(vector); err == nil {
		r, err := gocvss40.Rating(v.Score())
		return v.Score(), strings.ToLower(r), err == nil
	}
	v, err := gocvss31.ParseVector(strings.Replace(vector, "CVSS:3.0/", "CVSS:3.1/", 1))
	if err != nil {
		return 0, "", false
	}
	r, err := gocvss31.Rating(v.BaseScore())
	return v.BaseScore(), strings.ToLower(r), err == nil
}

func (s *Server) listAdvisories(q *call) answer {
	v := q.http.URL.Query()
	state := v.Get("state")
	if state != "" && !slices.Contains(advisoryStates, state) {
		return refuse(http.StatusBadRequest, "Bad Request", q.docs)
	}
	var found []*Advisory
	for _, a := range q.repo.advisories {
		if q.mayRead(a) && s.listed(a.Created) && (state == "" || state == a.State) {
			found = append(found, a)
		}
	}
	if v.Get("direction") != "asc" {
		slices.Reverse(found)
	}
	some, h := after(q, found, func(a *Advisory) string { return a.ID })
	out := make([]any, len(some))
	for i, a := range some {
		out[i] = s.advisoryJSON(q, a)
	}
	return answer{status: http.StatusOK, body: out, header: h}
}

// mayRead says whether the caller sees the advisory: what is published is for all, the rest for its circle.
func (q *call) mayRead(a *Advisory) bool {
	return a.State == "published" || q.repo.securityManager(q.login()) ||
		q.user != nil && strings.EqualFold(a.Author, q.user.login)
}

func (q *call) advisory() *Advisory {
	for _, a := range q.repo.advisories {
		if strings.EqualFold(a.ID, q.http.PathValue("ghsa_id")) && q.mayRead(a) {
			return a
		}
	}
	return nil
}

func (s *Server) getAdvisory(q *call) answer {
	if a := q.advisory(); a != nil {
		return answer{status: http.StatusOK, body: s.advisoryJSON(q, a)}
	}
	return q.notFound()
}

// advisoryInput is the body of both create and update.
type advisoryInput struct {
	Summary         *string          `json:"summary"`
	Description     *string          `json:"description"`
	Severity        *string          `json:"severity"`
	CVSS            *string          `json:"cvss_vector_string"`
	CVE             *string          `json:"cve_id"`
	CWEs            *[]string        `json:"cwe_ids"`
	State           *string          `json:"state"`
	Vulnerabilities *[]Vulnerability `json:"vulnerabilities"`
	Credits         *[]Credit        `json:"credits"`
}

// What GitHub accepts. None of these is ever changed.
var (
	advisoryStates = []string{"triage", "draft", "published", "closed"}
	severities     = []string{"low", "medium", "high", "critical"}
	ecosystems     = []string{"rubygems", "npm", "pip", "maven", "nuget", "composer", "go", "rust", "erlang", "actions",
		"pub", "other", "swift"}
	cvePattern = pattern.Lazy(`^CVE-\d{4}-\d{4,}$`)
	cwePattern = pattern.Lazy(`^CWE-\d+$`)
)

// check finds what GitHub would refuse.
func (in advisoryInput) check(create bool) []fault {
	var f []fault
	bad := func(field, code, message string) {
		f = append(f, fault{Resource: "RepositoryAdvisory", Code: code, Field: field, Message: message})
	}
	text := func(field string, s *string, limit int) {
		switch {
		case s == nil && create, s != nil && *s == "":
			bad(field, "missing_field", "")
		case s != nil && utf8.RuneCountInString(*s) > limit:
			bad(field, "custom", fmt.Sprintf("%s is too long (maximum is %d characters)", field, limit))
		}
	}
	text("summary", in.Summary, 1024)
	text("description", in.Description, 65535)
	if in.Vulnerabilities == nil && create {
		bad("vulnerabilities", "missing_field", "")
	}
	if in.Severity != nil && in.CVSS != nil {
		bad("severity", "invalid", "severity and cvss_vector_string cannot both be set")
	}
	if in.Severity != nil && !slices.Contains(severities, *in.Severity) {
		bad("severity", "invalid", "")
	}
	if in.CVSS != nil {
		if _, _, ok := score(*in.CVSS); !ok {
			bad("cvss_vector_string", "invalid", "")
		}
	}
	if in.CVE != nil && !cvePattern().MatchString(*in.CVE) {
		bad("cve_id", "invalid", "")
	}
	if in.CWEs != nil && slices.ContainsFunc(*in.CWEs, func(c string) bool { return !cwePattern().MatchString(c) }) {
		bad("cwe_ids", "invalid", "")
	}
	if in.State != nil && !slices.Contains(advisoryStates[1:], *in.State) {
		bad("state", "invalid", "")
	}
	if in.Vulnerabilities != nil {
		for _, v := range *in.Vulnerabilities {
			if !slices.Contains(ecosystems, v.Package.Ecosystem) {
				bad("vulnerabilities", "invalid", "ecosystem is not one of "+strings.Join(ecosystems, ", "))
			}
		}
	}
	return f
}

func (s *Server) createAdvisory(q *call) answer {
	var in advisoryInput
	if a, ok := q.decode(&in); !ok {
		return a
	}
	if !q.repo.securityManager(q.user.login) {
		return q.forbidden("Resource not accessible by personal access token")
	}
	if f := in.check(true); f != nil {
		return q.invalid(f...)
	}
	a := &Advisory{ID: ghsa(s.id()), State: "draft", Author: q.user.login, Created: q.now}
	a.apply(in, q.now)
	q.repo.advisories = append(q.repo.advisories, a)
	m := s.advisoryJSON(q, a)
	return answer{status: http.StatusCreated, body: m, header: http.Header{"Location": {m["url"].(string)}}}
}

func (s *Server) updateAdvisory(q *call) answer {
	var in advisoryInput
	if a, ok := q.decode(&in); !ok {
		return a
	}
	a := q.advisory()
	switch {
	case a == nil:
		return q.notFound()
	case !q.repo.securityManager(q.user.login):
		return q.forbidden("Resource not accessible by personal access token")
	}
	if f := in.check(false); f != nil {
		return q.invalid(f...)
	}
	a.apply(in, q.now)
	return answer{status: http.StatusOK, body: s.advisoryJSON(q, a)}
}

func (a *Advisory) apply(in advisoryInput, now time.Time) {
	set := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&a.Summary, in.Summary)
	set(&a.Description, in.Description)
	set(&a.CVE, in.CVE)
	if in.Severity != nil {
		a.Severity, a.CVSS = *in.Severity, ""
	}
	if in.CVSS != nil {
		a.CVSS = *in.CVSS
		_, a.Severity, _ = score(a.CVSS)
	}
	if in.CWEs != nil {
		a.CWEs = slices.Clone(*in.CWEs)
	}
	if in.Vulnerabilities != nil {
		a.Vulnerabilities = slices.Clone(*in.Vulnerabilities)
	}
	if in.Credits != nil {
		a.Credits = slices.Clone(*in.Credits)
	}
	if in.State != nil && *in.State != a.State {
		a.State = *in.State
		switch a.State {
		case "published":
			a.Published = now
		case "closed":
			a.Closed = now
		}
	}
	a.Updated = now
}

// ghsa spells a number in GitHub's alphabet.
// https://github.com/github/advisory-database#ghsa-ids
func ghsa(n int64) string {
	const alphabet = "23456789cfghjmpqrvwx"
	b := []byte("GHSA-2222-2222-2222")
	for i := len(b) - 1; i > 4 && n > 0; i-- {
		if b[i] == '-' {
			continue
		}
		b[i] = alphabet[n%int64(len(alphabet))]
		n /= int64(len(alphabet))
	}
	return string(b)
}
