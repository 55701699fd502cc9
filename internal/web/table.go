package web

import (
	"encoding/json"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// Parameters that several routes have.
var (
	paging = []param{
		{name: "cursor", about: "next of the page before, with the same filters"},
		{name: "limit", about: "items on a page, 1 to 500; 100 if missing", typ: paramNumber},
	}
	byClass     = param{name: "class", about: "id of the class, or any alias of it that is known now"}
	byEcosystem = param{name: "ecosystem", about: "OSV's name, with its release where it has one"}
	byPackage   = param{name: "package", about: "name of the package"}
	byStatus    = param{name: "status", about: "status of the finding", one: words(tocsin.StatusAffected, tocsin.StatusNotAffected, tocsin.StatusUnknown)}
	byGate      = param{name: "gate", about: "what the policies say for a release", one: words(tocsin.GatePass, tocsin.GateWarn, tocsin.GateUndecided, tocsin.GateFail)}
	byResponse  = param{name: "response", about: "what the policies ask for", one: words(tocsin.ResponseNone, tocsin.ResponseWatch, tocsin.ResponseIssue,
		tocsin.ResponseHold, tocsin.ResponseEmergency)}
	inOrder   = param{name: "order", about: "place: project by project, which is so if it is not said; gravest: what asks for the most first", one: []string{"place", "gravest"}}
	byMode    = param{name: "mode", about: "that of the policy, where several have the name; missing: the one in force first", one: []string{"enforce", "shadow", "off"}}
	byProject = param{name: "project", about: "slug of the project"}
	uploading = []param{
		{name: "name", about: "path of the file that the body is; missing for an archive or an SBOM that tells itself"},
		{name: "source", about: "where it is from, for people"},
		{name: "ref", about: "commit, branch or tag that it was built from"},
		{name: "build", about: "address of the page of the build"},
	}
)

func words[T ~string](list ...T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

func with(list []param, more ...param) []param { return append(append([]param{}, more...), list...) }

// routes is the table. Its order is that of the document.
func routes() []route {
	return []route{
		{id: "postGate", pattern: "POST /v1/gate", needs: tocsin.MayGate, where: aProject, raw: true,
			about: "Judge lockfiles and SBOMs now. Nothing is kept unless store=true, which needs the right to send; so it may be sent again.",
			query: with(uploading, param{name: "project", about: "slug of the project whose facts and exceptions count"},
				param{name: "store", about: "keep the inventory for the project", typ: paramBool},
				param{name: "base", about: "name of what the change is for, such as a commit: the body is a tar with head/ and base/, and what base/ has too does not count"},
				param{name: "base_at", about: "time or day of the base: what was published later is newly disclosed, and does not count either", typ: paramTime},
				param{name: "exit", about: "answer 422 unless it may pass, so that curl --fail is a gate", typ: paramBool}),
			out: map[int]any{200: reportBody{}}, do: (*call).postGate},

		{id: "listProjects", pattern: "GET /v1/projects", needs: tocsin.MayRead, where: somewhere, about: "The projects of the portfolio, by slug.",
			query: with(paging, param{name: "group", about: "owner group"},
				param{name: "criticality", about: "how much is lost when it fails", one: words(tocsin.CriticalityLow, tocsin.CriticalityMedium, tocsin.CriticalityHigh)},
				param{name: "source", about: "kind of source", one: words(tocsin.SourceUpload, tocsin.SourcePath, tocsin.SourceURL, tocsin.SourceGit, tocsin.SourceGitHub, tocsin.SourceGitHubSBOM)}),
			out: map[int]any{200: Page[Project]{}}, do: (*call).listProjects},
		{id: "getProject", pattern: "GET /v1/projects/{slug}", needs: tocsin.MayRead, where: theProject, about: "One project, with how the last look at its source went.",
			out: map[int]any{200: Project{}}, do: (*call).getProject},
		{id: "putProject", pattern: "PUT /v1/projects/{slug}", needs: tocsin.MayManage, where: newProject, in: ProjectInput{},
			about: "Make a project, or change it to what is sent. With If-Match it is changed only if it is still as it was read, with If-None-Match: * only made.",
			out:   map[int]any{200: Project{}, 201: Project{}}, do: (*call).putProject},
		{id: "deleteProject", pattern: "DELETE /v1/projects/{slug}", needs: tocsin.MayManage, where: theProject,
			about: "End the watch over a project. What was decided about it stays on record.",
			out:   map[int]any{204: nil}, do: (*call).deleteProject},
		{id: "rescanProject", pattern: "POST /v1/projects/{slug}/rescan", needs: tocsin.MaySend, where: theProject, about: "Look at the project's source again soon.",
			out: map[int]any{202: Accepted{}}, do: (*call).rescan},

		{id: "postInventory", pattern: "POST /v1/projects/{slug}/inventories", needs: tocsin.MaySend, where: theProject, raw: true, query: uploading,
			about: "Send lockfiles and SBOMs. The same again is answered with 200 and the same receipt.",
			out:   map[int]any{200: Receipt{}, 201: Receipt{}}, do: (*call).postInventory},
		{id: "listInventories", pattern: "GET /v1/projects/{slug}/inventories", needs: tocsin.MayRead, where: theProject, query: paging,
			about: "The inventories of a project over time, newest first.",
			out:   map[int]any{200: Page[store.InventoryRow]{}}, do: (*call).listInventories},
		{id: "newestInventory", pattern: "GET /v1/projects/{slug}/inventories/newest", needs: tocsin.MayRead, where: theProject,
			about: "The newest inventory of a project, with what could not be read.",
			out:   map[int]any{200: tocsin.Inventory{}}, do: (*call).newestInventory},
		{id: "listDecisions", pattern: "GET /v1/projects/{slug}/decisions", needs: tocsin.MayRead, where: theProject,
			query: with(paging, inOrder, byClass, byEcosystem, byPackage, byStatus, byGate, byResponse, param{name: "past", about: "those that have ended too", typ: paramBool}),
			about: "What the policies decided about a project, with the tree of reasons.",
			out:   map[int]any{200: Page[Decided]{}}, do: (*call).listDecisions},

		{id: "listFindings", pattern: "GET /v1/findings", needs: tocsin.MayRead, where: somewhere, about: "What was found in the portfolio and stands.",
			query: with(paging, inOrder, byProject, byClass, byEcosystem, byPackage, byStatus, byGate, byResponse),
			out:   map[int]any{200: Page[Finding]{}}, do: (*call).listFindings},
		{id: "getAdvisory", pattern: "GET /v1/advisories/{id}", needs: tocsin.MayRead, where: somewhere, query: paging,
			about: "The vulnerability class that an advisory belongs to, and where it is found.",
			out:   map[int]any{200: Advisory{}}, do: (*call).getAdvisory},
		{id: "getAdvisoryRevisions", pattern: "GET /v1/advisories/{id}/revisions", needs: tocsin.MayRead, where: somewhere,
			about: "What became of the records of a vulnerability class since this service knows them, the newest first.",
			out:   map[int]any{200: AdvisoryRevisions{}}, do: (*call).getAdvisoryRevisions},
		{id: "getWho", pattern: "GET /v1/who", needs: tocsin.MayRead, where: somewhere, about: "Who resolved a package, when, and in which builds.",
			query: with(paging, param{name: "package", about: "npm/debug@4.4.2, or a purl; without a version: any"},
				param{name: "from", about: "time or day from which; missing: ever", typ: paramTime}, param{name: "to", about: "time or day until which; missing: now", typ: paramTime}),
			out: map[int]any{200: Page[tocsin.Resolution]{}}, do: (*call).getWho},
		{id: "search", pattern: "GET /v1/search", needs: tocsin.MayRead, where: somewhere, about: "Projects, packages, classes and incidents that have a text in their name.",
			query: []param{{name: "q", about: "the text, of 2 bytes or more"}},
			out:   map[int]any{200: Found{}}, do: (*call).search},

		{id: "getOverview", pattern: "GET /v1/overview", needs: tocsin.MayRead, where: somewhere,
			about: "How the portfolio stands: for sixty days, how many findings asked for more than to be watched; and what happened since yesterday.",
			out:   map[int]any{200: Overview{}}, do: (*call).getOverview},
		{id: "listIncidents", pattern: "GET /v1/incidents", needs: tocsin.MayRead, where: somewhere, about: "Incidents, newest first, with those of their projects that you may see.",
			query: with(paging, byClass, byProject, param{name: "group", about: "owner group"}, param{name: "open", about: "whether something is left to do", typ: paramBool},
				param{name: "state", about: "where it stands", one: words(tocsin.StateHold, tocsin.StateDetected, tocsin.StateMobilised, tocsin.StateContained,
					tocsin.StateFixValidated, tocsin.StateResolved, tocsin.StateReviewed, tocsin.StateStoodDown, tocsin.StateReopened, tocsin.StateMerged)},
				param{name: "urgency", about: "how soon people must act", one: words(tocsin.UrgencyEmergency, tocsin.UrgencyHold, tocsin.UrgencyRoutine)}),
			out: map[int]any{200: Page[tocsin.Incident]{}}, do: (*call).listIncidents},
		{id: "getIncident", pattern: "GET /v1/incidents/{key}", needs: tocsin.MayRead, where: theIncident, about: "One incident.",
			out: map[int]any{200: tocsin.Incident{}}, do: (*call).getIncident},
		{id: "getTimeline", pattern: "GET /v1/incidents/{key}/timeline", needs: tocsin.MayRead, where: theIncident, about: "What happened in an incident, oldest first.",
			out: map[int]any{200: Timeline{}}, do: (*call).getTimeline},

		{id: "getOutlook", pattern: "GET /v1/incidents/{key}/outlook", needs: tocsin.MayRead, where: theIncident,
			about: "What is to be done next in an incident, when it counts as fixed, and what you can do.",
			out:   map[int]any{200: tocsin.Outlook{}}, do: (*call).getOutlook},

		{id: "getIncidentAdvisory", pattern: "GET /v1/incidents/{key}/advisory", needs: tocsin.MayRead, where: theIncident, query: advised,
			about: "The advisory of an incident to those downstream: as it is now, which may be a draft, or a published revision. For who sees all of its projects.",
			out:   map[int]any{200: json.RawMessage{}}, do: (*call).getAdvice},

		{id: "postIncident", pattern: "POST /v1/incidents", needs: tocsin.MayManage, where: somewhere, in: tocsin.Declaration{},
			about: "Declare an emergency that no advisory is behind, for projects that you manage; without projects, for those who manage all.",
			out:   map[int]any{201: tocsin.Incident{}}, do: (*call).postIncident},
		{id: "postCommand", pattern: "POST /v1/incidents/{key}/commands", needs: tocsin.MayRespond, where: theIncident, in: tocsin.Command{},
			about: "Do something in an incident: take a role, finish a task, agree to a message. What each verb needs, and which roles may, stands in docs/responders.md.",
			out:   map[int]any{200: tocsin.Incident{}}, do: (*call).postCommand},

		{id: "listPlaybooks", pattern: "GET /v1/playbooks", needs: tocsin.MayRead, where: somewhere, about: "The playbooks by which incidents are led.",
			out: map[int]any{200: Playbooks{}}, do: (*call).listPlaybooks},
		{id: "listResponders", pattern: "GET /v1/responders", needs: tocsin.MayRespond, where: somewhere,
			about: "The people to whom a role or a task can be given: who has signed in, and may respond somewhere.",
			out:   map[int]any{200: Responders{}}, do: (*call).listResponders},

		{id: "listPublic", pattern: "GET /v1/public/incidents", where: open,
			about: "What the public may read of all incidents, the one of which something was said last first, up to 100. It may be some seconds old.",
			out:   map[int]any{200: Publications{}}, do: (*call).listPublic},
		{id: "getPublicIncident", pattern: "GET /v1/public/incidents/{key}", where: open,
			about: "What the public may read of an incident: what two people agreed to say. Each entry has a hash over itself and all before it.",
			out:   map[int]any{200: tocsin.Publication{}}, do: (*call).getPublic},
		{id: "getPublicAdvisory", pattern: "GET /v1/public/incidents/{key}/advisory", where: open, query: advised,
			about: "The advisory of an incident as two people published it: its newest revision, or an older one.",
			out:   map[int]any{200: json.RawMessage{}}, do: (*call).getPublicAdvice},

		{id: "listLessons", pattern: "GET /v1/lessons", needs: tocsin.MayRead, where: somewhere, about: "What closed reviews say, the newest first, up to 500.",
			query: []param{{name: "q", about: "words that the text or the title has, all of them"}},
			out:   map[int]any{200: Lessons{}}, do: (*call).listLessons},
		{id: "getRetrospective", pattern: "GET /v1/retrospective", needs: tocsin.MayRead, where: somewhere,
			about: "What the emergencies and holds that you may see came to, by the time in which they were opened.",
			query: []param{{name: "from", about: "first day or time; left out: a year before to"}, {name: "to", about: "day or time that is not included; left out: tomorrow"},
				{name: "every", about: "length of a period", one: words("month", "quarter", "year")}},
			out: map[int]any{200: tocsin.Retrospective{}}, do: (*call).getRetrospective},

		{id: "listDrills", pattern: "GET /v1/drills", needs: tocsin.MayRead, where: somewhere, about: "The drills that can be held, by name.",
			out: map[int]any{200: Scenarios{}}, do: (*call).listDrills},
		{id: "getDrill", pattern: "GET /v1/drills/{name}", needs: tocsin.MayRespond, where: somewhere, about: "What a facilitator needs to hold a drill.",
			out: map[int]any{200: DrillPlan{}}, do: (*call).getDrill},
		{id: "postDrill", pattern: "POST /v1/drills/{name}/runs", needs: tocsin.MayRespond, where: somewhere, in: DrillInput{},
			about: "Play a drill on its own clock by the policies, playbooks and governance of the service, with what a team did, and keep how it went. It reaches nobody, and touches nothing that is live.",
			out:   map[int]any{201: tocsin.DrillRun{}}, do: (*call).postDrill},
		{id: "listDrillRuns", pattern: "GET /v1/drill-runs", needs: tocsin.MayRespond, where: somewhere, about: "The drills that were held, the newest first, up to 500, without their results; and what they show together.",
			out: map[int]any{200: DrillRuns{}}, do: (*call).listDrillRuns},
		{id: "getDrillRun", pattern: "GET /v1/drill-runs/{id}", needs: tocsin.MayRespond, where: somewhere, about: "How a drill went.",
			out: map[int]any{200: tocsin.DrillRun{}}, do: (*call).getDrillRun},

		{id: "listActions", pattern: "GET /v1/actions", needs: tocsin.MayRead, where: somewhere, about: "The newest revision of each action, by key.",
			query: with(paging, byProject, param{name: "incident", about: "key of the incident"},
				param{name: "kind", about: "what it does", one: words(tocsin.ActionIssue, tocsin.ActionComment, tocsin.ActionDraft, tocsin.ActionRequest, tocsin.ActionReport, tocsin.ActionNotice)},
				param{name: "state", about: "how far it has come", one: words(tocsin.ActionWaiting, tocsin.ActionPending, tocsin.ActionSending, tocsin.ActionDone,
					tocsin.ActionFailed, tocsin.ActionVetoed, tocsin.ActionSuperseded)}),
			out: map[int]any{200: Page[tocsin.ActionRow]{}}, do: (*call).listActions},
		{id: "getAction", pattern: "GET /v1/actions/{key}", needs: tocsin.MayRead, where: theAction, about: "The newest revision of one action.",
			out: map[int]any{200: tocsin.ActionRow{}}, do: (*call).getAction},
		{id: "approveAction", pattern: "POST /v1/actions/{key}/approve", needs: tocsin.MayRespond, where: theAction,
			about: "Agree that an action is carried out. Only people can, and each counts once.",
			out:   map[int]any{200: tocsin.ActionRow{}}, do: (*call).approveAction},
		{id: "vetoAction", pattern: "POST /v1/actions/{key}/veto", needs: tocsin.MayRespond, where: theAction, about: "Stop an action that waits for approval.",
			out: map[int]any{200: tocsin.ActionRow{}}, do: (*call).vetoAction},
		{id: "retryAction", pattern: "POST /v1/actions/{key}/retry", needs: tocsin.MayRespond, where: theAction,
			about: "Have an action that failed tried again, once what was in its way is mended. What may be there already is looked for first.",
			query: []param{{name: "anew", about: "forget what was made before: it was deleted, or moved away", typ: paramBool}},
			out:   map[int]any{200: tocsin.ActionRow{}}, do: (*call).retryAction},

		{id: "listNotices", pattern: "GET /v1/notices", needs: tocsin.MayRead, where: somewhere, about: "Who was told what of incidents, and who was not and why, the newest first, up to 500. Of incidents all of whose projects you see.",
			query: []param{{name: "incident", about: "key of the incident"}, {name: "receiver", about: "who was told"}, {name: "since", about: "time or day from which; missing: seven days", typ: paramTime}},
			out:   map[int]any{200: Notices{}}, do: (*call).listNotices},
		{id: "getRouting", pattern: "GET /v1/routes", needs: tocsin.MayRead, where: everywhere, about: "The routes by which people hear of incidents, without addresses and keys.",
			out: map[int]any{200: Routing{}}, do: (*call).getRouting},
		{id: "listRepositories", pattern: "GET /v1/github/repositories", needs: tocsin.MayManage, where: everywhere,
			about: "The repositories that the configuration would have written to, and what it needs there.",
			out:   map[int]any{200: Repositories{}}, do: (*call).listRepositories},
		{id: "checkRepository", pattern: "POST /v1/github/check", needs: tocsin.MayManage, where: everywhere,
			about: "Looks at one of these repositories on GitHub, and says what may be done there and what is missing. Nothing is changed.",
			in:    RepositoryCheckInput{}, out: map[int]any{200: RepositoryCheck{}}, do: (*call).checkRepository},
		{id: "listSilences", pattern: "GET /v1/silences", needs: tocsin.MayRead, where: everywhere, about: "The silences that hold, in the order in which they end.",
			out: map[int]any{200: Silences{}}, do: (*call).listSilences},
		{id: "postSilence", pattern: "POST /v1/silences", needs: tocsin.MayRespond, where: everywhere, in: SilenceInput{},
			about: "Keep news quiet for a while. An emergency that nobody acknowledged is told all the same.",
			out:   map[int]any{201: tocsin.Silence{}}, do: (*call).postSilence},
		{id: "deleteSilence", pattern: "DELETE /v1/silences/{id}", needs: tocsin.MayRespond, where: everywhere, about: "End a silence now.",
			out: map[int]any{204: nil}, do: (*call).deleteSilence},

		{id: "listPolicies", pattern: "GET /v1/policies", needs: tocsin.MayRead, where: somewhere, about: "The policies that are loaded.",
			out: map[int]any{200: Policies{}}, do: (*call).listPolicies},
		{id: "getPolicy", pattern: "GET /v1/policies/{name}", needs: tocsin.MayRead, where: somewhere, query: []param{byMode},
			about: "A policy that is loaded, with its text, the cases beside it, and what these come to.",
			out:   map[int]any{200: PolicyText{}}, do: (*call).getPolicy},
		{id: "getPolicyShadow", pattern: "GET /v1/policies/{name}/shadow", needs: tocsin.MayRead, where: somewhere,
			query: []param{{name: "since", about: "time or day from which; missing: 30 days", typ: paramTime}},
			about: "How a policy in the shadow would have decided what was decided without it, about the projects that you see: the version that ran last first, up to 5.",
			out:   map[int]any{200: PolicyShadow{}}, do: (*call).getPolicyShadow},
		{id: "checkPolicy", pattern: "POST /v1/policies/check", needs: tocsin.MayRead, where: somewhere, in: PolicyDraft{},
			about: "Say what is wrong with the text of a policy, by line and column. Nothing is kept.",
			out:   map[int]any{200: PolicyCheck{}}, do: (*call).checkPolicy},
		{id: "testPolicy", pattern: "POST /v1/policies/test", needs: tocsin.MayRead, where: somewhere, in: PolicyTrial{},
			about: "Run cases against the text of a policy, and say what none of them reaches. Nothing is kept.",
			out:   map[int]any{200: PolicyTest{}}, do: (*call).testPolicy},
		{id: "explainPolicy", pattern: "POST /v1/policies/explain", needs: tocsin.MayRead, where: somewhere, in: PolicyQuestion{},
			about: "Explain a finding as it is decided now, and as it would be with the text of a policy in force. Nothing is kept.",
			out:   map[int]any{200: PolicyExplanation{}}, do: (*call).explainPolicy},
		{id: "listPolicyChanges", pattern: "GET /v1/policy-changes", needs: tocsin.MayManage, where: everywhere,
			about: "The policies that somebody wants in force or taken back, and what became of it, the newest first, up to 200, without their texts.",
			out:   map[int]any{200: PolicyChanges{}}, do: (*call).listPolicyChanges},
		{id: "getPolicyChange", pattern: "GET /v1/policy-changes/{id}", needs: tocsin.MayManage, where: everywhere, about: "A change of a policy, with its text, and with the text that was in force when it was proposed, as long as that is loaded.",
			out: map[int]any{200: PolicyChangeText{}}, do: (*call).getPolicyChange},
		{id: "postPolicyChange", pattern: "POST /v1/policy-changes", needs: tocsin.MayManage, where: everywhere, in: PolicyChangeInput{},
			about: "Propose to have the text of a policy in force instead of the one of its name, or to have that taken back. Its types must be right, and it needs cases that all hold. A second person judges it. Only for people who signed in.",
			out:   map[int]any{201: PolicyStanding{}}, do: (*call).postPolicyChange},
		{id: "judgePolicyChange", pattern: "POST /v1/policy-changes/{id}/verdict", needs: tocsin.MayManage, where: everywhere, in: PolicyVerdictInput{},
			about: "Agree to what another person proposed, or decline it; or withdraw what you proposed. What is agreed to is in force at once, everything is decided anew, and it stays until another takes its place or the configuration has another text of that name. Only for people who signed in.",
			out:   map[int]any{200: PolicyStanding{}}, do: (*call).judgePolicyChange},
		{id: "postReplay", pattern: "POST /v1/replays", needs: tocsin.MayRead, where: everywhere, in: ReplayInput{},
			about: "Run a policy over the past of the portfolio in the background, beside the policies in force. Nothing of it is live. The process that was asked does it, and keeps the last few.",
			out:   map[int]any{202: Replay{}}, do: (*call).postReplay},
		{id: "listReplays", pattern: "GET /v1/replays", needs: tocsin.MayRead, where: everywhere, about: "The replays that this process keeps, the newest first, without their results.",
			out: map[int]any{200: Replays{}}, do: (*call).listReplays},
		{id: "getReplay", pattern: "GET /v1/replays/{id}", needs: tocsin.MayRead, where: everywhere, about: "How far a replay is, and what it came to.",
			out: map[int]any{200: Replay{}}, do: (*call).getReplay},
		{id: "getReplayPage", pattern: "GET /v1/replays/{id}/page", needs: tocsin.MayRead, where: everywhere, about: "The whole of what a replay came to, as a page to look at and keep.",
			out: map[int]any{200: ReplayPage{}}, do: (*call).getReplayPage},
		{id: "deleteReplay", pattern: "DELETE /v1/replays/{id}", needs: tocsin.MayRead, where: everywhere, about: "End a replay that you began, or have it forgotten once it is over.",
			out: map[int]any{204: nil}, do: (*call).deleteReplay},
		{id: "listFeeds", pattern: "GET /v1/feeds", needs: tocsin.MayRead, where: somewhere, about: "The advisory feeds, and the snapshot that verdicts are made with.",
			out: map[int]any{200: Feeds{}}, do: (*call).listFeeds},

		{id: "getMe", pattern: "GET /v1/me", where: known, about: "Who you are, and what you may do.", out: map[int]any{200: Me{}}, do: (*call).getMe},
		{id: "listTokens", pattern: "GET /v1/tokens", needs: tocsin.MayRule, where: somewhere, query: paging,
			about: "The tokens whose grants you may give, newest first, those that have ended too.",
			out:   map[int]any{200: Page[tocsin.APIToken]{}}, do: (*call).listTokens},
		{id: "postToken", pattern: "POST /v1/tokens", needs: tocsin.MayRule, where: somewhere, in: TokenInput{},
			about: "Make a token, with grants that you may give, for a year at the most. Its text is in this answer and nowhere else.",
			out:   map[int]any{201: NewToken{}}, do: (*call).postToken},
		{id: "deleteToken", pattern: "DELETE /v1/tokens/{id}", needs: tocsin.MayRule, where: somewhere, about: "End a token whose grants you may give.",
			out: map[int]any{204: nil}, do: (*call).deleteToken},
		{id: "listPeople", pattern: "GET /v1/people", needs: tocsin.MayRule, where: everywhere, query: paging, about: "Who has ever signed in, by name.",
			out: map[int]any{200: Page[tocsin.Person]{}}, do: (*call).listPeople},
		{id: "getPerson", pattern: "GET /v1/people/{id}", needs: tocsin.MayRule, where: everywhere, about: "One person.",
			out: map[int]any{200: tocsin.Person{}}, do: (*call).getPerson},
		{id: "putPerson", pattern: "PUT /v1/people/{id}", needs: tocsin.MayRule, where: everywhere, in: PersonInput{},
			about: "Give a person grants in place of those given before, and disable them or not. What follows from their groups stays.",
			out:   map[int]any{200: tocsin.Person{}}, do: (*call).putPerson},
		{id: "signOut", pattern: "POST /v1/people/{id}/sign-out", needs: tocsin.MayRule, where: everywhere, about: "End all sessions of a person.",
			out: map[int]any{204: nil}, do: (*call).signOut},
		{id: "listAudit", pattern: "GET /v1/audit", needs: tocsin.MayRule, where: somewhere,
			about: "Who did what, newest first. Who rules a group sees what was done to its projects.",
			query: with(paging, byProject, param{name: "who", about: "name or id of who did it"}, param{name: "what", about: "what was done, such as token.created"},
				param{name: "since", about: "time or day from which; missing: ever", typ: paramTime}),
			out: map[int]any{200: Page[tocsin.AuditEntry]{}}, do: (*call).listAudit},
		{id: "listJobs", pattern: "GET /v1/jobs", needs: tocsin.MayRule, where: everywhere, about: "What the service has to do and has not done, oldest first, up to a thousand.",
			query: []param{{name: "kind", about: "kind of job"}, {name: "state", about: "how far it has come", one: []string{"waiting", "planned", "running", "parked"}}},
			out:   map[int]any{200: Jobs{}}, do: (*call).listJobs},
		{id: "retryJob", pattern: "POST /v1/jobs/{id}/retry", needs: tocsin.MayRule, where: everywhere, about: "Have a parked job done again.",
			out: map[int]any{204: nil}, do: (*call).retryJob},

		{id: "postGitHub", pattern: "POST /v1/hooks/github", where: signed, in: json.RawMessage{},
			about: "A webhook of GitHub, as JSON, signed with the secret of the service in X-Hub-Signature-256. A push has the projects looked at that follow what was pushed to; what people write on or do to our issues stands on the incident's timeline; an advisory has the feeds read.",
			out:   map[int]any{200: Hooked{}, 202: Hooked{}, 204: nil}, do: (*call).postGitHub},

		{id: "getHealth", pattern: "GET /healthz", where: open, about: "Whether the service is alive.", out: map[int]any{200: Health{}}, do: (*call).healthy},
		{id: "getReadiness", pattern: "GET /readyz", where: open, about: "Whether requests should come here.", out: map[int]any{200: Health{}}, do: (*call).ready},
		{id: "getOpenAPI", pattern: "GET /v1/openapi.json", where: open, about: "This document.", out: map[int]any{200: json.RawMessage{}}, do: (*call).openAPI},
	}
}

// reportBody stands for the JSON report in the table; docs/report.schema.json describes it.
type reportBody struct{}
