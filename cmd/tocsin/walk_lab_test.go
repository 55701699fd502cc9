package main

import (
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/browser"
)

// TestAPolicyComesIntoForce: one person writes it, mends it, has its cases run and proposes it; another sees what changes, on a phone
// without a script, and agrees; and it can be taken back.
func TestAPolicyComesIntoForce(t *testing.T) {
	t.Parallel() // most of it is waiting for what others see
	for name, still := range map[string]bool{"with a script": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policyIntoForce(t, still)
		})
	}
}

func policyIntoForce(t *testing.T, still bool) {
	h := openHouse(t)
	ada, olga := h.comes(t, "ada", browser.Manner{NoScript: still}), h.comes(t, "olga", browser.Manner{Width: 390, Dark: true, NoScript: true})
	const at = "textarea[name=text]"

	ada.Go(h.base + "/policies/lab")
	right := ada.Value(at)
	if !still {
		ada.Type(at, "gates: {}\n")
		ada.Sees("#typed", "gates") // while it is typed
	}
	ada.Choose(at, strings.Replace(right, "advisory.rating", "advisory.ratting", 1))
	ada.Click(`button[value="test"]`)
	ada.Sees("#h-answer", "1 thing wrong with the policy")
	ada.Sees("#answer .wrong", "ratting")
	ada.Choose(at, right)
	ada.Click(`button[value="test"]`)
	ada.Sees("#answer", "all hold")
	ada.Click(`button[formaction="/replays"]`)
	ada.Sees("h1", "Replay of team")
	ada.Sees("#h-measures", "What it comes to")
	ada.Sees("#h-basis ~ dl", "Inventories")
	if !still { // what looks for barriers is a script
		ada.sound(t, strings.TrimPrefix(ada.Address(), h.base))
	}
	ada.Go(h.base + "/policies/lab") // which has the same text
	ada.Click(`button[formaction="/policy-changes"]`)
	ada.Sees("[role=alert]", "say why")
	if got := ada.Value(at); got != right {
		t.Errorf("what was typed is lost: %q", got)
	}
	ada.Type("textarea[name=reason]", "We <b>want</b> to stop critical flaws")
	ada.Click(`button[formaction="/policy-changes"]`)
	ada.Sees(".say", "A second person has to agree.")
	ada.Sees("h1", "Change of team")
	ada.Sees("#h-judge", "Another person has to agree")
	ada.Sees("main", "There was no policy of this name.")
	ada.Sees("#h-trial ~ p", "before it was proposed")
	ada.Sees("#h-trial ~ div", "Emergencies")
	ada.Complaints() // of what was refused
	if !still {      // what looks for barriers is a script
		ada.sound(t, strings.TrimPrefix(ada.Address(), h.base))
	}
	if !still {
		ada.sound(t, "/policy-changes")
	}

	olga.Go(h.base + "/policy-changes")
	olga.Sees("tbody", "waits for a second person")
	olga.Go(h.base + "/")
	olga.Sees("#mine", "We <b>want</b> to stop critical flaws")
	olga.Click(`#mine a[href^="/policy-changes/"]`)
	olga.Sees(".facts", "We <b>want</b> to stop critical flaws")
	olga.Sees("pre .came", "policy: team")
	olga.Click(`button[value="decline"]`)
	olga.Sees("[role=alert]", "say why")
	olga.Click(`button[value="agree"]`)
	olga.Sees(".say", "You agreed.")
	olga.Sees(".facts", "in force")
	olga.Go(h.base + "/policies/team")
	olga.Sees(".facts", "what two people agreed to")

	ada.Go(h.base + "/policies/team/edit") // the one that holds, made stricter
	ada.Choose(at, strings.Replace(right, "about: What", "about: All that", 1))
	ada.Type("textarea[name=reason]", "says more")
	ada.Click(`button[formaction="/policy-changes"]`)
	ada.Sees("pre .went", "about: What our team does about flaws.")
	ada.Sees("pre .came", "about: All that our team does about flaws.")
	ada.Sees("#h-trial ~ p", "Nobody replayed it")
	ada.Click(`button[value="withdraw"]`)
	ada.Sees(".facts", "withdrawn")

	olga.Click("details summary")
	olga.Type("details textarea", "it stops too much")
	olga.Click("details button")
	olga.Sees("h1", "Take back team")
	olga.Sees("#h-what ~ p", "there is none then")
	olga.Sees("pre .went", "policy: team")
	ada.Go(olga.Address())
	ada.Click(`button[value="agree"]`)
	ada.Sees(".facts", "was taken back")
	ada.Go(h.base + "/policies/team")
	ada.Sees("h1", "There is no such thing")
	ada.Complaints() // what she asked for and was refused stands there
	for path, text := range map[string]string{"change": olga.HTML(), "lab": ada.at("/policies/lab")} {
		for _, line := range browser.Invalid(t, map[string][]byte{path: []byte("<!doctype html>\n" + text)}) {
			t.Error(line)
		}
	}
}

// at is the page of an address.
func (w walker) at(path string) string {
	w.t.Helper()
	w.Go(w.base + path)
	w.Sees("h1", "")
	return w.HTML()
}
