package incidents

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// advising is a room with an emergency in shop-sdk, which may be named, and shop-api, which may not.
func advising(t testing.TB) (*room, string) {
	r := newRoom(t)
	d := says(tocsin.ResponseEmergency, class("CVE-2026-1"), "log", "1.0")
	r.take(r.rules.Fold(nil, []Sighting{sees("shop-sdk", []tocsin.Decision{d}, "log@1.0"), sees("shop-api", []tocsin.Decision{d}, "log@1.0")}, r.now))
	key := r.known[0].Key
	r.rules.Publisher = tocsin.Publisher{Name: "Shop", URL: "https://shop.example"}
	r.rules.Projects = map[string]tocsin.Project{
		"shop-sdk": {Slug: "shop-sdk", Publishes: "pkg:npm/shop-sdk", OptIn: tocsin.OptIn{AdvisoryDraft: true, PublicExposure: true}},
		"shop-api": {Slug: "shop-api", Publishes: "pkg:npm/shop-api", OptIn: tocsin.OptIn{PublicExposure: true}},
	}
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleRelease})
	return r, key
}

// TestAdvise: what people say is checked, two publish a revision, only news is one, and what was published stays.
func TestAdvise(t *testing.T) {
	r, key := advising(t)
	product := func(c tocsin.Command) tocsin.Command {
		c.Do, c.Projects = tocsin.DoProduct, []string{"shop-sdk"}
		return c
	}
	r.refuses(key, carl, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionTitle, Text: "x"}, tocsin.ErrForbidden, "to draft is for")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionCauses, Text: "x"}, tocsin.ErrInvalid, "want one of")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionCVE, Text: "CVE-1"}, tocsin.ErrInvalid, "no CVE id")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionReferences, Text: "https://a.example\nhttp://b.example"}, tocsin.ErrInvalid, "http://b.example")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.SectionTitle, Text: "\u202e\x00"}, tocsin.ErrInvalid, "nothing in it")
	r.refuses(key, ada, product(tocsin.Command{Product: tocsin.ProductFixed}), tocsin.ErrInvalid, "follows from the range")
	r.refuses(key, ada, product(tocsin.Command{Product: tocsin.ProductNotAffected}), tocsin.ErrInvalid, "justification: is missing")
	r.refuses(key, ada, product(tocsin.Command{Product: tocsin.ProductNotAffected, Justification: "luck"}), tocsin.ErrInvalid, "luck")
	r.refuses(key, ada, product(tocsin.Command{Product: tocsin.ProductNotAffected, Text: "x", Range: "< 1"}), tocsin.ErrInvalid, "range: is for")
	r.refuses(key, ada, product(tocsin.Command{Product: tocsin.ProductAffected, Text: "x"}), tocsin.ErrInvalid, "for what is not affected")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoProduct, Projects: []string{"shop-api"}, Product: tocsin.ProductAffected}, tocsin.ErrConflict, "advisory_draft")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoProduct, Projects: []string{"nowhere"}, Product: tocsin.ProductAffected}, tocsin.ErrInvalid, "nowhere")
	r.does(key, ada, product(tocsin.Command{Product: tocsin.ProductAffected, Range: ">= 1.0.0, < 1.4.2"}))

	r.does(key, ada, tocsin.Command{Do: tocsin.DoRevise, Text: "1.4.2 is out"})
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"}, tocsin.ErrForbidden, "another person")
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoRevise, Text: "again"}, tocsin.ErrConflict, "waits for approval")
	if _, ok := Publish(r.inc(key)); ok || len(Revisions(r.inc(key))) > 0 {
		t.Fatal("one person published")
	}
	r.does(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"})
	first, _ := json.Marshal(Revisions(r.inc(key))[0])
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoRevise, Text: "again"}, tocsin.ErrConflict, "nothing that readers see has changed since revision 1")
	if d := r.rules.Document(r.inc(key), r.rules.Projects, r.now); d.Status != tocsin.DocumentInterim || d.TLP != tocsin.TLPClear || d.Products[0].Status != tocsin.ProductFixed {
		t.Errorf("%+v", d)
	}
	if strings.Contains(string(first), "shop-api") {
		t.Errorf("a project that did not opt in is named: %s", first)
	}

	r.does(key, ada, product(tocsin.Command{Product: tocsin.ProductAffected, Range: ">= 1.0.0, < 1.4.3"}))
	if d := r.rules.Document(r.inc(key), r.rules.Projects, r.now); d.Status != tocsin.DocumentDraft || d.TLP != tocsin.TLPAmber || d.Last().Number != 2 {
		t.Errorf("%+v", d)
	}
	r.does(key, ada, tocsin.Command{Do: tocsin.DoRevise, Text: "1.4.2 was no fix"})
	opted := r.rules.Projects["shop-sdk"]
	r.rules.Projects["shop-sdk"] = tocsin.Project{Slug: "shop-sdk", Publishes: "pkg:npm/shop-sdk"}
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m2"}, tocsin.ErrConflict, "may not be named any more")
	r.rules.Projects["shop-sdk"] = opted
	r.does(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m2"})
	list := Revisions(r.inc(key))
	if again, _ := json.Marshal(list[0]); string(again) != string(first) || len(list) != 2 || list[1].Last().Number != 2 || len(list[1].Revisions) != 2 {
		t.Errorf("%s\n%+v", again, list)
	}
	p, ok := Publish(r.inc(key))
	if digest, err := list[1].Digest(); err != nil || !ok || p.Entries[1].Revision != 2 || p.Entries[1].Digest != digest || p.Verify() != nil {
		t.Errorf("%v %+v", err, p)
	}
	p.Entries[1].Digest = p.Entries[0].Digest
	if p.Verify() == nil {
		t.Error("another document under the same entry was not noticed")
	}
	r.rules.Publisher = tocsin.Publisher{}
	r.refuses(key, ada, tocsin.Command{Do: tocsin.DoRevise, Text: "x"}, tocsin.ErrConflict, "publisher")
}

// TestUnderEmbargo: an advisory waits for the end of an embargo, however many agree.
func TestAdvisoryUnderEmbargo(t *testing.T) {
	r, key := advising(t)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: r.now.Add(5 * tocsin.Day), Reason: "no fix yet"})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoAgree})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoRevise, Text: "First published"})
	r.refuses(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"}, tocsin.ErrConflict, "under embargo")
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDisclose, Reason: "the fix is out"})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoApprove, Message: "m1"})
	if len(Revisions(r.inc(key))) != 1 {
		t.Error("it was not published")
	}
}

func TestIntervals(t *testing.T) {
	type v = tocsin.Interval
	for text, want := range map[string][]v{
		"": nil, "< 1.4.2": {{Before: "1.4.2"}}, ">= 1.0, < 1.4.2 || >=2.0 , <2.0.1": {{From: "1.0", Before: "1.4.2"}, {From: "2.0", Before: "2.0.1"}},
		"<= 3": {{Through: "3"}}, "= 1.2": {{From: "1.2", Through: "1.2"}}, "1.2": {{From: "1.2", Through: "1.2"}}, ">= 2": {{From: "2"}}, "< 2, >= 1": {{From: "1", Before: "2"}},
	} {
		if got, err := intervals(text, "npm"); err != nil || len(got) != len(want) || len(got) > 0 && got[0] != want[0] || len(got) > 1 && got[1] != want[1] {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"> 1.0": "want ranges", ">= 1 < 2": "want ranges", ">= 1, >= 2": "want ranges", "< 1, <= 2": "want ranges", "= 1, < 2": "want ranges", "|| < 2": "want ranges", ">= 2, < 1": "no version",
		">= 2, < 2": "no version", "< 1.4 || >= 1.2, < 2": "1.4 is the fix", "<= $(x)": "want ranges", ">= one": "version", strings.Repeat("< 1 ||", 30): "at most 20",
	} {
		if got, err := intervals(text, "npm"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", text, got, err, want)
		}
	}
	if _, err := intervals(">= one, < two", ""); err != nil {
		t.Errorf("versions without an order: %v", err)
	}
}
