package site

import (
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

func criticalities() []tocsin.Criticality {
	return []tocsin.Criticality{tocsin.CriticalityLow, tocsin.CriticalityMedium, tocsin.CriticalityHigh}
}

func sources() []tocsin.SourceKind {
	return []tocsin.SourceKind{tocsin.SourceUpload, tocsin.SourceURL, tocsin.SourceGit, tocsin.SourceGitHub, tocsin.SourceGitHubSBOM}
}

func (v *visit) projects() (shown, error) {
	body := struct {
		listing
		Rows          []web.Project
		Criticalities []tocsin.Criticality
		Exposures     []tocsin.Exposure
		Sources       []tocsin.SourceKind
		Manage        bool
		Tried         url.Values
	}{
		listing: v.listed("group", "criticality", "source"), Criticalities: criticalities(), Sources: sources(), Manage: v.May(tocsin.MayManage), Tried: v.tried,
		Exposures: []tocsin.Exposure{tocsin.ExposureIsolated, tocsin.ExposureInternal, tocsin.ExposurePublic},
	}
	got, err := web.Get[web.Page[web.Project]](v.Client, "listProjects", web.Ask{Query: body.Q})
	body.Rows = got.Items
	body.page("/projects", got.Next)
	return shown{title: "Projects", body: body}, err
}

// watch makes a project.
func (v *visit) watch() (string, error) {
	f := v.r.PostForm
	text := func(name string) string { return strings.TrimSpace(f.Get(name)) }
	in := web.ProjectInput{
		Project: tocsin.Project{
			Slug: text("slug"), Group: text("group"), Repository: text("repository"), Criticality: tocsin.Criticality(text("criticality")), Exposure: tocsin.Exposure(text("exposure")),
			Visibility: tocsin.Visibility(text("visibility")),
		},
		Source: web.Source{Kind: tocsin.SourceKind(text("kind")), Location: text("location"), Ref: text("ref"), Every: text("every")},
	}
	err := v.Do("putProject", web.Ask{Path: map[string]string{"slug": in.Slug}, Body: in})
	return "/projects/" + url.PathEscape(in.Slug) + "?done=watch", err
}

// A projectPage is one project with what is found in it and what it depends on.
type projectPage struct {
	web.Project
	listing
	Findings  []web.Decided
	Inventory *tocsin.Inventory
	Trouble   []tocsin.FileCoverage
	Packages  dependencies
	History   []web.InventoryRow
	Receipt   string
	Send      bool
	Manage    bool
	Statuses  []tocsin.Status
	Gates     []tocsin.Gate
}

func (v *visit) project() (shown, error) {
	path := map[string]string{"slug": v.r.PathValue("slug")}
	p := projectPage{listing: v.listed("status", "gate"), Statuses: []tocsin.Status{tocsin.StatusAffected, tocsin.StatusUnknown, tocsin.StatusNotAffected},
		Gates: []tocsin.Gate{tocsin.GateFail, tocsin.GateUndecided, tocsin.GateWarn, tocsin.GatePass}}
	var err error
	if p.Project, err = web.Get[web.Project](v.Client, "getProject", web.Ask{Path: path}); err != nil {
		return shown{}, err
	}
	p.Send, p.Manage = v.Who.May(tocsin.MaySend, p.Project.Project), v.Who.May(tocsin.MayManage, p.Project.Project) && p.Managed == tocsin.ManagedAPI
	query := map[string]string{"limit": "50", "order": "gravest", "cursor": p.Q["cursor"], "status": p.Q["status"], "gate": p.Q["gate"]}
	got, err := web.Get[web.Page[web.Decided]](v.Client, "listDecisions", web.Ask{Path: path, Query: query})
	if err != nil {
		return shown{}, err
	}
	p.Findings = got.Items
	p.page("/projects/"+url.PathEscape(p.Slug), got.Next)
	inv, err := web.Get[tocsin.Inventory](v.Client, "newestInventory", web.Ask{Path: path})
	switch {
	case errors.Is(err, tocsin.ErrNotFound): // nobody sent one yet
	case err != nil:
		return shown{}, err
	default:
		p.Inventory = &inv
		for _, f := range inv.Coverage.Files {
			if f.Status != tocsin.FileRead {
				p.Trouble = append(p.Trouble, f)
			}
		}
		p.Packages = dependenciesOf(v.r.PathValue("slug"), inv, v.r.URL.Query())
	}
	history, err := web.Get[web.Page[web.InventoryRow]](v.Client, "listInventories", web.Ask{Path: path, Query: map[string]string{"limit": "20"}})
	if err != nil {
		return shown{}, err
	}
	p.History = history.Items
	if n, err := strconv.Atoi(v.q("packages")); err == nil && v.q("done") == "send" {
		p.Receipt = count(n, "package was read.", "packages were read.")
	}
	return shown{title: p.Slug, body: p}, nil
}

func (v *visit) rescan() (string, error) {
	slug := v.r.PathValue("slug")
	return "/projects/" + url.PathEscape(slug) + "?done=rescan", v.Do("rescanProject", web.Ask{Path: map[string]string{"slug": slug}})
}

func (v *visit) unwatch() (string, error) {
	return "/projects?done=unwatch", v.Do("deleteProject", web.Ask{Path: map[string]string{"slug": v.r.PathValue("slug")}})
}

// send hands a file on as it comes: it is received and bounded like one that a program sends.
func (v *visit) send() (string, error) {
	slug := v.r.PathValue("slug")
	form, err := v.r.MultipartReader()
	if err != nil {
		return "", web.Invalid("file", "choose a lockfile or an SBOM", "The form has no file.")
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return "", web.Invalid("file", "choose a lockfile or an SBOM", "The form has no file.")
		} else if err != nil {
			return "", web.Invalid("file", "send it again", "The form cannot be read.")
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		got, err := web.Get[web.Receipt](v.Client, "postInventory", web.Ask{Path: map[string]string{"slug": slug}, Query: map[string]string{"name": part.FileName(), "source": "sent by hand"}, File: part})
		if err != nil {
			return "", err
		}
		return "/projects/" + url.PathEscape(slug) + "?" + url.Values{"done": {"send"}, "packages": {strconv.Itoa(got.Packages)}}.Encode(), nil
	}
}
