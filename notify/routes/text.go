package routes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// What a text shows is bounded: it is read on a telephone.
const (
	maxLine     = 300
	maxMessage  = 1500
	maxSubject  = 150
	maxNews     = 8
	maxProjects = 8
	maxPackages = 3
	maxItems    = 30
)

// line makes one plain line of what anybody may have written.
func line(s string, limit int) string { return markdown.Line(cut(s, limit), limit) }

// cut keeps a name of a megabyte from being looked at whole.
func cut(s string, limit int) string { return s[:min(len(s), 8*limit)] }

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// write puts news of incidents into a notice.
func write(r Receiver, list []ready) tocsin.Notice {
	n := tocsin.Notice{Receiver: r.Name, Why: list[0].why, Thread: r.Name + "/" + list[0].told.Incident.Key, URL: list[0].told.URL}
	for _, q := range list {
		n.Items = append(n.Items, tocsin.NoticeItem{Incident: q.told.Incident.Key, Upto: q.upto, News: kinds(q.news)})
		n.Urgent = n.Urgent || q.urgent
		n.Embargoed = n.Embargoed || q.told.Incident.Private()
	}
	var b strings.Builder
	switch {
	case r.Audience == tocsin.VisibilityPublic:
		n.URL = ""
		n.Subject = "Security announcement"
		for _, o := range list[0].news {
			b.WriteString(markdown.Lines(cut(o.text, maxMessage), maxMessage) + "\n")
		}
		n.Text = b.String()
		return n
	case len(list) > 1:
		n.Thread, n.URL = r.Name+"/"+list[0].route.Name, ""
		n.Subject = fmt.Sprintf("News of %d incidents (%s)", len(list), list[0].route.Name)
		for _, q := range list[:min(len(list), maxItems)] {
			fmt.Fprintf(&b, "- %s\n  %s; %s\n", subject(q.told.Incident, q.news), q.told.Incident.Key, stands(q.told.Incident))
			if q.told.URL != "" {
				fmt.Fprintf(&b, "  %s\n", q.told.URL)
			}
		}
		if more := len(list) - maxItems; more > 0 {
			fmt.Fprintf(&b, "- and %d more\n", more)
		}
		b.WriteString("\nAll of one: tocsin incidents show KEY\n")
	default:
		n.Subject = subject(list[0].told.Incident, list[0].news)
		body(&b, list[0])
	}
	if n.Embargoed {
		n.Subject = "Something under embargo has news" // a subject is shown where the text is not
	}
	fmt.Fprintf(&b, "\nYou read this because: %s.\n", n.Why)
	n.Text = b.String()
	return n
}

// subject says how bad it is first, and what it is about.
func subject(inc tocsin.Incident, list []one) string {
	last := list[len(list)-1]
	word := map[tocsin.News]string{tocsin.NewsOver: "OVER: ", tocsin.NewsStoodDown: "FALSE ALARM: ", tocsin.NewsFixed: "Fix validated: ", tocsin.NewsReopened: "BACK: ", tocsin.NewsWorse: "WORSE: ",
		tocsin.NewsGrew: "Grew: ", tocsin.NewsMessage: "Message: ", tocsin.NewsLate: "Update late: ", tocsin.NewsUnanswered: "NO ANSWER YET: ", tocsin.NewsCorrected: "Correction: "}[last.kind]
	out := fmt.Sprintf("%s%s (%s): %s", word, urgent(inc), cmp.Or(string(inc.Severity), "severity not set"), what(inc))
	if n := standing(inc); n > 0 {
		out += " in " + several(n, "project")
	}
	return line(out, maxSubject)
}

func urgent(inc tocsin.Incident) string {
	switch inc.Urgency {
	case tocsin.UrgencyEmergency:
		return "EMERGENCY"
	case tocsin.UrgencyHold:
		return "Decide"
	}
	return "Finding"
}

func what(inc tocsin.Incident) string {
	out := line(inc.Class.ID, 60)
	if inc.Declared() || out == "" {
		return line(inc.Class.Summary, 80)
	}
	if n := len(inc.Also); n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}

// standing counts the projects that are affected, or were if none is.
func standing(inc tocsin.Incident) int {
	n := 0
	for _, p := range inc.Projects {
		if p.Status.Told() {
			n++
		}
	}
	if n == 0 {
		return len(inc.Projects)
	}
	return n
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// stands says where an incident stands and who has it.
func stands(inc tocsin.Incident) string {
	who := "nobody leads it"
	if c := inc.Role(tocsin.RoleCommander); c != nil && c.Holder.ID != "" {
		who = line(c.Holder.Name, 60) + " leads it"
	} else if by := inc.Escalation.AckBy; by.ID != "" {
		who = line(by.Name, 60) + " is on it"
	}
	if inc.State.Over() && who == "nobody leads it" {
		return string(inc.State)
	}
	return string(inc.State) + ", " + who
}

// body tells all of one incident: what it is, what to do, what is new, where.
func body(b *strings.Builder, q ready) {
	inc := q.told.Incident
	if s := line(inc.Class.Summary, maxLine); s != "" {
		fmt.Fprintf(b, "%s\n", s)
	}
	fmt.Fprintf(b, "%s: %s. Opened %s.\n", inc.Key, stands(inc), moment(inc.OpenedAt))
	if c := line(inc.Cause, maxLine); c != "" {
		fmt.Fprintf(b, "Why: %s\n", c)
	}
	if !inc.State.Over() {
		b.WriteString("\nNow:\n")
		if inc.Urgency != tocsin.UrgencyRoutine && inc.Escalation.AckBy.ID == "" {
			fmt.Fprintf(b, "- say that you are on it: tocsin incidents acknowledge %s --as YOU\n", inc.Key)
		}
		if inc.Urgency == tocsin.UrgencyHold {
			fmt.Fprintf(b, "- decide whether it is an emergency: tocsin incidents confirm %s, or stand-down\n", inc.Key)
		}
		fmt.Fprintf(b, "- see all of it: tocsin incidents show %s\n", inc.Key)
		if !inc.Due.IsZero() {
			fmt.Fprintf(b, "- due %s\n", moment(inc.Due))
		}
	}
	where(b, inc)
	if len(q.news) == 0 || len(q.news) == 1 && q.news[0].kind == tocsin.NewsOpened { // which all of the above says
		return
	}
	b.WriteString("\nNew:\n")
	from := max(len(q.news)-maxNews, 0)
	if from > 0 {
		fmt.Fprintf(b, "- %s before\n", several(from, "thing"))
	}
	for _, o := range q.news[from:] {
		fmt.Fprintf(b, "- %s %s: %s\n", o.at.UTC().Format("01-02 15:04"), o.kind, line(o.text, maxLine))
	}
}

// where lists the affected projects first.
func where(b *strings.Builder, inc tocsin.Incident) {
	if len(inc.Projects) == 0 {
		return
	}
	list := slices.Clone(inc.Projects)
	slices.SortStableFunc(list, func(x, y tocsin.IncidentProject) int {
		switch {
		case x.Status.Told() == y.Status.Told():
			return 0
		case x.Status.Told():
			return -1
		}
		return 1
	})
	b.WriteString("\nWhere:\n")
	for _, p := range list[:min(len(list), maxProjects)] {
		var names []string
		for _, pkg := range p.Packages[:min(len(p.Packages), maxPackages)] {
			one := line(strings.TrimSpace(pkg.Name+" "+pkg.Version), 80)
			if fix := cmp.Or(pkg.Upgrade, pkg.Fixed); fix != "" && p.Status.Told() {
				one += " (fixed in " + line(fix, 40) + ")"
			}
			names = append(names, one)
		}
		if n := len(p.Packages) - maxPackages; n > 0 {
			names = append(names, fmt.Sprintf("%d more", n))
		}
		fmt.Fprintf(b, "- %s, %s: %s\n", line(p.Slug, 80), p.Status, strings.Join(names, ", "))
	}
	if n := len(list) - maxProjects; n > 0 {
		fmt.Fprintf(b, "- and %s\n", several(n, "more project"))
	}
}

// writeCall tells somebody that they are called. Who is called for something under embargo by a way that is not for that learns that they
// are called, and nothing else.
func writeCall(r Receiver, t Told, c tocsin.Summons, to tocsin.Callee) tocsin.Notice {
	inc := t.Incident
	n := tocsin.Notice{Receiver: r.Name, Thread: r.Name + "/" + inc.Key, URL: t.URL, Urgent: true, Embargoed: inc.Private(),
		Items: []tocsin.NoticeItem{{Incident: inc.Key, News: []tocsin.News{tocsin.NewsCall}}}}
	n.Why = fmt.Sprintf("call %d of escalation policy %s, at %s", c.Number, cmp.Or(inc.Escalation.Policy, "none"), moment(c.At))
	if c.Offer != "" {
		n.Why = "nobody accepted the role of " + string(c.Offer) + " that " + line(to.Name, 60) + " offered"
	}
	if inc.Private() && !r.Embargoed {
		n.Embargoed, n.URL, n.Thread = false, "", r.Name+"/embargo"
		n.Subject = line(to.Name, 60) + ": you are called"
		n.Text = "You are called to something under embargo. This way of reaching you is not for more: sign in and look, or run\n  tocsin incidents list\n"
		n.Items[0].Incident, n.Why = "", "you are called"
		return n
	}
	verb := "you are called: "
	if c.Offer != "" {
		verb = "nobody took your offer: "
	}
	n.Subject = line(fmt.Sprintf("%s: %s%s (%s): %s", to.Name, verb, urgent(inc), cmp.Or(string(inc.Severity), "severity not set"), what(inc)), maxSubject)
	var b strings.Builder
	if inc.Private() {
		n.Subject = line(to.Name, 60) + ": you are called to something under embargo"
	}
	body(&b, ready{told: t})
	fmt.Fprintf(&b, "\nYou read this because: %s. Until somebody acknowledges, others are called too.\n", n.Why)
	n.Text = b.String()
	return n
}

// described says what a match selects.
func described(m tocsin.NoticeMatch) string {
	return line(cmp.Or(m.String(), "everything"), maxLine)
}
