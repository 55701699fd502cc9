package site

// pages is the table of all pages.
func pages() []page {
	room := page{section: "Incidents", template: "room", get: (*visit).room}
	declare := page{section: "Incidents", template: "declare", get: (*visit).declaring}
	return []page{
		{pattern: "GET /{$}", section: "Overview", template: "overview", get: (*visit).overview},
		{pattern: "GET /sign-in", template: "signin", get: (*visit).signIn, open: true},

		{pattern: "GET /incidents", section: "Incidents", template: "incidents", get: (*visit).incidents},
		{pattern: "GET /incidents/declare", section: declare.section, template: declare.template, get: declare.get},
		{pattern: "POST /incidents", do: (*visit).declare, again: &declare},
		{pattern: "GET /incidents/{key}", section: room.section, template: room.template, get: room.get},
		{pattern: "POST /incidents/{key}", do: (*visit).act, again: &room},
		{pattern: "POST /actions", do: (*visit).judge},
	}
}
