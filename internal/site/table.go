package site

// pages is the table of all pages.
func pages() []page {
	room := page{section: "Incidents", template: "room", get: (*visit).room}
	declare := page{section: "Incidents", template: "declare", get: (*visit).declaring}
	settings := page{section: "Settings", template: "settings", get: (*visit).settings}
	github := page{section: "Settings", template: "github", get: (*visit).github}
	jobs := page{section: "Jobs", template: "jobs", get: (*visit).jobs}
	notices := page{section: "Notifications", template: "notices", get: (*visit).notices}
	drill := page{section: "Drills", template: "drill", get: (*visit).drill}
	projects := page{section: "Projects", template: "projects", get: (*visit).projects}
	project := page{section: "Projects", template: "project", get: (*visit).project}
	lab := page{section: "Policies", template: "lab", get: (*visit).lab}
	change := page{section: "Policies", template: "change", get: (*visit).change}
	replays := page{section: "Policies", template: "replays", get: (*visit).replays}
	return []page{
		{pattern: "GET /{$}", section: "Overview", template: "overview", get: (*visit).overview},
		{pattern: "GET /sign-in", template: "signin", get: (*visit).signIn, open: true},

		{pattern: "GET /incidents", section: "Incidents", template: "incidents", get: (*visit).incidents},
		{pattern: "GET /incidents/declare", section: declare.section, template: declare.template, get: declare.get},
		{pattern: "POST /incidents", do: (*visit).declare, again: &declare},
		{pattern: "GET /incidents/{key}", section: room.section, template: room.template, get: room.get},
		{pattern: "POST /incidents/{key}", do: (*visit).act, again: &room},
		{pattern: "POST /actions", do: (*visit).judge},

		{pattern: "GET /projects", section: projects.section, template: projects.template, get: projects.get},
		{pattern: "POST /projects", do: (*visit).watch, again: &projects},
		{pattern: "GET /projects/{slug}", section: project.section, template: project.template, get: project.get},
		{pattern: "POST /projects/{slug}/inventories", do: (*visit).send, again: &project},
		{pattern: "POST /projects/{slug}/rescan", do: (*visit).rescan, again: &project},
		{pattern: "POST /projects/{slug}/end", do: (*visit).unwatch, again: &project},
		{pattern: "GET /findings", section: "Findings", template: "findings", get: (*visit).findings},
		{pattern: "GET /classes/{id}", section: "Findings", template: "class", get: (*visit).class},
		{pattern: "GET /who", section: "Findings", template: "who", get: (*visit).whoHad},

		{pattern: "GET /actions", section: "Actions", template: "actions", get: (*visit).actions},
		{pattern: "GET /notifications", section: notices.section, template: notices.template, get: notices.get},
		{pattern: "POST /notifications", do: (*visit).silence, again: &notices},
		{pattern: "POST /notifications/end", do: (*visit).unsilence, again: &notices},
		{pattern: "GET /drills", section: "Drills", template: "drills", get: (*visit).drills},
		{pattern: "GET /drills/{name}", section: drill.section, template: drill.template, get: drill.get},
		{pattern: "POST /drills/{name}", do: (*visit).hold, again: &drill},
		{pattern: "GET /drill-runs/{id}", section: "Drills", template: "drillrun", get: (*visit).drillRun},
		{pattern: "GET /lessons", section: "Lessons", template: "lessons", get: (*visit).lessons},
		{pattern: "GET /policies", section: "Policies", template: "policies", get: (*visit).policies},
		{pattern: "GET /policies/{name}", section: "Policies", template: "policy", get: (*visit).policy},
		{pattern: "GET /policies/lab", section: lab.section, template: lab.template, get: lab.get},
		{pattern: "GET /policies/{name}/edit", section: lab.section, template: lab.template, get: lab.get},
		{pattern: "POST /policies/lab", section: lab.section, template: lab.template, get: (*visit).try, again: &lab},
		{pattern: "GET /policy-changes", section: "Policies", template: "changes", get: (*visit).changes},
		{pattern: "POST /policy-changes", do: (*visit).propose, again: &lab},
		{pattern: "GET /policy-changes/{id}", section: change.section, template: change.template, get: change.get},
		{pattern: "POST /policy-changes/{id}", do: (*visit).judgeChange, again: &change},
		{pattern: "GET /replays", section: replays.section, template: replays.template, get: replays.get},
		{pattern: "POST /replays", do: (*visit).beginReplay, again: &replays},
		{pattern: "GET /replays/{id}", section: "Policies", template: "replay", get: (*visit).replay},
		{pattern: "POST /replays/{id}", do: (*visit).endReplay, again: &replays},
		{pattern: "GET /feeds", section: "Feeds", template: "feeds", get: (*visit).feeds},
		{pattern: "GET /audit", section: "Audit", template: "audit", get: (*visit).audit},
		{pattern: "GET /jobs", section: jobs.section, template: jobs.template, get: jobs.get},
		{pattern: "POST /jobs", do: (*visit).retryJob, again: &jobs},
		{pattern: "GET /settings", section: settings.section, template: settings.template, get: settings.get},
		{pattern: "GET /settings/github", section: github.section, template: github.template, get: github.get},
		{pattern: "POST /settings/github", section: github.section, template: github.template, get: (*visit).checkGitHub, again: &github},
		{pattern: "POST /settings/people", do: (*visit).changePerson, again: &settings},
		{pattern: "POST /settings/tokens", section: settings.section, template: settings.template, get: (*visit).makeToken, again: &settings},
		{pattern: "POST /settings/tokens/end", do: (*visit).endToken, again: &settings},
		{pattern: "GET /reference", section: "API", template: "reference", get: (*visit).reference},
		{pattern: "GET /search", template: "search", get: (*visit).search},

		{pattern: "GET /status", template: "status", get: (*visit).status, open: true},
		{pattern: "GET /status/{key}", template: "public", get: (*visit).public, open: true},
	}
}
