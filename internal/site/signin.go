package site

import "net/url"

// signIn says who vouches for people. Where to go afterwards is checked by who signs them in.
func (v *visit) signIn() (shown, error) {
	body := struct{ To, By string }{By: v.site.opts.SignIn()}
	if body.By != "" {
		body.To = "/auth/login"
		if next := v.q("next"); next != "" {
			body.To += "?" + url.Values{"next": {next}}.Encode()
		}
	}
	return shown{title: "Sign in", body: body}, nil
}
