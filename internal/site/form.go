package site

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin/internal/web"
)

// form reads the form that was posted, unless it is one with files.
func (v *visit) form() error {
	if strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/form-data") {
		return nil
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if err := v.r.ParseForm(); err != nil {
		return web.Invalid("", "send less at once", "The form cannot be read, or is longer than %d bytes.", maxForm)
	}
	return nil
}

// command is what a form asks for in an incident: its fields have the names of those of [tocsin.Command].
func command(f url.Values) (map[string]any, error) {
	out := map[string]any{}
	for name, values := range f {
		value := strings.TrimSpace(strings.ReplaceAll(values[0], "\r\n", "\n"))
		if value == "" {
			continue
		}
		switch name {
		case "projects":
			out[name] = values
		case "minutes", "number":
			n, err := strconv.Atoi(value)
			if err != nil {
				return nil, web.Invalid(name, "write a whole number", "%.20q is no number.", value)
			}
			out[name] = n
		case "until":
			at, err := moment(value)
			if err != nil {
				return nil, err
			}
			out[name] = at
		case "to":
			out[name] = map[string]string{"id": value}
		case "break_glass":
			out[name] = value == "true"
		default:
			out[name] = value
		}
	}
	return out, nil
}

// moment reads a time of a form, which is in UTC.
func moment(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, web.Invalid("until", "write it as 2026-03-01T12:00, in UTC", "%.40q is no time.", text)
}

// deeds are what forms can have done, by the word that stands in the address then: the verbs of an incident, and what is done elsewhere.
// Only these are told, since anybody can write an address.
var deeds = map[string]string{
	"declare": "The emergency is declared.", "propose-policy": "It is proposed. A second person has to agree.", "agree-policy": "You agreed. It is done, and everything is decided anew.", "decline-policy": "You declined it.", "withdraw-policy": "You withdrew it.", "approve-action": "You agreed to it.", "veto-action": "It is stopped.", "retry-action": "It is tried again.", "retry": "It is done again.", "person": "What they may is changed.", "token": "The token holds no more.",
	"watch": "It is watched.", "unwatch": "The watch over it has ended.", "rescan": "It will be looked at soon.", "send": "It is kept.",
	"silence": "It is kept quiet.", "drill": "It was played.", "unsilence": "It is told again.",
	"confirm": "It is an emergency now.", "take": "You hold the role.", "offer": "It is offered. You hold it until it is accepted.", "accept": "You hold the role now.",
	"decline": "The offer is off.", "renounce": "You gave the role up.", "delegate": "The right is lent.", "acknowledge": "You are on it. Nobody else is called until there is news.",
	"snooze": "You are on it, and will be asked again then.", "escalate": "Help is called.", "contain": "It is contained.", "severity": "The severity is set.",
	"add-task": "The task is added.", "assign": "The task is given.", "finish": "The task is done.", "undo": "The task is open again.", "answer": "It is decided.",
	"note": "It is on the timeline.", "correct": "It is set right.", "draft": "The message is written.", "approve": "You agreed. It goes out.",
	"withdraw": "The message is withdrawn.", "embargo": "The embargo is proposed.", "agree": "You agreed to the embargo.", "disclose": "The embargo is over.",
	"roll-back": "The rollback is proposed.", "approve-rollback": "The rollback holds.", "end-rollback": "The rollback is over.", "set-status": "The status is set.",
	"stand-down": "It is stood down. Everybody who was told hears of it.", "resolve": "It is over.", "reopen": "It is open again.", "merge": "It goes on as the other incident.",
	"write": "It is written.", "add-action": "It is asked for.", "finish-action": "It is done.", "credit": "They are thanked.", "effort": "It is noted.",
	"close-review": "The review is closed.", "split": "They have an incident of their own now.", "advise": "It is written.", "product": "It is noted.", "report": "It is written. Two people have to agree before it leaves.", "request": "It is noted. What others see of it needs two people to agree.", "revise": "Another person has to agree now.",
}
