package site

import (
	"bytes"
	"encoding/csv"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// findingFilters are those of the list of findings.
var findingFilters = []string{"project", "class", "ecosystem", "package", "status", "gate", "response"}

func (v *visit) findings() (shown, error) {
	body := struct {
		listing
		Rows      []web.Finding
		Statuses  []tocsin.Status
		Gates     []tocsin.Gate
		Responses []tocsin.Response
		CSV       string
	}{
		listing: v.listed(findingFilters...), Statuses: []tocsin.Status{tocsin.StatusAffected, tocsin.StatusUnknown, tocsin.StatusNotAffected},
		Gates:     []tocsin.Gate{tocsin.GateFail, tocsin.GateUndecided, tocsin.GateWarn, tocsin.GatePass},
		Responses: []tocsin.Response{tocsin.ResponseEmergency, tocsin.ResponseHold, tocsin.ResponseIssue, tocsin.ResponseWatch, tocsin.ResponseNone},
	}
	query := maps.Clone(body.Q)
	query["order"] = "gravest"
	got, err := web.Get[web.Page[web.Finding]](v.Client, "listFindings", web.Ask{Query: query})
	body.Rows = got.Items
	body.page("/findings", got.Next)
	body.CSV = "/findings.csv?" + v.r.URL.RawQuery
	return shown{title: "Findings", body: body}, err
}

// maxExport bounds the rows of an export; who wants all asks the API page by page.
const maxExport = 10_000

// csvFindings is the list of findings for spreadsheets (RFC 4180).
func (s *Site) csvFindings(w http.ResponseWriter, r *http.Request) {
	v := &visit{site: s, w: w, r: r, now: s.opts.Now()}
	var err error
	if v.Client, err = s.api.Client(w, r); errors.Is(err, tocsin.ErrUnauthenticated) {
		http.Redirect(w, r, "/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		return
	} else if err != nil {
		s.refuse(v, err)
		return
	}
	q := v.listed(findingFilters...).Q
	q["limit"], q["cursor"], q["order"] = "500", "", "gravest"
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	rows := [][]string{{"project", "class", "ecosystem", "package", "version", "status", "match", "gate", "response", "severity", "due", "upgrade", "first_at", "summary"}}
	for len(rows) <= maxExport {
		got, err := web.Get[web.Page[web.Finding]](v.Client, "listFindings", web.Ask{Query: q})
		if err != nil {
			s.refuse(v, err)
			return
		}
		for _, f := range got.Items {
			rows = append(rows, []string{f.Project, f.Class.ID, f.Package.Ecosystem, f.Package.Name, f.Package.Version, string(f.Status), string(f.Match), string(f.Gate), string(f.Response),
				string(f.Severity), stamp(f.Due), f.Upgrade, stamp(f.FirstAt), f.Class.Summary})
		}
		if q["cursor"] = got.Next; got.Next == "" {
			break
		}
	}
	for _, row := range rows[:min(len(rows), maxExport+1)] {
		for i := range row {
			row[i] = cell(row[i])
		}
		if err := out.Write(row); err != nil { // memory does not fail
			s.refuse(v, err)
			return
		}
	}
	out.Flush()
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="findings.csv"`)
	_, _ = b.WriteTo(w) // who went away needs no answer
}

// cell is a text that no spreadsheet takes for a formula: names of packages are what strangers wrote.
// https://owasp.org/www-community/attacks/CSV_Injection
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// shownRevisions are the revisions of a class that are shown at first.
const shownRevisions = 10

// class is one vulnerability class with where it is.
func (v *visit) class() (shown, error) {
	id := v.r.PathValue("id")
	body := struct {
		listing
		web.Advisory
		Incidents []incidentRow
		Revisions []tocsin.AdvisoryRevision
		// More are the revisions that are not shown unless all are asked for.
		More int
	}{listing: v.listed()}
	var err error
	if body.Advisory, err = web.Get[web.Advisory](v.Client, "getAdvisory", web.Ask{Path: map[string]string{"id": id}, Query: map[string]string{"cursor": body.Q["cursor"]}}); err != nil {
		return shown{}, err
	}
	body.page("/classes/"+url.PathEscape(id), body.Findings.Next)
	past, err := web.Get[web.AdvisoryRevisions](v.Client, "getAdvisoryRevisions", web.Ask{Path: map[string]string{"id": id}})
	if err != nil {
		return shown{}, err
	}
	if body.Revisions = past.Items; v.q("all") == "" && len(past.Items) > shownRevisions {
		body.Revisions, body.More = past.Items[:shownRevisions], len(past.Items)-shownRevisions
	}
	got, err := web.Get[web.Page[tocsin.Incident]](v.Client, "listIncidents", web.Ask{Query: map[string]string{"class": body.Class.ID, "limit": "20"}})
	for _, inc := range got.Items {
		body.Incidents = append(body.Incidents, newRow(inc))
	}
	return shown{title: body.Class.ID, body: body}, err
}

// whoHad is who had a package when.
func (v *visit) whoHad() (shown, error) {
	body := struct {
		listing
		Rows []tocsin.Resolution
	}{listing: v.listed("package", "from", "to")}
	if body.Q["package"] == "" {
		return shown{title: "Who had it?", body: body}, nil
	}
	got, err := web.Get[web.Page[tocsin.Resolution]](v.Client, "getWho", web.Ask{Query: body.Q})
	body.Rows = got.Items
	body.page("/who", got.Next)
	return shown{title: "Who had " + body.Q["package"] + "?", body: body}, err
}
