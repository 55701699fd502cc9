package site

import (
	"errors"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

func (v *visit) notices() (shown, error) {
	body := struct {
		listing
		web.Notices
		Silences []tocsin.Silence
		Routing  web.Routing
		// All says that they see the silences, which name projects of everybody; Act that they may make some.
		All, Act bool
		Tried    map[string][]string
	}{listing: v.listed("incident", "receiver", "since"), All: v.MayEverywhere(tocsin.MayRead), Act: v.MayEverywhere(tocsin.MayRespond) && v.Who.Kind == tocsin.PrincipalPerson, Tried: v.tried}
	delete(body.Q, "cursor")
	live, err := v.followAll()
	if err != nil {
		return shown{}, err
	}
	if body.Notices, err = web.Get[web.Notices](v.Client, "listNotices", web.Ask{Query: body.Q}); err != nil {
		return shown{}, err
	}
	if body.All {
		got, err := web.Get[web.Silences](v.Client, "listSilences", web.Ask{})
		if err != nil {
			return shown{}, err
		}
		body.Silences = got.Items
		if body.Routing, err = web.Get[web.Routing](v.Client, "getRouting", web.Ask{}); err != nil {
			return shown{}, err
		}
	}
	return shown{title: "Notifications", body: body, live: live}, nil
}

func (v *visit) silence() (string, error) {
	f := v.r.PostForm
	until, err := moment(f.Get("until"))
	if err != nil {
		return "", err
	}
	err = v.Do("postSilence", web.Ask{Body: web.SilenceInput{Match: strings.TrimSpace(f.Get("match")), Until: until, Reason: strings.TrimSpace(f.Get("reason"))}})
	return "/notifications?done=silence", err
}

func (v *visit) unsilence() (string, error) {
	err := v.Do("deleteSilence", web.Ask{Path: map[string]string{"id": v.r.PostForm.Get("id")}})
	if errors.Is(err, tocsin.ErrNotFound) { // it was over already, which is what was wanted
		err = nil
	}
	return "/notifications?done=unsilence", err
}
