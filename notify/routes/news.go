package routes

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Told is an incident with all that could be told of it.
type Told struct {
	Incident tocsin.Incident
	// Events are its timeline, oldest first.
	Events []tocsin.IncidentEvent
	// Public is what the public may read of it.
	Public []tocsin.PublicEntry
	// URL is where it is led; empty: nowhere that has one.
	URL string
}

// one is a piece of news.
type one struct {
	seq  int
	at   time.Time
	kind tocsin.News
	text string
}

// byClock is the source of events that nobody caused.
const byClock = "clock"

// news are what a receiver may be told of an incident after an event, oldest first. The public hears what two people agreed to say, and
// nothing else.
func news(t Told, public bool, after int) []one {
	var out []one
	if public {
		for _, e := range t.Public {
			if e.Seq > after {
				out = append(out, one{e.Seq, e.At, tocsin.NewsMessage, e.Text})
			}
		}
		return out
	}
	told := map[int]bool{}
	for _, e := range t.Events {
		kind := kindOf(e, t.Incident, told)
		if kind == "" {
			continue
		}
		told[e.Seq] = true
		text := e.Text
		if !e.TLP.Allows(tocsin.VisibilityPrivate) && e.TLP != "" {
			text = "the text is TLP:" + string(e.TLP) + ", and stays where it was said"
		}
		if e.Project != "" {
			text = e.Project + " " + text
		}
		if e.Seq > after {
			out = append(out, one{e.Seq, e.At, kind, text})
		}
	}
	return out
}

func kindOf(e tocsin.IncidentEvent, inc tocsin.Incident, told map[int]bool) tocsin.News {
	switch e.Kind {
	case tocsin.EventOpened, tocsin.EventDeclared:
		return tocsin.NewsOpened
	case tocsin.EventSplit:
		if inc.SplitFrom != "" && e.Seq == 1 {
			return tocsin.NewsOpened
		}
		return ""
	case tocsin.EventGrew:
		return tocsin.NewsGrew
	case tocsin.EventSeverity:
		return tocsin.NewsWorse
	case tocsin.EventReopened, tocsin.EventRegressed:
		return tocsin.NewsReopened
	case tocsin.EventFixValidated:
		return tocsin.NewsFixed
	case tocsin.EventResolved:
		return tocsin.NewsOver
	case tocsin.EventMerged:
		if inc.State == tocsin.StateMerged {
			return tocsin.NewsOver
		}
		return tocsin.NewsGrew
	case tocsin.EventStoodDown:
		return tocsin.NewsStoodDown
	case tocsin.EventCorrection:
		if told[e.Corrects] {
			return tocsin.NewsCorrected
		}
	case tocsin.EventPublished:
		return tocsin.NewsMessage
	case tocsin.EventMessage:
		if e.Source == byClock {
			return tocsin.NewsLate
		}
	}
	return ""
}

// ends says that nothing is left to do.
func (o one) ends() bool { return o.kind == tocsin.NewsOver || o.kind == tocsin.NewsStoodDown }

// quiet says whether an acknowledgement keeps it from who was told before: whoever acknowledged knows it, or will see it.
func (o one) quiet() bool {
	return slices.Contains([]tocsin.News{tocsin.NewsOpened, tocsin.NewsLate, tocsin.NewsFixed}, o.kind)
}

// rings says whether it is news that somebody must act on.
func (o one) rings() bool {
	return slices.Contains([]tocsin.News{tocsin.NewsOpened, tocsin.NewsGrew, tocsin.NewsWorse, tocsin.NewsReopened}, o.kind)
}

// kinds are those of a list, each once, in its order.
func kinds(list []one) []tocsin.News {
	var out []tocsin.News
	for _, o := range list {
		if !slices.Contains(out, o.kind) {
			out = append(out, o.kind)
		}
	}
	return out
}

// alone says whether an incident is an emergency that nobody acknowledged. Nothing keeps that quiet.
func alone(inc tocsin.Incident) bool {
	return inc.Urgency == tocsin.UrgencyEmergency && !inc.State.Over() && inc.Escalation.AckBy.ID == ""
}

// May says why an incident must not be told to a receiver; empty: it may. All that is sent passes here, and what it does not know stays.
func May(r Receiver, inc tocsin.Incident) string {
	switch {
	case r.Audience != tocsin.VisibilityPrivate && r.Audience != tocsin.VisibilityPublic:
		return "nobody knows who reads there"
	case inc.Private() && r.Audience == tocsin.VisibilityPublic:
		return "it is under embargo, and the receiver is public"
	case inc.Private() && !r.Embargoed:
		return "it is under embargo, and the receiver is not for that"
	}
	return ""
}
