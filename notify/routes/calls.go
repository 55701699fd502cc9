package routes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Person begins the name of a receiver that is a person's mail box.
const Person = "person:"

// Ways are the receivers by which a person is called, and why others are none: their mail, where there is a server for it, and the
// receivers that their other contacts name.
func (r Routes) Ways(who tocsin.Responder) (out []Receiver, why string) {
	var not []string
	for _, kind := range tocsin.ContactKinds() {
		at, ok := who.Contacts[kind]
		if !ok {
			continue
		}
		if kind == tocsin.ContactMail {
			if r.Mail.Address == "" {
				not = append(not, "their mail needs mail: server:")
				continue
			}
			out = append(out, Receiver{Name: Person + who.Name + "/mail", Channel: ChannelMail, Audience: tocsin.VisibilityPrivate, Zone: who.Zone})
			continue
		}
		if named, ok := r.Receiver(at); ok && named.Audience == tocsin.VisibilityPrivate {
			out = append(out, named)
		} else if kind != tocsin.ContactPhone {
			not = append(not, "their "+string(kind)+" is no private receiver")
		}
	}
	if len(out) == 0 && len(not) == 0 {
		not = append(not, "they have no contact that a notice goes to")
	}
	return out, strings.Join(not, "; ")
}

// calls tells people that they are called for help, each by every way there is, and of several calls that they have not heard only the
// newest. Nothing holds a call back: escalation has asked about hours and limits, and ends when somebody answers.
func (p *plan) calls() {
	for _, t := range p.Told {
		inc := t.Incident
		if inc.State.Over() {
			continue
		}
		done := map[string]bool{}
		for _, c := range slices.Backward(inc.Escalation.Calls) {
			role := inc.Role(c.Offer)
			live := c.Offer == "" && inc.Escalation.AckBy.ID == "" && !c.At.Before(inc.Escalation.Since) || role != nil && role.OfferLate
			if !live || p.Now.Sub(c.At) > tocsin.Day {
				continue
			}
			for _, to := range c.To {
				ways, why := p.Routes.Ways(p.Governance.Known(to.Actor))
				if len(ways) == 0 && !done[to.ID] {
					p.out.Held = append(p.out.Held, Held{Receiver: Person + to.Name, Incident: inc.Key, News: []tocsin.News{tocsin.NewsCall}, Why: why})
				}
				for _, r := range ways {
					if !done[to.ID+"\x00"+r.Name] {
						p.call(r, t, c, to)
					}
					done[to.ID+"\x00"+r.Name] = true
				}
				done[to.ID] = true
			}
		}
	}
}

func (p *plan) call(r Receiver, t Told, c tocsin.Summons, to tocsin.Callee) {
	s := Send{Key: fmt.Sprintf("notice/%s/%s/call-%d", r.Name, t.Incident.Key, c.Number), Notice: writeCall(r, t, c, to)}
	if p.keys[s.Key] {
		return
	}
	p.keys[s.Key] = true
	s.Records = []tocsin.NoticeRecord{{Receiver: r.Name, Incident: t.Incident.Key, At: p.Now, Notice: s.Key, News: []tocsin.News{tocsin.NewsCall}, Why: s.Notice.Why}}
	p.out.Send = append(p.out.Send, s)
}
