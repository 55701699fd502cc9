package view

import "github.com/tocsin-dev/tocsin"

// Wording is what an action says, so that whoever agrees to it knows to what.
type Wording struct{ Title, Text string }

func wording(a tocsin.Action) Wording {
	title, body, err := a.Wording()
	if err != nil {
		return Wording{Title: "What it says cannot be read: do not agree to it."}
	}
	return Wording{title, cut(maxWording, body)}
}

// maxWording bounds a text, in characters.
const maxWording = 20_000
