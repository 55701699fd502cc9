package github

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// An Order is a line of a comment that tells us to do something.
type Order struct {
	// Word is without the slash, one of [Words].
	Word string
	// Rest is what stands behind it, in one line.
	Rest string
}

func (o Order) String() string { return strings.TrimSpace("/" + o.Word + " " + o.Rest) }

// A Word is something that can be ordered by a comment.
type Word struct {
	Name string
	// Takes is how what stands behind it is written.
	Takes string
	// About describes it to people.
	About string
	// Do is the verb; empty for help.
	Do tocsin.Verb
}

// Words lists what can be ordered, in the order in which people need it.
func Words() []Word {
	return []Word{
		{"ack", "[reason]", "Say that you are on it", tocsin.DoAck},
		{"snooze", "TIME reason", "Say that you are on it, and want to be asked again at a time, such as 7d", tocsin.DoSnooze},
		{"escalate", "[reason]", "Call for help now", tocsin.DoEscalate},
		{"take", "role", "Take a role that nobody holds", tocsin.DoTake},
		{"assign", "role @login", "Offer a role to somebody", tocsin.DoOffer},
		{"accept", "role", "Accept a role that was offered to you", tocsin.DoAccept},
		{"decline", "role", "Say no to it", tocsin.DoDecline},
		{"fixed", "version", "Say which version repairs it; the project is looked at again, and a scan has the last word", tocsin.DoNote},
		{"not-affected", "justification [text]", "Say that this project is not affected, by one of the five justifications of VEX", tocsin.DoStatus},
		{"accept-risk", "TIME reason", "Live with it in this project until a time, such as 2026-12-31 or 30d", tocsin.DoStatus},
		{"note", "text", "Write something down on the timeline", tocsin.DoNote},
		{"help", "", "Have this list written", ""},
	}
}

func (w Word) usage() string { return strings.TrimSpace("/" + w.Name + " " + w.Takes) }

const (
	// maxOrders is how many lines of a comment count, and maxOrder how long one may be.
	maxOrders = 5
	maxOrder  = 2000
)

// orderLine is a command at the beginning of a line; a path or a date is none.
var orderLine = pattern.Lazy(`^/([A-Za-z]+(?:-[A-Za-z]+)*)(?:[ \t]+(.*))?$`)

// Orders reads the lines at the beginning of a comment that are orders, up to the first that is none: so nothing in a quote, a block of code
// or further down counts. Words that we do not know are those of somebody else, and passed over.
func Orders(body string) []Order {
	var out []Order
	body = strings.TrimLeft(strings.TrimPrefix(body, "\uFEFF"), "\r\n")
	for len(out) < maxOrders {
		line, rest, more := strings.Cut(body, "\n")
		m := orderLine().FindStringSubmatch(strings.TrimRight(line[:min(len(line), maxOrder)], " \t\r"))
		if m == nil {
			break
		}
		word := strings.ToLower(m[1])
		if slices.ContainsFunc(Words(), func(w Word) bool { return w.Name == word }) {
			out = append(out, Order{Word: word, Rest: markdown.Line(m[2], maxOrder)})
		}
		if !more {
			break
		}
		body = rest
	}
	return out
}

// Command is what an order wants, about a project or, for an empty one, about the whole incident. who finds a person by their login. What is
// wrong is an [tocsin.ErrInvalid] that says how it is written.
func (o Order) Command(project string, who func(login string) (tocsin.Actor, bool), now time.Time) (c tocsin.Command, err error) {
	i := slices.IndexFunc(Words(), func(w Word) bool { return w.Name == o.Word })
	if i < 0 {
		return c, fmt.Errorf("%w: /%s: there is no such command", tocsin.ErrInvalid, o.Word)
	}
	w := Words()[i]
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: write `%s`", tocsin.ErrInvalid, fmt.Sprintf(format, args...), w.usage())
	}
	c.Do = w.Do
	first, rest := cutField(o.Rest)
	switch o.Word {
	case "ack", "escalate":
		c.Reason = o.Rest
	case "note":
		c.Text = o.Rest
	case "take", "accept", "decline":
		c.Role, rest = cutRole(o.Rest)
		if c.Role == "" || rest != "" {
			return c, wrong("%q is no role: want one of %q", o.Rest, roleNames())
		}
	case "assign":
		if c.Role, rest = cutRole(o.Rest); c.Role == "" {
			return c, wrong("%q begins with no role: want one of %q", o.Rest, roleNames())
		}
		login, isLogin := strings.CutPrefix(rest, "@")
		if !isLogin || !validLogin(login) {
			return c, wrong("%q is not one person", rest)
		}
		var ok bool
		if c.To, ok = who(login); !ok {
			return c, fmt.Errorf("%w: the governance has nobody with the login %s", tocsin.ErrInvalid, login)
		}
	case "snooze", "accept-risk":
		until, ok := readTime(first, now)
		if !ok || rest == "" {
			return c, wrong("want a time, such as 7d or 2026-12-31, and a reason")
		}
		c.Until, c.Reason = until, rest
	case "not-affected":
		c.Justification, c.Reason = tocsin.Justification(strings.ToLower(first)), rest
		if c.Justification.Validate() != nil {
			return c, wrong("%q is no justification: want one of %q", first, tocsin.Justifications())
		}
		if c.Reason == "" {
			c.Reason = string(c.Justification)
		}
	case "fixed":
		if first == "" || rest != "" {
			return c, wrong("want one version")
		}
		c.Text = "says that " + first + " repairs it"
	}
	if c.Do == tocsin.DoStatus {
		if project == "" {
			return c, fmt.Errorf("%w: this issue is about several projects: say it on the issue of the one that is meant", tocsin.ErrInvalid)
		}
		c.Projects, c.Status = []string{project}, tocsin.ProjectAccepted
		if c.Justification != "" {
			c.Status = tocsin.ProjectUnaffected
		}
	}
	return c, nil
}

func cutField(s string) (first, rest string) {
	first, rest, _ = strings.Cut(strings.TrimSpace(s), " ")
	return first, strings.TrimSpace(rest)
}

// cutRole takes a role from the beginning; its words may be joined by dashes.
func cutRole(s string) (role tocsin.RoleName, rest string) {
	low := strings.ReplaceAll(strings.ToLower(s), "-", " ")
	for _, r := range roleNames() {
		if tail, ok := strings.CutPrefix(low, string(r)); ok && len(low) == len(s) && (tail == "" || tail[0] == ' ') {
			return r, strings.TrimSpace(s[len(r):])
		}
	}
	return "", s
}

func roleNames() []tocsin.RoleName { return append(tocsin.Roles(), tocsin.RoleScribe) }

var span = pattern.Lazy(`^([1-9][0-9]{0,3})([hdw])$`)

// readTime reads a day, whose end is meant, or a time from now.
func readTime(s string, now time.Time) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Add(tocsin.Day - time.Second), true
	}
	m := span().FindStringSubmatch(strings.ToLower(s))
	if m == nil {
		return time.Time{}, false
	}
	n, _ := strconv.Atoi(m[1]) // four digits
	unit := map[string]time.Duration{"h": time.Hour, "d": tocsin.Day, "w": 7 * tocsin.Day}[m[2]]
	return now.Add(time.Duration(n) * unit).UTC().Truncate(time.Minute), true
}

// Help is the list of commands, as Markdown.
func Help() string {
	var b strings.Builder
	b.WriteString("What a comment can tell Tocsin, each on a line at its beginning:\n\n| write | to |\n|---|---|\n")
	for _, w := range Words() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", w.usage(), w.About)
	}
	b.WriteString("\nJustifications:")
	for i, j := range tocsin.Justifications() {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " `%s`", j)
	}
	b.WriteString(". Who answers for this project may say what only they know of it; the rest is for responders.\n")
	return b.String()
}
