package draft

import (
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// details is the description of a document as Markdown: what people wrote, or else what is known. Names and summaries are from packages and
// advisories, and do nothing. What is still to be said by people follows the first section.
func details(d tocsin.Document, todo string) string {
	var b strings.Builder
	b.WriteString("### Impact\n")
	if !d.Withdrawn.IsZero() {
		fmt.Fprintf(&b, "This advisory was withdrawn: %s\n\n", markdown.Text(d.Last().Summary))
	}
	if own := text(d.Details); own != "" {
		b.WriteString(own + "\n")
	} else {
		var all []string
		for _, p := range d.Products {
			all = append(all, impact(d, p)+"\n")
		}
		b.WriteString(strings.Join(all, "\n"))
		if len(d.Products) == 0 {
			fmt.Fprintf(&b, "%s\n", markdown.Text(summary(d)))
		}
	}
	if todo != "" {
		b.WriteString("\n### To be filled in before publication\n" + todo)
	}
	if fixes := patches(d); fixes != "" {
		b.WriteString("\n### Patches\n\n" + fixes)
	}
	if d.Mitigation != "" {
		b.WriteString("\n### Workarounds\n\n" + text(d.Mitigation) + "\n")
	}
	return b.String()
}

// cut ends a text that is too long. What was made harmless must not be cleaned again, since that would undo it.
func cut(s string, limit int) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit-1]) + "…"
	}
	return s + "\n"
}

// summary is what is said of a document in a sentence where nobody wrote more.
func summary(d tocsin.Document) string {
	if d.Declared {
		return "We are dealing with a security incident, and write here what others need to know of it."
	}
	var out []string
	for _, f := range d.Flaws {
		out = append(out, strings.TrimSuffix(f.ID+": "+f.Summary, ": "))
	}
	return strings.Join(out, "; ")
}

// impact says of a product what it ships.
func impact(d tocsin.Document, p tocsin.Product) string {
	who := code(p.Name)
	if p.Status == tocsin.ProductNotAffected {
		return strings.TrimSpace(fmt.Sprintf("%s is not affected. %s", who, markdown.Text(why(p))))
	}
	if len(p.Uses) == 0 {
		if p.Status.Harmed() {
			return who + " is affected."
		}
		return "It is not known yet whether " + who + " is affected."
	}
	var uses, flaws []string
	for _, u := range p.Uses {
		uses = append(uses, code(strings.TrimSuffix(u.Name+"@"+u.Version, "@")))
	}
	does := "is affected by"
	for _, f := range about(d, p) {
		one := code(f.ID)
		if f.Summary != "" {
			one += " (" + markdown.Text(f.Summary) + ")"
		}
		flaws = append(flaws, one)
		if f.Kind == tocsin.KindMalware {
			does = "is malicious:"
		}
	}
	out := fmt.Sprintf("%s ships %s, which %s %s. Its users may be affected through it.", who, strings.Join(uses, ", "), does, strings.Join(flaws, ", "))
	if p.Status == tocsin.ProductUnknown && d.Status != tocsin.DocumentDraft {
		out += " Which of its released versions are is not known yet."
	}
	return out
}

// why says why a product is not affected.
func why(p tocsin.Product) string {
	words := map[tocsin.Justification]string{
		tocsin.NoComponent: "The affected package is not in it.", tocsin.NoCode: "The affected code is not in it.", tocsin.NotExecuted: "The affected code is never run.",
		tocsin.NotControlled: "An attacker has no hold over the affected code.", tocsin.Mitigated: "Something in it keeps the flaw from doing harm.",
	}
	return strings.TrimSpace(words[p.Justification] + " " + line(p.Impact))
}

// patches lists the fixes of the products, and of what they ship.
func patches(d tocsin.Document) string {
	var out []string
	add := func(l string) {
		for _, o := range out {
			if o == l {
				return
			}
		}
		out = append(out, l)
	}
	for _, p := range d.Products {
		for _, v := range p.Versions {
			if v.Before != "" {
				add(fmt.Sprintf("- %s: fixed in %s\n", code(p.Name), code(v.Before)))
			}
		}
	}
	for _, p := range d.Products {
		for _, u := range p.Uses {
			if p.Status == tocsin.ProductNotAffected {
				continue
			}
			switch {
			case u.Fixed == "":
				add(fmt.Sprintf("- %s: no fixed version is known\n", code(u.Name)))
			case u.Upgrade != "" && u.Upgrade != u.Fixed:
				add(fmt.Sprintf("- %s: fixed in %s (%s ends all flaws that are known)\n", code(u.Name), code(u.Fixed), code(u.Upgrade)))
			default:
				add(fmt.Sprintf("- %s: fixed in %s\n", code(u.Name), code(u.Fixed)))
			}
		}
	}
	return strings.Join(out, "")
}

// open lists what people have still to say of products before the document is published.
func open(d tocsin.Document) string {
	var b strings.Builder
	for _, p := range d.Products {
		if p.Status == tocsin.ProductUnknown {
			fmt.Fprintf(&b, "- which released versions of %s contain the affected package\n", code(p.Name))
		}
	}
	if b.Len() > 0 {
		b.WriteString("- whether the affected code can be reached, and how\n- the release that fixes it\n")
	}
	return b.String()
}

// links lists ids and addresses.
func links(d tocsin.Document) string {
	var b strings.Builder
	for _, f := range d.Flaws {
		if f.ID != d.ID {
			fmt.Fprintf(&b, "- %s\n", code(f.ID))
		}
		for _, a := range f.Aliases {
			fmt.Fprintf(&b, "- %s\n", code(a))
		}
	}
	for _, r := range d.References {
		fmt.Fprintf(&b, "- <%s>\n", r.URL)
	}
	return b.String()
}

func code(s string) string { return markdown.Code(s[:min(len(s), 4*maxName)], maxName) }
