package site

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
)

// settings are people and tokens, and what whoever looks may do.
type settings struct {
	Me       web.Me
	People   []tocsin.Person
	Tokens   []tocsin.APIToken
	Rules    bool // may give grants somewhere
	All      bool // may give them everywhere
	Manages  bool // manages everything
	Accesses []tocsin.Access
	// Made is the text of a new token, this once.
	Made  string
	Tried url.Values
}

func accesses() []tocsin.Access {
	return []tocsin.Access{tocsin.AccessGate, tocsin.AccessSender, tocsin.AccessViewer, tocsin.AccessResponder, tocsin.AccessSecurity, tocsin.AccessAdmin}
}

func (v *visit) settings() (shown, error) {
	s := settings{Rules: v.May(tocsin.MayRule), All: v.MayEverywhere(tocsin.MayRule), Manages: v.MayEverywhere(tocsin.MayManage), Accesses: accesses(), Tried: v.tried}
	var err error
	if s.Me, err = web.Get[web.Me](v.Client, "getMe", web.Ask{}); err != nil {
		return shown{}, err
	}
	if s.All {
		got, err := web.Get[web.Page[tocsin.Person]](v.Client, "listPeople", web.Ask{Query: map[string]string{"limit": "500"}})
		if err != nil {
			return shown{}, err
		}
		s.People = got.Items
	}
	if s.Rules {
		got, err := web.Get[web.Page[tocsin.APIToken]](v.Client, "listTokens", web.Ask{Query: map[string]string{"limit": "500"}})
		if err != nil {
			return shown{}, err
		}
		s.Tokens = got.Items
	}
	return shown{title: "Settings", body: s}, nil
}

// grants reads lines of "access" or "access group" or "access group project".
func grants(text string) ([]tocsin.Grant, error) {
	out := []tocsin.Grant{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) > 3 || !slices.Contains(accesses(), tocsin.Access(f[0])) {
			return nil, web.Invalid("grants", "write an access, then a group and a project if it is not for all, such as: responder pay", "%.60q is no grant.", strings.TrimSpace(line))
		}
		f = append(f, "", "")
		out = append(out, tocsin.Grant{Access: tocsin.Access(f[0]), Group: f[1], Project: f[2]})
	}
	return out, nil
}

func (v *visit) changePerson() (string, error) {
	f := v.r.PostForm
	list, err := grants(f.Get("grants"))
	if err != nil {
		return "", err
	}
	id := map[string]string{"id": f.Get("id")}
	if f.Get("do") == "sign-out" {
		err = v.Do("signOut", web.Ask{Path: id})
	} else {
		disabled := f.Get("disabled") == "true"
		err = v.Do("putPerson", web.Ask{Path: id, Body: web.PersonInput{Grants: list, Disabled: &disabled}})
	}
	return "/settings?done=person", err
}

func (v *visit) endToken() (string, error) {
	err := v.Do("deleteToken", web.Ask{Path: map[string]string{"id": v.r.PostForm.Get("id")}})
	return "/settings?done=token", err
}

// makeToken shows the text of the new token on the page that answers the form: it is in no address, and nobody is shown it again.
func (v *visit) makeToken() (shown, error) {
	f := v.r.PostForm
	list, err := grants(f.Get("grants"))
	if err != nil {
		return shown{}, err
	}
	until, err := moment(f.Get("until"))
	if err != nil {
		return shown{}, err
	}
	made, err := web.Get[web.NewToken](v.Client, "postToken", web.Ask{Body: web.TokenInput{Name: strings.TrimSpace(f.Get("name")), Grants: list, ExpiresAt: until.UTC().Truncate(time.Second)}})
	if err != nil {
		return shown{}, err
	}
	got, err := v.settings()
	if err != nil {
		return shown{}, err
	}
	s := got.body.(settings)
	s.Made = made.Token
	got.body = s
	return got, nil
}
