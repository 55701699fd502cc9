package site

import (
	"net/url"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

func (v *visit) actions() (shown, error) {
	body := struct {
		listing
		Rows   []tocsin.ActionRow
		States []tocsin.ActionState
		Kinds  []tocsin.ActionKind
		Act    bool
	}{
		listing: v.listed("state", "kind", "incident", "project"), Act: v.May(tocsin.MayRespond) && v.Who.Kind == tocsin.PrincipalPerson,
		States: []tocsin.ActionState{tocsin.ActionWaiting, tocsin.ActionPending, tocsin.ActionSending, tocsin.ActionDone, tocsin.ActionFailed, tocsin.ActionVetoed, tocsin.ActionSuperseded},
		Kinds:  []tocsin.ActionKind{tocsin.ActionIssue, tocsin.ActionComment, tocsin.ActionDraft, tocsin.ActionRequest, tocsin.ActionReport, tocsin.ActionNotice},
	}
	got, err := web.Get[web.Page[tocsin.ActionRow]](v.Client, "listActions", web.Ask{Query: body.Q})
	body.Rows = got.Items
	body.page("/actions", got.Next)
	return shown{title: "Actions on the world", body: body}, err
}

func (v *visit) feeds() (shown, error) {
	got, err := web.Get[web.Feeds](v.Client, "listFeeds", web.Ask{})
	return shown{title: "Feeds", body: got}, err
}

func (v *visit) audit() (shown, error) {
	body := struct {
		listing
		Rows []tocsin.AuditEntry
	}{listing: v.listed("who", "what", "project", "since")}
	got, err := web.Get[web.Page[tocsin.AuditEntry]](v.Client, "listAudit", web.Ask{Query: body.Q})
	body.Rows = got.Items
	body.page("/audit", got.Next)
	return shown{title: "Audit", body: body}, err
}

func (v *visit) jobs() (shown, error) {
	body := struct {
		listing
		Rows   []web.Job
		States []string
	}{listing: v.listed("kind", "state"), States: []string{"waiting", "planned", "running", "parked"}}
	delete(body.Q, "cursor")
	got, err := web.Get[web.Jobs](v.Client, "listJobs", web.Ask{Query: body.Q})
	body.Rows = got.Items
	return shown{title: "Jobs", body: body}, err
}

func (v *visit) retryJob() (string, error) {
	err := v.Do("retryJob", web.Ask{Path: map[string]string{"id": v.r.PostForm.Get("id")}})
	return "/jobs?" + url.Values{"done": {"retry"}}.Encode(), err
}

// reference is the table of routes as people read it.
func (v *visit) reference() (shown, error) {
	return shown{title: "API", body: v.site.api.Table()}, nil
}

func (v *visit) search() (shown, error) {
	body := struct {
		Q string
		web.Found
	}{Q: v.q("q")}
	if len(body.Q) < 2 {
		return shown{title: "Search", body: body}, nil
	}
	var err error
	body.Found, err = web.Get[web.Found](v.Client, "search", web.Ask{Query: map[string]string{"q": body.Q}})
	return shown{title: "Search: " + body.Q, body: body}, err
}
